using System.Text.RegularExpressions;

namespace VirtualNumber.Leasing;

/// <summary>Ids that others make up may have a telephone number in them: what may be one is hidden before it is logged.</summary>
internal static partial class RunsOfDigits
{
    /// <summary>The text with each run of seven or more digits hidden, also where signs part them as they part the groups of a number.</summary>
    public static string Hide(string text) => Run().Replace(text, match => new string('*', match.Length));

    [GeneratedRegex("[0-9](?:[-.()/_]{0,2}[0-9]){6,}")]
    private static partial Regex Run();
}
