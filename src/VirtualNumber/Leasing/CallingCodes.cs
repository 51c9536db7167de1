using System.Collections.Frozen;

namespace VirtualNumber.Leasing;

/// <summary>The country and service codes that ITU-T has assigned under E.164, and what little is needed to know about them.</summary>
internal static class CallingCodes
{
    /// <summary>
    /// List of ITU-T Recommendation E.164 assigned country codes, as ranges. 888 is listed although it was given back; 999 is not
    /// assigned to anybody and stands for made-up numbers.
    /// </summary>
    private const string Assigned =
        "1 7 20 27 30-34 36 39-41 43-49 51-58 60-66 81-82 84 86 90-95 98 "
        + "211-213 216 218 220-258 260-269 290-291 297-299 350-359 370-383 385-387 389 420-421 423 "
        + "500-509 590-599 670 672-683 685-692 800 808 850 852-853 855-856 870 878 880-883 886 888 "
        + "960-968 970-977 979 992-996 998 999";

    /// <summary>Where a leading 0 belongs to the number: Ivory Coast, Gabon, Congo, Italy, San Marino, Vatican.</summary>
    private static readonly FrozenSet<string> s_keepsLeadingZero = FrozenSet.Create("225", "241", "242", "39", "378", "379");

    private static readonly FrozenSet<string> s_assigned = Expand().ToFrozenSet();

    internal static bool IsAssigned(string code) => s_assigned.Contains(code);

    internal static bool KeepsLeadingZero(string code) => s_keepsLeadingZero.Contains(code);

    /// <summary>The country code that the digits begin with. No code is the beginning of another, so there is at most one.</summary>
    internal static string? Match(string digits)
    {
        for (var length = 1; length <= Math.Min(3, digits.Length); length++)
        {
            if (s_assigned.TryGetValue(digits[..length], out var code))
            {
                return code;
            }
        }

        return null;
    }

    /// <summary>Codes that serve a purpose instead of a country (ITU-T E.164, global services and networks).</summary>
    internal static PhoneNumberKind KindOf(string code, string national) => code switch
    {
        "800" => PhoneNumberKind.TollFree,
        "808" => PhoneNumberKind.SharedCost,
        "979" => PhoneNumberKind.PremiumRate,
        "870" or "881" => PhoneNumberKind.Satellite,
        "882" when national.StartsWith("16", StringComparison.Ordinal) => PhoneNumberKind.Satellite,
        _ => PhoneNumberKind.Other,
    };

    private static IEnumerable<string> Expand()
    {
        foreach (var range in Assigned.Split(' '))
        {
            var ends = range.Split('-');
            for (var code = int.Parse(ends[0]); code <= int.Parse(ends[^1]); code++)
            {
                yield return code.ToString();
            }
        }
    }
}
