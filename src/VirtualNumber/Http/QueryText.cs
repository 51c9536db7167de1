namespace VirtualNumber.Http;

/// <summary>Takes a query string apart.</summary>
internal static class QueryText
{
    /// <summary>
    /// The names and values of a query, decoded. A plus sign stays one, as RFC 3986 has it: taken for a space, as forms have it, it would make another
    /// number of a telephone number that nobody encoded.
    /// </summary>
    /// <param name="query">With the question mark, or empty.</param>
    public static IEnumerable<(string Name, string Text)> Split(string query)
    {
        foreach (var pair in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            yield return equals < 0
                ? (Uri.UnescapeDataString(pair), "")
                : (Uri.UnescapeDataString(pair[..equals]), Uri.UnescapeDataString(pair[(equals + 1)..]));
        }
    }
}
