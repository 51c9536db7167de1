using Grpc.AspNetCore.Server;
using Grpc.Core;
using VirtualNumber.Api;
using VirtualNumber.Http;

namespace VirtualNumber.Hosting;

/// <summary>
/// Before anything of a call is read: finds it a place among those in progress or refuses it, and sees to it that it has a deadline. It
/// rests on nothing but headers and the endpoint's method, so that a refusal costs next to nothing.
/// </summary>
internal sealed partial class CallAdmission
{
    private readonly RequestDelegate _next;
    private readonly CallDeadline _callDeadline;
    private readonly CallDeadline _streamDeadline;
    private readonly StatusHeaders _overloaded = new(StatusMap.Overloaded());
    private readonly HttpRefusal _overloadedByHttp = new(StatusMap.Overloaded());
    private readonly ILogger _logger;
    private readonly Seldom _told;

    public CallAdmission(RequestDelegate next, OverloadOptions options, TimeProvider time, ILogger<CallAdmission> logger)
    {
        (_next, _logger, _told) = (next, logger, new Seldom(time));
        (_callDeadline, _streamDeadline) = (new(options.LongestCall), new(options.StreamTime));
    }

    public Task InvokeAsync(HttpContext context)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        if (metadata?.GetMetadata<HttpCallMetadata>() is { } byHttp)
            return AdmitAsync(context, ShareOf(metadata, byHttp.Name, byHttp.IsStream), byHttp.Name, byHttp.IsStream, RefuseByHttpAsync);
        return metadata?.GetMetadata<GrpcMethodMetadata>() is { Method: var method }
            ? AdmitAsync(context, ShareOf(metadata, method.FullName, method.Type != MethodType.Unary), method.FullName, method.Type != MethodType.Unary, RefuseAsync)
            : _next(context);
    }

    /// <summary>A service may have some for its streams, or for single methods, named after the one for all else; null: the call takes no place.</summary>
    private static CallShare? ShareOf(EndpointMetadataCollection metadata, string method, bool isStream)
    {
        var shares = metadata.GetOrderedMetadata<CallShare>();
        for (var i = shares.Count - 1; i >= 0; i--)
        {
            if (shares[i].IsFor(method, isStream))
                return shares[i];
        }

        return null;
    }

    private Task AdmitAsync(HttpContext context, CallShare? share, string method, bool isStream, Func<HttpResponse, Task> refuseAsync)
    {
        if (isStream)
            context.Items[CallDeadline.StreamTime] = _streamDeadline.ApplyTo(context.Request.Headers);
        else
            _callDeadline.ApplyTo(context.Request.Headers);
        // Whoever watches the instance's health must learn most of all that it is busy, so a check is never refused.
        if (share is null)
            return RunAsync(context);
        if (share.TryEnter())
            return RunAsync(context, share);
        Telemetry.RequestRefused(share.Name);
        if (_told.MayTell(out var untold))
            Log.Refused(_logger, method, share.Name, untold);
        return refuseAsync(context.Response);
    }

    private async Task RunAsync(HttpContext context, CallShare share)
    {
        Telemetry.RequestsInProgress(share.Name, 1);
        try
        {
            await RunAsync(context);
        }
        finally
        {
            share.Leave();
            Telemetry.RequestsInProgress(share.Name, -1);
        }
    }

    private async Task RunAsync(HttpContext context)
    {
        await _next(context);
        TransportRefusal.Explain(context);
    }

    private Task RefuseAsync(HttpResponse response)
    {
        response.ContentType = "application/grpc";
        _overloaded.WriteTo(response.Headers);
        return Task.CompletedTask;
    }

    private Task RefuseByHttpAsync(HttpResponse response) => _overloadedByHttp.WriteToAsync(response);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Method} was refused: too many calls of the kind {Share} are in progress. Since this was last told {Untold} others were.")]
        public static partial void Refused(ILogger logger, string method, string share, int untold);
    }
}
