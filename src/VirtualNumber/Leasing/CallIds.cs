using System.Text.RegularExpressions;

namespace VirtualNumber.Leasing;

/// <summary>Call ids as gateways make them.</summary>
public static partial class CallIds
{
    /// <summary>Many a telephone makes its call ids of its own number: each run of digits that may be one is hidden.</summary>
    public static string WithoutNumbers(string callId) => NumberInCallId().Replace(callId, match => new string('*', match.Length));

    [GeneratedRegex("[0-9]{7,}")]
    private static partial Regex NumberInCallId();
}
