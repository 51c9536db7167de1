using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Which HTTP requests are gRPC calls at all.</summary>
internal static class GrpcProtocol
{
    public const string ContentType = "application/grpc";

    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');

    /// <summary>True for a call; else the request has been refused.</summary>
    public static bool Admit(HttpContext httpContext, ILogger logger)
    {
        var request = httpContext.Request;
        if (!IsGrpc(request.ContentType))
        {
            Refuse(httpContext, logger, StatusCodes.Status415UnsupportedMediaType, "Content-Type is missing or is not gRPC.");
            return false;
        }

        if (!ReferenceEquals(request.Protocol, HttpProtocol.Http2) && !HttpProtocol.IsHttp2(request.Protocol))
        {
            Refuse(httpContext, logger, StatusCodes.Status426UpgradeRequired, $"Request protocol '{request.Protocol}' is not supported.");
            httpContext.Response.Headers.Upgrade = HttpProtocol.Http2;
            return false;
        }

        return true;
    }

    /// <summary>Answers a call with a status and nothing else.</summary>
    public static void AnswerTrailersOnly(HttpResponse response, StatusCode code, string detail)
    {
        response.ContentType = ContentType;
        response.Headers.GrpcStatus = StatusText.ToText(code);
        response.Headers.GrpcMessage = StatusText.Encode(detail);
    }

    private static void Refuse(HttpContext httpContext, ILogger logger, int httpStatus, string reason)
    {
        Log.RequestRefused(logger, httpStatus, reason);
        httpContext.Response.StatusCode = httpStatus;
        httpContext.Response.Headers.GrpcStatus = StatusText.ToText(StatusCode.Internal);
        httpContext.Response.Headers.GrpcMessage = StatusText.Encode(reason);
    }
}
