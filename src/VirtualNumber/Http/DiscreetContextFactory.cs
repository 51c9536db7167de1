using Microsoft.AspNetCore.Http.Features;

namespace VirtualNumber.Http;

/// <summary>
/// Takes the values of the path and the query out of each request of HTTP/1.1 before the host sees it: its logs, log scopes, spans and metrics then
/// show its values as stars, whatever an operator lets them show. A filter of logs would depend on the operator's own filters.
/// </summary>
internal sealed class DiscreetContextFactory(IServiceProvider services, HttpRoutes routes) : IHttpContextFactory
{
    private readonly DefaultHttpContextFactory _contexts = new(services);

    public HttpContext Create(IFeatureCollection featureCollection)
    {
        var request = featureCollection.GetRequiredFeature<IHttpRequestFeature>();
        // The paths of gRPC are names of methods.
        if (!HttpProtocol.IsHttp2(request.Protocol))
            Hide(request, featureCollection);
        return _contexts.Create(featureCollection);
    }

    public void Dispose(HttpContext httpContext) => _contexts.Dispose(httpContext);

    private void Hide(IHttpRequestFeature request, IFeatureCollection features)
    {
        var target = routes.Find(request.Method, request.Path, request.QueryString);
        features.Set(target);
        if (target is not null)
            request.Path = target.ShownPath;
        request.QueryString = "";
        request.RawTarget = request.Path;
    }
}
