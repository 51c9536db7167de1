using System.Text.RegularExpressions;

namespace VirtualNumber.Leasing;

/// <summary>Ids that others make up may have a telephone number in them: what may be one is hidden before it is logged.</summary>
internal static partial class RunsOfDigits
{
    /// <summary>
    /// The text with each run of seven or more digits hidden, also where signs part them, up to three at a place: digits as they are written, and as
    /// URIs may mean them (RFC 3986, section 2.1). Read both ways, and apart: a pattern that may take <c>%3A</c> for a sign or for a 3 stops at its A.
    /// </summary>
    public static string Hide(string text)
    {
        var shown = text.ToCharArray();
        foreach (var run in Written().EnumerateMatches(text))
            shown.AsSpan(run.Index, run.Length).Fill('*');
        foreach (var run in Meant().EnumerateMatches(text))
            shown.AsSpan(run.Index, run.Length).Fill('*');
        return new string(shown);
    }

    // No @ among the signs: behind it a host's address begins, which tells apart where a call came from.
    [GeneratedRegex("[0-9](?:[^0-9A-Za-z@]{0,3}[0-9]){6,}")]
    private static partial Regex Written();

    [GeneratedRegex("(?:%3[0-9]|[0-9])(?:(?:%(?!3[0-9])[0-9A-Fa-f]{2}|(?!%[0-9A-Fa-f]{2})[^0-9A-Za-z@]){0,3}(?:%3[0-9]|[0-9])){6,}")]
    private static partial Regex Meant();
}
