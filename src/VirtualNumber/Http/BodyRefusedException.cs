using Grpc.Core;

namespace VirtualNumber.Http;

/// <summary>A body is refused as such, with a status of HTTP that no code of gRPC has.</summary>
internal sealed class BodyRefusedException(RpcException error, int httpStatus) : Exception(error.Message, error)
{
    /// <summary>The error as gRPC tells it.</summary>
    public RpcException Error => error;

    /// <summary>The status of HTTP.</summary>
    public int HttpStatus => httpStatus;
}
