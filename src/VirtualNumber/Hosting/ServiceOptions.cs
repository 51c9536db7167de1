using VirtualNumber.Leasing;

namespace VirtualNumber.Hosting;

/// <summary>Where the service listens. Until callers are identified these must be loopback addresses.</summary>
public sealed class ListenOptions
{
    /// <summary>Address and port of gRPC (HTTP/2 without TLS, prior knowledge). Default 127.0.0.1:5080; port 0: any free one.</summary>
    public string Grpc { get; set; } = "127.0.0.1:5080";

    /// <summary>Address and port of HTTP/1.1: calls with JSON, /openapi.json, /healthz and /readyz. Default 127.0.0.1:5081; port 0: any free one.</summary>
    public string Http { get; set; } = "127.0.0.1:5081";
}

/// <summary>A tenant: a platform with pools and deliveries of its own.</summary>
public sealed class TenantOptions
{
    /// <summary>Its id; 1 to 64 ASCII letters, digits, dots, underscores and hyphens.</summary>
    public string Id { get; set; } = "";

    /// <summary>The calling code in which its numbers without a country code are read. Default 86.</summary>
    public string DefaultCountry { get; set; } = PhoneNumber.China;

    /// <summary>How long its leases live after DELIVERED, 0 to 30 days; missing: the default of the policy (7 days).</summary>
    public TimeSpan? DeliveredTerm { get; set; }

    /// <summary>How many of its leases may live at once, in all its pools together; at least 1; missing: any number.</summary>
    public int? LiveLeaseLimit { get; set; }

    /// <summary>How many of its leases may begin in a minute; at least 1; missing: any number.</summary>
    public int? LeasesPerMinuteLimit { get; set; }
}

/// <summary>A telephony gateway that may ask for routes.</summary>
public sealed class GatewayOptions
{
    /// <summary>Its id; 1 to 64 ASCII letters, digits, dots, underscores and hyphens.</summary>
    public string Id { get; set; } = "";

    /// <summary>The calling code in which the numbers it asks for are read when they carry none. Default 86.</summary>
    public string DefaultCountry { get; set; } = PhoneNumber.China;
}
