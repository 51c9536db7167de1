using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps gRPC services to endpoints.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>Maps each method of a service. The service comes from the container, or is made for each call.</summary>
    /// <exception cref="InvalidOperationException">
    /// <c>AddGrpc</c> was not called, or the type is not derived from a generated service base.
    /// </exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.ServiceProvider;
        var marker = services.GetService<GrpcMarker>() ?? throw new InvalidOperationException(
            "Unable to find the required services. Please add all the required services by calling 'IServiceCollection.AddGrpc'.");
        var options = services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        var methodOptions = new MethodOptions(options, services.GetService<TimeProvider>() ?? TimeProvider.System);
        var binder = new EndpointBinder<TService>(builder, methodOptions, new InterceptorChain(services, options.Interceptors));
        var bind = FindBindMethod(typeof(TService));
        bind.Invoke(null, [binder, null]);

        foreach (var service in binder.ServiceNames)
            MapUnimplemented(builder, $"/{service}/{{method}}", "Method is unimplemented.");
        if (marker.ShouldMapUnimplemented())
            MapUnimplemented(builder, "/{service}/{method}", "Service is unimplemented.");
        return new GrpcServiceEndpointConventionBuilder(binder.Endpoints);
    }

    private static MethodInfo FindBindMethod(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } attribute)
                continue;
            return attribute.BindType.GetMethod(
                    attribute.BindMethodName,
                    BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static,
                    [typeof(ServiceBinderBase), type])
                ?? throw new InvalidOperationException($"{attribute.BindType} has no method {attribute.BindMethodName} for {type}.");
        }

        throw new InvalidOperationException($"Error binding gRPC service '{service.Name}': it is not derived from a generated base.");
    }

    /// <summary>Answers gRPC calls of methods that nobody serves; other requests do not match.</summary>
    private static void MapUnimplemented(IEndpointRouteBuilder builder, string pattern, string detail)
    {
        var logger = builder.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger("Grpc.AspNetCore.Server");
        var onlyGrpc = new RouteValueDictionary { ["method"] = new OnlyGrpc() };
        // With the verb in the constraint instead, GET of a method that is served would become 404 where 405 is due.
        var endpoint = builder.MapMethods(pattern, [HttpMethods.Post], httpContext =>
        {
            Log.Unimplemented(logger);
            GrpcProtocol.AnswerTrailersOnly(httpContext.Response, StatusCode.Unimplemented, detail);
            return Task.CompletedTask;
        });
        endpoint.Add(conventions =>
        {
            var route = (RouteEndpointBuilder)conventions;
            route.DisplayName = $"gRPC - {detail}";
            route.RoutePattern = RoutePatternFactory.Parse(pattern, defaults: null, parameterPolicies: onlyGrpc);
            route.Order = int.MaxValue;
        });
    }

    private sealed class OnlyGrpc : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            httpContext is not null && GrpcProtocol.IsGrpc(httpContext.Request.ContentType);
    }
}
