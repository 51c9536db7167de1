using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace VirtualNumber.Hosting;

/// <summary>Where the service listens: two ports, since Kestrel refuses HTTP/2 without TLS on a port that also speaks HTTP/1.1.</summary>
internal static class Listening
{
    /// <summary>The only ways to move an address are Listen:Grpc and Listen:Http; whatever else would open a port is refused.</summary>
    private static readonly string[] s_otherAddresses = ["urls", "http_ports", "https_ports", "Kestrel:Endpoints"];

    /// <exception cref="StartRefusedException">An address is not loopback, or is given in another way.</exception>
    public static void ListenOnLoopback(this WebApplicationBuilder builder, ListenOptions options)
    {
        if (s_otherAddresses.FirstOrDefault(key => builder.Configuration.GetSection(key).Exists()) is { } other)
            throw new StartRefusedException($"The setting {other} is not used here: set Listen:Grpc and Listen:Http to loopback addresses.");

        var grpc = LoopbackOf("Listen:Grpc", options.Grpc);
        var http = LoopbackOf("Listen:Http", options.Http);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(grpc, endpoint => endpoint.Protocols = HttpProtocols.Http2);
            kestrel.Listen(http, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        });
    }

    private static IPEndPoint LoopbackOf(string setting, string text)
    {
        if (!IPEndPoint.TryParse(text, out var address) || !text.Contains(':', StringComparison.Ordinal))
            throw new StartRefusedException($"{setting} is \"{text}\": must be an address and a port, for example 127.0.0.1:5080.");
        return IPAddress.IsLoopback(address.Address)
            ? address
            : throw new StartRefusedException(
                $"{setting} is \"{text}\": the service does not know its callers yet, so it listens on loopback only (127.0.0.1 or [::1]).");
    }
}
