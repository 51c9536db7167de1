namespace VirtualNumber.Http;

/// <summary>What a request is for. It holds what was taken out of the request before anything could log it: the values of its path, and its query.</summary>
/// <param name="Endpoint">What serves it.</param>
/// <param name="ShownPath">What logs and spans show as its path: stars where there are values.</param>
/// <param name="Values">The values in its path.</param>
/// <param name="Query">Its query string, as it came.</param>
internal sealed record HttpTarget(Endpoint Endpoint, string ShownPath, IReadOnlyList<PathValue> Values, string Query);
