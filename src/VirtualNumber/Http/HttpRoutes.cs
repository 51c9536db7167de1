using System.Collections.Frozen;
using VirtualNumber.Api;

namespace VirtualNumber.Http;

/// <summary>One way to call a method, and what serves it.</summary>
internal sealed record HttpRoute(HttpBinding Binding, Endpoint Endpoint);

/// <summary>Finds out what a request of HTTP/1.1 is for. It does not change once made.</summary>
internal sealed class HttpRoutes
{
    /// <summary>What is shown of a path that is not known: anything may be in it.</summary>
    public const string UnknownPath = "/**";

    private readonly FrozenDictionary<string, HttpRoute[]> _literal;
    private readonly HttpRoute[][] _others;
    private readonly FrozenSet<string> _elsewhere;
    private readonly Endpoint _unknown = Refusing("unknown path", new(StatusMap.PathUnknown()), allow: "");
    private readonly HttpRefusal _wrongVerb = new(StatusMap.VerbNotAllowed(), StatusCodes.Status405MethodNotAllowed);

    /// <param name="routes">What is served here.</param>
    /// <param name="elsewhere">Paths that others serve, none of which holds a value.</param>
    /// <exception cref="InvalidOperationException">Two methods have the same verb and path.</exception>
    public HttpRoutes(IReadOnlyCollection<HttpRoute> routes, IEnumerable<string> elsewhere)
    {
        if (routes.GroupBy(route => (route.Binding.Verb, route.Binding.Path.Shape)).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidOperationException($"{twice.Key.Verb} {twice.Key.Shape} is given to {string.Join(" and ", twice.Select(route => route.Binding.Method.FullName))}.");
        Routes = routes;
        var byPath = routes.GroupBy(route => route.Binding.Path.Shape).Select(group => group.ToArray()).ToLookup(group => group[0].Binding.Path.WildcardCount == 0);
        _literal = byPath[true].ToFrozenDictionary(group => group[0].Binding.Path.Text, StringComparer.Ordinal);
        _others = [.. byPath[false].OrderBy(group => group[0].Binding.Path.WildcardCount)];
        _elsewhere = elsewhere.ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>What is served here.</summary>
    public IReadOnlyCollection<HttpRoute> Routes { get; }

    /// <summary>Whether others serve a path, as gRPC does the names of methods.</summary>
    public bool IsElsewhere(string path) => _elsewhere.Contains(path);

    /// <summary>What a request is for; null: others serve its path.</summary>
    /// <param name="verb">The verb of HTTP.</param>
    /// <param name="path">Decoded but for <c>%2F</c>.</param>
    /// <param name="query">With the question mark, or empty.</param>
    public HttpTarget? Find(string verb, string path, string query)
    {
        if (IsElsewhere(path))
            return null;
        if (_literal.TryGetValue(path, out var exact))
            return Choose(exact, verb, path, query);
        return _others.FirstOrDefault(group => group[0].Binding.Path.TryMatch(path, out _)) is { } matching
            ? Choose(matching, verb, path, query)
            : new(_unknown, UnknownPath, [], "");
    }

    private HttpTarget Choose(HttpRoute[] routes, string verb, string path, string query)
    {
        if (routes.FirstOrDefault(route => route.Binding.Verb == verb) is not { } route)
            return new(WrongVerb(routes), routes[0].Binding.Path.Shape, [], "");
        return route.Binding.Path.TryMatch(path, out var values)
            ? new(route.Endpoint, route.Binding.Path.Shape, values, query)
            : throw new InvalidOperationException($"{route.Binding.Path.Text} does not match what another of its shape does.");
    }

    private Endpoint WrongVerb(HttpRoute[] routes) => Refusing(
        "wrong verb", _wrongVerb, string.Join(", ", routes.Select(route => route.Binding.Verb).Order(StringComparer.Ordinal)));

    private static Endpoint Refusing(string name, HttpRefusal refusal, string allow) => new(
        context =>
        {
            if (allow.Length > 0)
                context.Response.Headers.Allow = allow;
            return refusal.WriteToAsync(context.Response);
        },
        EndpointMetadataCollection.Empty,
        $"HTTP - {name}");
}
