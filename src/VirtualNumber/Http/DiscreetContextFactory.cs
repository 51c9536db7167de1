using Microsoft.AspNetCore.Http.Features;

namespace VirtualNumber.Http;

/// <summary>
/// Takes the values of the path and the query out of each request before the host sees it: its logs, log scopes, spans and metrics then show its
/// values as stars, whatever an operator lets them show. A filter of logs would depend on the operator's own filters.
/// </summary>
internal sealed class DiscreetContextFactory(IServiceProvider services, HttpRoutes routes) : IHttpContextFactory
{
    /// <summary>Of two parts, as a method's: the answer is still that there is no such method.</summary>
    private const string UnknownMethod = HttpRoutes.UnknownPath + HttpRoutes.UnknownPath;

    private readonly DefaultHttpContextFactory _contexts = new(services);

    public HttpContext Create(IFeatureCollection featureCollection)
    {
        var request = featureCollection.GetRequiredFeature<IHttpRequestFeature>();
        if (!HttpProtocol.IsHttp2(request.Protocol))
            Hide(request, featureCollection);
        // The paths of gRPC are names of methods, asked for by POST and without a query: all else took the one port for the other.
        else if (!HttpMethods.IsPost(request.Method))
            Show(request, HttpRoutes.UnknownPath);
        else if (!routes.IsElsewhere(request.Path))
            Show(request, UnknownMethod);
        else if (request.QueryString.Length > 0)
            Show(request, request.Path);
        return _contexts.Create(featureCollection);
    }

    public void Dispose(HttpContext httpContext) => _contexts.Dispose(httpContext);

    private void Hide(IHttpRequestFeature request, IFeatureCollection features)
    {
        var target = routes.Find(request.Method, request.Path, request.QueryString);
        features.Set(target);
        Show(request, target?.ShownPath ?? request.Path);
    }

    private static void Show(IHttpRequestFeature request, string path) => (request.Path, request.QueryString, request.RawTarget) = (path, "", path);
}
