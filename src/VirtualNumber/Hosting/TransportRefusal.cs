using Microsoft.AspNetCore.Http.Features;
using VirtualNumber.Api;

namespace VirtualNumber.Hosting;

/// <summary>
/// Gives a reason to what the gRPC server refuses before it comes to a handler. By itself it answers a request that is too large with a bare
/// RESOURCE_EXHAUSTED, and one that is no message with INTERNAL or UNKNOWN: codes that wake an operator, though the caller is at fault.
/// </summary>
internal static class TransportRefusal
{
    /// <summary>Where the details of a status are.</summary>
    public const string Details = "grpc-status-details-bin";

    private const string Unknown = "2";
    private const string Exhausted = "8";
    private const string Internal = "13";

    private static readonly StatusHeaders s_tooLarge = new(StatusMap.MessageTooLarge());
    private static readonly StatusHeaders s_malformed = new(StatusMap.MessageMalformed());

    /// <summary>Looks at an answer that is about to go out. One of the service's own has its details already, and a bug keeps its code.</summary>
    public static void Explain(HttpContext context)
    {
        if (context.Response.HasStarted)
            ExplainIn(context, context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers);
        else
            ExplainIn(context, context.Response.Headers);
    }

    private static void ExplainIn(HttpContext context, IHeaderDictionary? headers)
    {
        if (headers is not { IsReadOnly: false } || headers.GrpcStatus is not [var code] || headers.ContainsKey(Details))
            return;
        if (code == Exhausted)
            s_tooLarge.WriteTo(headers);
        else if (code is Unknown or Internal && !context.Items.ContainsKey(FaultInterceptor.Unexpected))
            s_malformed.WriteTo(headers);
    }
}
