using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Grpc.AspNetCore.Server;

/// <summary>Wraps a method's handler into the server's interceptors, once; each call then only walks through.</summary>
internal sealed class InterceptorChain(IServiceProvider services, InterceptorCollection registrations)
{
    // Wrapped from the innermost outwards.
    private readonly Activator<Interceptor>[] _innermostFirst =
        [.. registrations.Reverse().Select(each => new Activator<Interceptor>(services, each.Type, [.. each.Arguments]))];

    public UnaryServerMethod<TRequest, TResponse> Unary<TRequest, TResponse>(UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        foreach (var activator in _innermostFirst)
        {
            var next = handler;
            handler = (request, context) => WithAsync(
                activator, context, interceptor => interceptor.UnaryServerHandler(request, context, next));
        }

        return handler;
    }

    public ClientStreamingServerMethod<TRequest, TResponse> ClientStreaming<TRequest, TResponse>(
        ClientStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        foreach (var activator in _innermostFirst)
        {
            var next = handler;
            handler = (requests, context) => WithAsync(
                activator, context, interceptor => interceptor.ClientStreamingServerHandler(requests, context, next));
        }

        return handler;
    }

    public ServerStreamingServerMethod<TRequest, TResponse> ServerStreaming<TRequest, TResponse>(
        ServerStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        foreach (var activator in _innermostFirst)
        {
            var next = handler;
            handler = (request, responses, context) => WithAsync(
                activator, context, Done(interceptor => interceptor.ServerStreamingServerHandler(request, responses, context, next)));
        }

        return handler;
    }

    public DuplexStreamingServerMethod<TRequest, TResponse> DuplexStreaming<TRequest, TResponse>(
        DuplexStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        foreach (var activator in _innermostFirst)
        {
            var next = handler;
            handler = (requests, responses, context) => WithAsync(
                activator, context, Done(interceptor => interceptor.DuplexStreamingServerHandler(requests, responses, context, next)));
        }

        return handler;
    }

    private static Func<Interceptor, Task<bool>> Done(Func<Interceptor, Task> intercept) => async interceptor =>
    {
        await intercept(interceptor);
        return true;
    };

    private static async Task<T> WithAsync<T>(
        Activator<Interceptor> activator, ServerCallContext context, Func<Interceptor, Task<T>> intercept)
    {
        var interceptor = activator.Get(context);
        try
        {
            return await intercept(interceptor);
        }
        finally
        {
            await activator.ReleaseAsync(interceptor);
        }
    }
}
