using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>One request, one response.</summary>
internal sealed class UnaryHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodOptions options, ILogger logger, UnaryServerMethod<TRequest, TResponse> invoke)
    : CallHandler<TRequest, TResponse>(method, options, logger)
    where TRequest : class
    where TResponse : class
{
    /// <summary>All in one state machine, since this is the path that most calls take.</summary>
    protected override async Task RunAsync(ServerCall call)
    {
        var reader = call.HttpContext.Request.BodyReader;
        TRequest? request = null;
        while (!call.TryReadOnly(reader, await reader.ReadAsync(), Deserializer, ref request))
        {
        }

        call.IsReading = false;
        WriteOnly(call, await invoke(request!, call));
    }
}

/// <summary>Many requests, one response.</summary>
internal sealed class ClientStreamingHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodOptions options, ILogger logger, ClientStreamingServerMethod<TRequest, TResponse> invoke)
    : CallHandler<TRequest, TResponse>(method, options, logger)
    where TRequest : class
    where TResponse : class
{
    protected override async Task RunAsync(ServerCall call)
    {
        LiftLimitsOnRequestBody(call);
        call.IsReading = false;
        WriteOnly(call, await invoke(new RequestStream<TRequest>(call, Deserializer), call));
    }
}

/// <summary>One request, many responses.</summary>
internal sealed class ServerStreamingHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodOptions options, ILogger logger, ServerStreamingServerMethod<TRequest, TResponse> invoke)
    : CallHandler<TRequest, TResponse>(method, options, logger)
    where TRequest : class
    where TResponse : class
{
    protected override async Task RunAsync(ServerCall call)
    {
        var request = await ReadOnlyAsync(call);
        call.IsReading = false;
        await invoke(request, new ResponseStream<TResponse>(call, Serializer), call);
    }
}

/// <summary>Many requests, many responses.</summary>
internal sealed class DuplexStreamingHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodOptions options, ILogger logger, DuplexStreamingServerMethod<TRequest, TResponse> invoke)
    : CallHandler<TRequest, TResponse>(method, options, logger)
    where TRequest : class
    where TResponse : class
{
    protected override Task RunAsync(ServerCall call)
    {
        LiftLimitsOnRequestBody(call);
        call.IsReading = false;
        return invoke(new RequestStream<TRequest>(call, Deserializer), new ResponseStream<TResponse>(call, Serializer), call);
    }
}
