using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Serves the calls of one method: admits the request, lets the kind of method run it, answers with its status.</summary>
internal abstract class CallHandler<TRequest, TResponse>(Method<TRequest, TResponse> method, MethodOptions options, ILogger logger)
    where TRequest : class
    where TResponse : class
{
    protected Func<DeserializationContext, TRequest> Deserializer { get; } = method.RequestMarshaller.ContextualDeserializer;

    protected Action<TResponse, SerializationContext> Serializer { get; } = method.ResponseMarshaller.ContextualSerializer;

    public Task HandleAsync(HttpContext httpContext)
    {
        if (!GrpcProtocol.Admit(httpContext, logger))
            return Task.CompletedTask;
        return RunToEndAsync(new ServerCall(httpContext, options, logger));
    }

    /// <summary>Reads, calls the handler and writes; what it throws becomes the call's status.</summary>
    protected abstract Task RunAsync(ServerCall call);

    protected async ValueTask<TRequest> ReadOnlyAsync(ServerCall call)
    {
        var reader = call.HttpContext.Request.BodyReader;
        TRequest? request = null;
        while (!call.TryReadOnly(reader, await reader.ReadAsync(), Deserializer, ref request))
        {
        }

        return request!;
    }

    /// <summary>
    /// A stream of requests may last for days and pause for hours; Kestrel's limits are made for uploads. Its messages have
    /// a limit of their own.
    /// </summary>
    protected static void LiftLimitsOnRequestBody(ServerCall call)
    {
        var features = call.HttpContext.Features;
        if (features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
    }

    protected void WriteOnly(ServerCall call, TResponse? response)
    {
        if (response is null)
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        // Too late, the client has its answer: a handler that overran and then returned has done nothing wrong.
        if (!call.TryBeginWrite())
            return;
        try
        {
            call.Write(response, Serializer);
        }
        finally
        {
            call.EndWrite();
        }
    }

    private async Task RunToEndAsync(ServerCall call)
    {
        try
        {
            call.Start();
            await RunAsync(call);
        }
#pragma warning disable CA1031 // Whatever a handler throws becomes a status.
        catch (Exception exception)
        {
            call.Fail(exception);
        }

        await call.EndAsync();
    }
}
