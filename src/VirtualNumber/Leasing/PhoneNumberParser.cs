namespace VirtualNumber.Leasing;

/// <summary>From the parts of a written number to a number of a country.</summary>
internal static class PhoneNumberParser
{
    /// <summary>A national number of at least this many digits can stand in front of a printed extension.</summary>
    private const int ShortestPrinted = 7;

    internal static PhoneNumberFault Parse(string? text, string defaultCountry, out PhoneNumber? number, out string? extension)
    {
        number = null;
        extension = null;
        if (string.IsNullOrEmpty(text))
        {
            return PhoneNumberFault.Empty;
        }

        if (text.Length > PhoneNumber.LongestText)
        {
            return PhoneNumberFault.TooLong;
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            return PhoneNumberFault.Empty;
        }

        if (PhoneNumberText.Split(text) is not { } parts)
        {
            return PhoneNumberFault.InvalidCharacter;
        }

        var country = parts.Context is null ? defaultCountry : CountryOfContext(parts.Context);
        if (parts.Extension is null)
        {
            return ReadHyphenated(parts.Subscriber, country, out number, out extension);
        }

        extension = parts.Extension;
        var fault = Read(parts.Subscriber, country, out number);
        return fault == PhoneNumberFault.None && !DialledNumber.IsExtension(extension) ? PhoneNumberFault.BadExtension : fault;
    }

    /// <summary>Decides whether the last group after a hyphen is an extension. The rule is told at TryParseDialled.</summary>
    private static PhoneNumberFault ReadHyphenated(string text, string? country, out PhoneNumber? number, out string? extension)
    {
        extension = null;
        var fault = Read(text, country, out number);
        var hyphen = text.LastIndexOf('-');
        if (hyphen < 0 || Read(text[..hyphen].TrimEnd(), country, out var front) != PhoneNumberFault.None)
        {
            return fault;
        }

        var tail = text[(hyphen + 1)..].TrimStart();
        if (fault == PhoneNumberFault.None && tail.Length > 0 && !IsPrintedExtension(text[..hyphen], tail, front!))
        {
            return fault;
        }

        if (!DialledNumber.IsExtension(tail))
        {
            return fault == PhoneNumberFault.InvalidCharacter ? fault : PhoneNumberFault.BadExtension;
        }

        number = front;
        extension = tail;
        return PhoneNumberFault.None;
    }

    /// <summary>For a text that is a number with its last group and without it.</summary>
    private static bool IsPrintedExtension(string front, string tail, PhoneNumber number)
    {
        if (!DialledNumber.IsExtension(tail))
        {
            return false;
        }

        if (number.CountryCode == PhoneNumber.China)
        {
            return tail.Length == 1;
        }

        var isInternational = front.StartsWith('+') || front.StartsWith("00", StringComparison.Ordinal);
        return !front.AsSpan(front.StartsWith('+') ? 1 : 0).ContainsAnyExceptInRange('0', '9')
            && (isInternational || number.NationalNumber.Length >= ShortestPrinted);
    }

    private static PhoneNumberFault Read(string text, string? country, out PhoneNumber? number)
    {
        number = null;
        if (ReadDigits(text, out var isInternational) is not { } digits)
        {
            return PhoneNumberFault.InvalidCharacter;
        }

        if (!isInternational && digits.StartsWith("00", StringComparison.Ordinal))
        {
            isInternational = true;
            digits = digits[2..];
        }

        return isInternational
            ? ReadInternational(digits, text.Contains("(0)", StringComparison.Ordinal), out number)
            : ReadNational(digits, country, out number);
    }

    /// <summary>The digits of a text without its separators; null where something stands where it must not.</summary>
    private static string? ReadDigits(string text, out bool hasPlus)
    {
        hasPlus = false;
        var isOpen = false;
        var count = 0;
        Span<char> digits = stackalloc char[PhoneNumber.LongestText];
        foreach (var c in text)
        {
            switch (c)
            {
                case >= '0' and <= '9':
                    digits[count++] = c;
                    break;
                case '+' when count == 0 && !hasPlus:
                    hasPlus = true;
                    break;
                case '(' or '[' when !isOpen:
                    isOpen = true;
                    break;
                case ')' or ']' when isOpen:
                    isOpen = false;
                    break;
                case ' ':
                case '-' or '.' or '/' when count > 0:
                    break;
                default:
                    return null;
            }
        }

        return isOpen ? null : digits[..count].ToString();
    }

    private static PhoneNumberFault ReadInternational(string digits, bool showsTrunkPrefix, out PhoneNumber? number)
    {
        number = null;
        if (CallingCodes.Match(digits) is not { } country)
        {
            return PhoneNumberFault.UnknownCountry;
        }

        var national = digits[country.Length..];
        if (country == PhoneNumber.China)
        {
            national = ChinesePlan.WithoutTrunkPrefix(national);
        }
        else if (showsTrunkPrefix && national.StartsWith('0') && !CallingCodes.KeepsLeadingZero(country))
        {
            // +44 (0)20 7946 0000
            national = national[1..];
        }

        return PhoneNumber.Create(country, national, out number);
    }

    private static PhoneNumberFault ReadNational(string digits, string? country, out PhoneNumber? number)
    {
        number = null;
        if (country is null || !CallingCodes.IsAssigned(country))
        {
            return PhoneNumberFault.UnknownCountry;
        }

        if (country == PhoneNumber.China)
        {
            var national = ChinesePlan.FromDialled(digits) ?? ChinesePlan.FromBareCountryCode(digits);
            if (national is not null)
            {
                return PhoneNumber.Create(country, national, out number);
            }

            return ChinesePlan.IsPossibleLength(digits.Length) ? PhoneNumberFault.NotInPlan : PhoneNumberFault.WrongLength;
        }

        var dropsZero = digits.StartsWith('0') && !CallingCodes.KeepsLeadingZero(country);
        return PhoneNumber.Create(country, dropsZero ? digits[1..] : digits, out number);
    }

    /// <summary>The country of an RFC 3966 context; null for a domain name or for more than a country code.</summary>
    private static string? CountryOfContext(string context) =>
        context.StartsWith('+') && CallingCodes.IsAssigned(context[1..]) ? context[1..] : null;
}
