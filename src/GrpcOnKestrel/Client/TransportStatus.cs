using System.Net;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>
/// Statuses for calls that got none from a gRPC server: the tables of PROTOCOL-HTTP2.md and http-grpc-status-mapping.md.
/// </summary>
internal static class TransportStatus
{
    public static Status Of(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException protocol)
                return new Status(OfHttp2Error(protocol.ErrorCode), $"The stream was reset: {protocol.Message}", exception);
        }

        return exception switch
        {
            HttpRequestException => new Status(StatusCode.Unavailable, $"Error starting gRPC call. {exception.Message}", exception),
            IOException => new Status(StatusCode.Unavailable, $"Error reading the response. {exception.Message}", exception),
            _ => new Status(StatusCode.Internal, $"{exception.GetType().Name}: {exception.Message}", exception),
        };
    }

    public static Status Of(HttpStatusCode httpStatus)
    {
        var code = (int)httpStatus switch
        {
            400 => StatusCode.Internal,
            401 => StatusCode.Unauthenticated,
            403 => StatusCode.PermissionDenied,
            404 => StatusCode.Unimplemented,
            429 or 502 or 503 or 504 => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        };
        return new Status(code, $"Bad gRPC response. HTTP status code: {(int)httpStatus}");
    }

    private static StatusCode OfHttp2Error(long error) => error switch
    {
        0x7 => StatusCode.Unavailable,
        0x8 => StatusCode.Cancelled,
        0xB => StatusCode.ResourceExhausted,
        0xC => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };
}
