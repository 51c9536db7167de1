using System.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Makes an endpoint of each method that the generated code tells about. All reflection happens here, once.</summary>
internal sealed class EndpointBinder<TService>(IEndpointRouteBuilder builder, MethodOptions options, InterceptorChain interceptors)
    : ServiceBinderBase
    where TService : class
{
    private readonly Activator<TService> _activator = new(builder.ServiceProvider, typeof(TService));

    private readonly ILoggerFactory _loggers = builder.ServiceProvider.GetRequiredService<ILoggerFactory>();

    public List<IEndpointConventionBuilder> Endpoints { get; } = [];

    public HashSet<string> ServiceNames { get; } = [];

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method, typeof(TRequest), typeof(ServerCallContext));
        var invoke = interceptors.Unary<TRequest, TResponse>(async (request, context) =>
        {
            var service = _activator.Get(context.GetHttpContext().RequestServices);
            try
            {
                return await open(service, request, context);
            }
            finally
            {
                await _activator.ReleaseAsync(service);
            }
        });
        Map(method, new UnaryHandler<TRequest, TResponse>(method, options, Logger(), invoke).HandleAsync);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        var invoke = interceptors.ClientStreaming<TRequest, TResponse>(async (requests, context) =>
        {
            var service = _activator.Get(context.GetHttpContext().RequestServices);
            try
            {
                return await open(service, requests, context);
            }
            finally
            {
                await _activator.ReleaseAsync(service);
            }
        });
        Map(method, new ClientStreamingHandler<TRequest, TResponse>(method, options, Logger(), invoke).HandleAsync);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        var invoke = interceptors.ServerStreaming<TRequest, TResponse>(async (request, responses, context) =>
        {
            var service = _activator.Get(context.GetHttpContext().RequestServices);
            try
            {
                await open(service, request, responses, context);
            }
            finally
            {
                await _activator.ReleaseAsync(service);
            }
        });
        Map(method, new ServerStreamingHandler<TRequest, TResponse>(method, options, Logger(), invoke).HandleAsync);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        var invoke = interceptors.DuplexStreaming<TRequest, TResponse>(async (requests, responses, context) =>
        {
            var service = _activator.Get(context.GetHttpContext().RequestServices);
            try
            {
                await open(service, requests, responses, context);
            }
            finally
            {
                await _activator.ReleaseAsync(service);
            }
        });
        Map(method, new DuplexStreamingHandler<TRequest, TResponse>(method, options, Logger(), invoke).HandleAsync);
    }

    private static TDelegate Open<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate =>
        typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.Instance, parameters)?.CreateDelegate<TDelegate>()
        ?? throw new InvalidOperationException($"Could not find '{method.Name}' on {typeof(TService)}.");

    private ILogger Logger() => _loggers.CreateLogger($"Grpc.AspNetCore.Server.{typeof(TService).Name}");

    private void Map(IMethod method, RequestDelegate handle)
    {
        ServiceNames.Add(method.ServiceName);
        var endpoint = builder.MapMethods(method.FullName, [HttpMethods.Post], handle);
        endpoint.Add(conventions =>
        {
            conventions.DisplayName = $"gRPC - {method.FullName}";
            conventions.Metadata.Add(new GrpcMethodMetadata(typeof(TService), method));
        });
        Endpoints.Add(endpoint);
    }
}
