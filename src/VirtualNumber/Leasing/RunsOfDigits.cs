using System.Text.RegularExpressions;

namespace VirtualNumber.Leasing;

/// <summary>Ids that others make up may have a telephone number in them: what may be one is hidden before it is logged.</summary>
internal static partial class RunsOfDigits
{
    /// <summary>Also as URIs may write it (RFC 3986, section 2.1).</summary>
    private const string Digit = "(?:%3[0-9]|[0-9])";

    /// <summary>No @: behind it a host's address begins, which tells apart where a call came from.</summary>
    private const string Sign = "(?:%[0-9A-Fa-f]{2}|[^0-9A-Za-z@])";

    /// <summary>The text with each run of seven or more digits hidden, also where signs part them, up to three at a place.</summary>
    public static string Hide(string text) => Run().Replace(text, match => new string('*', match.Length));

    [GeneratedRegex(Digit + "(?:" + Sign + "{0,3}" + Digit + "){6,}")]
    private static partial Regex Run();
}
