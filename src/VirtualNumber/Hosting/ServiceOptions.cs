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
    private const int LongestAnnouncement = 64;

    private NumberScope? _scope;

    /// <summary>Its id; 1 to 64 ASCII letters, digits, dots, underscores and hyphens.</summary>
    public string Id { get; set; } = "";

    /// <summary>The calling code in which the numbers it asks for are read when they carry none. Default 86.</summary>
    public string DefaultCountry { get; set; } = PhoneNumber.China;

    /// <summary>How the numbers are written that it is to call and to show. Default <see cref="NumberForm.E164"/>.</summary>
    public NumberForm NumberForm { get; set; } = NumberForm.E164;

    /// <summary>After how long it is to hang up, 1 s to 24 hours; given and empty: never. Default 1 hour.</summary>
    public TimeSpan? LongestCall { get; set; } = TimeSpan.FromHours(1);

    /// <summary>What the caller hears before he is connected: a code of the gateway's own, up to 64 visible ASCII characters; empty: nothing.</summary>
    public string CallerAnnouncement { get; set; } = "";

    /// <summary>What the called party hears on answering; as <see cref="CallerAnnouncement"/>.</summary>
    public string CalledAnnouncement { get; set; } = "";

    /// <summary>Whether it is to record calls. Default: no. Both parties have to be told, by the announcements say.</summary>
    public bool RecordCalls { get; set; }

    /// <summary>
    /// The virtual numbers that it has, by how they begin: country code, colon, digits without a trunk 0, as in <c>86:170</c> or
    /// <c>86:70012345678</c>; at most 200. A question for any other is refused like one for a number that is in no pool.
    /// Default: none. When <see cref="Pools"/> has none either, it has all.
    /// </summary>
    public IList<string> Numbers { get; } = [];

    /// <summary>Pools whose numbers it has too, by tenant and id, as in <c>demo/parcels</c>; at most 200. Default: none.</summary>
    public IList<string> Pools { get; } = [];

    /// <summary><see cref="Numbers"/> and <see cref="Pools"/>, as they were when it was first asked for.</summary>
    internal NumberScope Scope => _scope ??= new NumberScope([.. Numbers], [.. Pools]);

    /// <summary>What is wrong with them, one sentence each.</summary>
    internal IEnumerable<string> Validate()
    {
        if (!Enum.IsDefined(NumberForm))
            yield return $"{nameof(NumberForm)} of {Id} must be E164, National or TelUri.";
        if (LongestCall < TimeSpan.FromSeconds(1) || LongestCall > TimeSpan.FromDays(1))
            yield return $"{nameof(LongestCall)} of {Id} must be 1 s to 24 hours, or empty.";
        foreach (var (name, code) in new[] { (nameof(CallerAnnouncement), CallerAnnouncement), (nameof(CalledAnnouncement), CalledAnnouncement) })
        {
            if (code is null || code.Length > LongestAnnouncement || !code.All(c => c is > ' ' and <= '~'))
                yield return $"{name} of {Id} must be at most {LongestAnnouncement} visible ASCII characters.";
        }

        foreach (var prefix in Numbers.Where(prefix => !NumberScope.IsPrefix(prefix)))
            yield return $"{nameof(Numbers)} of {Id}: {prefix} is no country code, colon and leading digits, as in 86:170.";
        foreach (var pool in Pools.Where(pool => !NumberScope.IsPool(pool)))
            yield return $"{nameof(Pools)} of {Id}: {pool} is no tenant, slash and pool, as in demo/parcels.";
        if (Numbers.Count > NumberScope.MostEntries || Pools.Count > NumberScope.MostEntries)
            yield return $"{nameof(Numbers)} and {nameof(Pools)} of {Id} must have at most {NumberScope.MostEntries} entries each.";
    }
}

/// <summary>How a number is written for a gateway.</summary>
public enum NumberForm
{
    /// <summary>With a plus and the country code (E.164); as dialled inside its country where no such form exists.</summary>
    E164,

    /// <summary>As dialled inside its country where that is the gateway's own; else as <see cref="E164"/>.</summary>
    National,

    /// <summary>As a tel: URI (RFC 3966).</summary>
    TelUri,
}
