using System.IO.Compression;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server;

/// <summary>The options as the calls need them, worked out once.</summary>
internal sealed class MethodOptions(GrpcServiceOptions options, TimeProvider timeProvider)
{
    public int MaxSendLength { get; } = options.MaxSendMessageSize ?? int.MaxValue;

    public int MaxReceiveLength { get; } = options.MaxReceiveMessageSize ?? int.MaxValue;

    public bool DetailedErrors { get; } = options.EnableDetailedErrors ?? false;

    public bool CompressResponses { get; } = options.ResponseCompressionAlgorithm switch
    {
        null or Compression.Identity => false,
        Compression.Gzip => true,
        var other => throw new InvalidOperationException($"The configured response compression algorithm '{other}' is not supported."),
    };

    public CompressionLevel CompressionLevel { get; } = options.ResponseCompressionLevel ?? CompressionLevel.Fastest;

    public TimeProvider TimeProvider { get; } = timeProvider;
}
