using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Options of a channel.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>What secures the channel; null, the default, goes by the address: http or https.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>The largest message that may be sent, in bytes; null, the default, for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The largest message that may be received, in bytes, after decompression; 4 MiB by default, null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>The client to call through; not together with <see cref="HttpHandler"/>. Its own time-out applies.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>The handler to call through; null, the default, for one of the channel's own.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel disposes of the given client or handler; no by default. Its own it always disposes of.</summary>
    public bool DisposeHttpClient { get; set; }
}
