namespace VirtualNumber.Http;

/// <summary>How errors name what callers sent.</summary>
internal static class FieldNames
{
    /// <summary>What is named where all of the body is wrong.</summary>
    public const string Body = "body";

    /// <summary>What is wrong with a field that a message has not.</summary>
    public const string Unknown = "Is not known.";

    private const int LongestName = 64;
    private const int MostDigits = 4;

    /// <summary>A name that a caller made up, if it may be one: it could as well be a number that slipped to the wrong side of a colon.</summary>
    public static string Shown(string name) =>
        name.Length is >= 1 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.') && name.Count(char.IsAsciiDigit) <= MostDigits
            ? name
            : "(no name)";
}
