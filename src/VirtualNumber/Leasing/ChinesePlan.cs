namespace VirtualNumber.Leasing;

/// <summary>The Chinese numbering plan, as far as this service has to tell kinds apart.</summary>
internal static class ChinesePlan
{
    /// <summary>The kind of a national significant number (no trunk prefix), or null where the plan has none such.</summary>
    internal static PhoneNumberKind? Classify(ReadOnlySpan<char> national)
    {
        switch (national.Length)
        {
            case 3 when national is "110" or "112" or "119" or "120" or "122" or "911" or "999":
                return PhoneNumberKind.Emergency;
            case >= 3 and <= 6 when national[0] == '1':
            case 5 or 6 when national.StartsWith("96"):
                return PhoneNumberKind.ShortCode;
            case >= 5 and <= 8 when national.StartsWith("95"):
                return PhoneNumberKind.Service95;
            case 15 when national.StartsWith("700"):
                return PhoneNumberKind.Protection;
            case 10 when national.StartsWith("400"):
                return PhoneNumberKind.SharedCost;
            case 10 when national.StartsWith("800"):
                return PhoneNumberKind.TollFree;
            case 11 when national[0] == '1' && national[1] is >= '3' and <= '9':
                return PhoneNumberKind.Mobile;
            default:
                return IsLandline(national) ? PhoneNumberKind.Landline : null;
        }
    }

    /// <summary>
    /// The significant number behind what is dialled inside the country, or null. Fixed lines need their trunk prefix 0 here; mobiles
    /// may carry it, since exchanges still show mobile callers from elsewhere that way.
    /// </summary>
    internal static string? FromDialled(string digits)
    {
        if (!digits.StartsWith('0'))
        {
            return Classify(digits) is null or PhoneNumberKind.Landline ? null : digits;
        }

        var national = digits[1..];
        return Classify(national) is PhoneNumberKind.Landline or PhoneNumberKind.Mobile ? national : null;
    }

    /// <summary>
    /// The significant number behind 86 without a plus, or null. Only kinds that are long enough to be meant so: 86 and five digits is
    /// rather a fixed line written without its area code.
    /// </summary>
    internal static string? FromBareCountryCode(string digits)
    {
        if (!digits.StartsWith(PhoneNumber.China, StringComparison.Ordinal))
        {
            return null;
        }

        var national = WithoutTrunkPrefix(digits[PhoneNumber.China.Length..]);
        return Classify(national) is PhoneNumberKind.Mobile or PhoneNumberKind.Landline or PhoneNumberKind.Protection
            or PhoneNumberKind.TollFree or PhoneNumberKind.SharedCost
            ? national
            : null;
    }

    /// <summary>People write +86 0571 as well as +86 571. No Chinese significant number begins with 0.</summary>
    internal static string WithoutTrunkPrefix(string national) => national.StartsWith('0') ? national[1..] : national;

    internal static bool IsPossibleLength(int digits) => digits is >= 3 and <= 15;

    private static bool IsLandline(ReadOnlySpan<char> national)
    {
        if (national.StartsWith("10") || national.StartsWith("2"))
        {
            return national.Length is 2 + 7 or 2 + 8;
        }

        // 400, 700 and 800 stand where an area code would, but are none.
        return national.Length is 3 + 7 or 3 + 8
            && national[0] is >= '3' and <= '9'
            && !national.StartsWith("400") && !national.StartsWith("700") && !national.StartsWith("800");
    }
}
