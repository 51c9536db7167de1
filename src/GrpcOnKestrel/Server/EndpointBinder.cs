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

    private readonly ILogger _logger = builder.ServiceProvider.GetRequiredService<ILoggerFactory>()
        .CreateLogger($"Grpc.AspNetCore.Server.{typeof(TService).Name}");

    public List<IEndpointConventionBuilder> Endpoints { get; } = [];

    public HashSet<string> ServiceNames { get; } = [];

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method, typeof(TRequest), typeof(ServerCallContext));
        var invoke = interceptors.Unary<TRequest, TResponse>((request, context) =>
            // The usual service holds nothing: without a closure and a state machine its calls cost less.
            _activator.MustRelease ? ReleaseAfterAsync(open, request, context) : open(_activator.Get(context), request, context));
        Map(method, new UnaryHandler<TRequest, TResponse>(method, options, _logger, invoke).HandleAsync);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        var invoke = interceptors.ClientStreaming<TRequest, TResponse>((requests, context) =>
        {
            var service = _activator.Get(context);
            return ReleasingAsync(service, () => open(service, requests, context));
        });
        Map(method, new ClientStreamingHandler<TRequest, TResponse>(method, options, _logger, invoke).HandleAsync);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        var invoke = interceptors.ServerStreaming<TRequest, TResponse>((request, responses, context) =>
        {
            var service = _activator.Get(context);
            return ReleasingAsync(service, () => open(service, request, responses, context));
        });
        Map(method, new ServerStreamingHandler<TRequest, TResponse>(method, options, _logger, invoke).HandleAsync);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        var invoke = interceptors.DuplexStreaming<TRequest, TResponse>((requests, responses, context) =>
        {
            var service = _activator.Get(context);
            return ReleasingAsync(service, () => open(service, requests, responses, context));
        });
        Map(method, new DuplexStreamingHandler<TRequest, TResponse>(method, options, _logger, invoke).HandleAsync);
    }

    private static TDelegate Open<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate =>
        typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.Instance, parameters)?.CreateDelegate<TDelegate>()
        ?? throw new InvalidOperationException($"Could not find '{method.Name}' on {typeof(TService)}.");

    private Task<TResponse> ReleaseAfterAsync<TRequest, TResponse>(
        Func<TService, TRequest, ServerCallContext, Task<TResponse>> open, TRequest request, ServerCallContext context)
    {
        var service = _activator.Get(context);
        return ReleasingAsync(service, () => open(service, request, context));
    }

    private async Task<T> ReleasingAsync<T>(TService service, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        finally
        {
            await _activator.ReleaseAsync(service);
        }
    }

    private async Task ReleasingAsync(TService service, Func<Task> call)
    {
        try
        {
            await call();
        }
        finally
        {
            await _activator.ReleaseAsync(service);
        }
    }

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
