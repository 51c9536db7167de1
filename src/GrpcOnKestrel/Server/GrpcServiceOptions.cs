using System.IO.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>Options for all gRPC services of a server.</summary>
public class GrpcServiceOptions
{
    /// <summary>The largest message that may be sent, in bytes; null, the default, for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The largest message that may be received, in bytes, after decompression; 4 MiB by default, null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Whether clients are told the text of unexpected exceptions; null, the default, means no.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary>The encoding of responses to clients that accept it: <c>gzip</c>; null, the default, for none.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>How hard responses are compressed; null, the default, means fastest.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>Interceptors of all calls, the first one outermost.</summary>
    public InterceptorCollection Interceptors { get; } = [];
}
