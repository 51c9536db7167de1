using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace VirtualNumber.Hosting;

/// <summary>
/// Kestrel's limits, each set on purpose: callers are servers on a good network, so who is slow or silent is broken or hostile, and what
/// one of them holds must not be missing to the others.
/// </summary>
internal static class TransportLimits
{
    private const int Kibi = 1024;

    public static void LimitTransport(this WebApplicationBuilder builder, OverloadOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel => Set(kestrel.Limits, options));
        // It writes a critical entry with a stack for every further frame of a client that begins calls and takes them back, thousands a second:
        // the log would be the way to bring the instance down. Kestrel's meters count such connections.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.None);
        // A request line that cannot be read is quoted there, and with it the telephone number that somebody forgot to encode.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.None);
    }

    private static void Set(KestrelServerLimits limits, OverloadOptions options)
    {
        // Counted for each port, so nobody who fills the one for calls keeps a probe from asking for readiness.
        limits.MaxConcurrentConnections = options.Connections;
        // A connection without a call for so long is closed; a channel opens another by itself, with its next call.
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        // Headers come in one packet or two. Also for HTTP/2, from the first frame of a call's headers to their end.
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        // A client sends ten headers; tracing and credentials add some, of a few hundred bytes. gRPC clients themselves take no more than 8 KiB.
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestHeadersTotalSize = 16 * Kibi;
        limits.MaxRequestLineSize = 8 * Kibi;
        // The gRPC server refuses messages over 4 MiB with a reason; this is for what is no message, and so it is out of that one's way.
        limits.MaxRequestBodySize = 8 * Kibi * Kibi;
        // 4 MiB at this rate would take an hour: the deadline is earlier. It ends connections on which nothing comes any more.
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: Kibi, gracePeriod: TimeSpan.FromSeconds(5));
        // Half a megabyte, a full page of leases, is held for half a minute at most for a caller who does not read it.
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 16 * Kibi, gracePeriod: TimeSpan.FromSeconds(5));
        // Beyond this a writer waits for its reader.
        limits.MaxResponseBufferSize = 64 * Kibi;

        // One connection takes a part of the calls in progress, not all of them; clients queue what is more, or open another.
        limits.Http2.MaxStreamsPerConnection = 100;
        // What a connection may make this process keep before anybody has read it. A message as they usually are is far smaller than either.
        limits.Http2.InitialStreamWindowSize = 256 * Kibi;
        limits.Http2.InitialConnectionWindowSize = 1024 * Kibi;
        limits.Http2.MaxFrameSize = 16 * Kibi;
        limits.Http2.HeaderTableSize = 4 * Kibi;
        limits.Http2.MaxRequestHeaderFieldSize = 8 * Kibi;
        // A peer that was cut off says nothing: its watches and calls would stay until their deadline, its connection for ever.
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }
}
