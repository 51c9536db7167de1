using Google.Api;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Routing.Patterns;

namespace VirtualNumber.Http;

/// <summary>A service behind the door, and what its calls take of the instance.</summary>
/// <param name="Descriptor">The service.</param>
/// <param name="Bind">Tells a binder about its methods and their handlers.</param>
/// <param name="Metadata">What the endpoints of its methods carry.</param>
internal sealed record HttpService(Google.Protobuf.Reflection.ServiceDescriptor Descriptor, Action<ServiceBinderBase> Bind, params object[] Metadata);

/// <summary>What <c>CallAdmission</c> goes by: a call of a method by HTTP.</summary>
/// <param name="Name">The method's path on the wire of gRPC.</param>
/// <param name="IsStream">Whether it answers with a stream.</param>
internal sealed record HttpCallMetadata(string Name, bool IsStream);

/// <summary>Puts the parts of the door together: each annotated method of some services becomes an endpoint of HTTP/1.1.</summary>
internal static partial class HttpDoor
{
    public static HttpRoutes Open(
        IReadOnlyList<HttpService> services, IEnumerable<string> elsewhere, HttpJsonOptions options, Interceptor interceptor, TimeProvider time, ILoggerFactory loggers)
    {
        var methods = new MethodCollector(interceptor);
        var routes = new List<HttpRoute>();
        foreach (var service in services)
        {
            service.Bind(methods);
            routes.AddRange(BindingsOf(service.Descriptor, options).Select(binding => new HttpRoute(binding, EndpointOf(
                binding, new Transcoder(binding, methods, time, loggers.CreateLogger<Transcoder>()), service.Metadata))));
        }

        if (options.ResolveByGet)
            Log.ResolveByGet(loggers.CreateLogger(typeof(HttpDoor).FullName!));
        return new HttpRoutes(routes, elsewhere);
    }

    /// <summary>Leads each request to what it is for. Before routing, which then has nothing to look for.</summary>
    public static void UseHttpRoutes(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Features.Get<HttpTarget>() is { } target)
            context.SetEndpoint(target.Endpoint);
        return next(context);
    });

    /// <summary>What the protos say, and the GET form of Resolve, which is not in them: it is there only where it was asked for.</summary>
    private static IEnumerable<HttpBinding> BindingsOf(Google.Protobuf.Reflection.ServiceDescriptor service, HttpJsonOptions options) =>
        HttpBinding.Of(service).SelectMany(binding => options.ResolveByGet && binding.Method.Name == nameof(V1.RoutingService.RoutingServiceBase.Resolve)
            ? HttpBinding.Of(binding.Method, new HttpRule { Get = binding.Path.Text }).Prepend(binding)
            : [binding]);

    private static RouteEndpoint EndpointOf(HttpBinding binding, Transcoder transcoder, object[] metadata) => new(
        transcoder.HandleAsync,
        // Nothing is matched by it: it is what spans and metrics show as the route.
        RoutePatternFactory.Pattern(binding.Path.Text),
        order: 0,
        new EndpointMetadataCollection([new HttpCallMetadata(binding.MethodPath, binding.IsStream), .. metadata]),
        $"HTTP - {binding.Verb} {binding.Path.Text}");

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "HttpJson:ResolveByGet is on: telephone numbers are in URLs, which end in the logs of proxies. Use POST where the gateway can.")]
        public static partial void ResolveByGet(ILogger logger);
    }
}
