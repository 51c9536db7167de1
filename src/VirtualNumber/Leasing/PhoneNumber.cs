using System.Diagnostics.CodeAnalysis;

namespace VirtualNumber.Leasing;

/// <summary>
/// A telephone number in its canonical form, whatever way it was written. Two are equal when they are reached by the same call.
/// <see cref="ToString"/> gives the masked form, so that no log line prints a number by accident.
/// </summary>
public sealed record PhoneNumber
{
    /// <summary>The calling code of China.</summary>
    public const string China = "86";

    /// <summary>The longest text that is looked at, in characters. The longest written form in use has fewer than 50.</summary>
    public const int LongestText = 64;

    private const int LongestE164 = 15;
    private const int ShortestNational = 4;
    private const int HiddenAtLeast = 6;
    private const int LeadingDigitsShown = 3;

    private PhoneNumber(string countryCode, string nationalNumber, PhoneNumberKind kind)
    {
        CountryCode = countryCode;
        NationalNumber = nationalNumber;
        Kind = kind;
    }

    /// <summary>The calling code, 1 to 3 digits, as ITU-T assigns it (E.164): <c>86</c>.</summary>
    public string CountryCode { get; }

    /// <summary>The national significant number (E.164): digits only, without a trunk prefix.</summary>
    public string NationalNumber { get; }

    /// <summary>What the number is for, as far as its form tells.</summary>
    public PhoneNumberKind Kind { get; }

    /// <summary>Country code, colon, national number: <c>86:17012345678</c>; read back by <see cref="FromCanonical"/>.</summary>
    public string Canonical => $"{CountryCode}:{NationalNumber}";

    /// <summary>
    /// The E.164 form, + and at most 15 digits; null where none exists: 700 numbers are too long, and emergency, short and 95 numbers
    /// are codes of one country's network and no part of the international plan.
    /// </summary>
    public string? E164 => HasE164 ? $"+{CountryCode}{NationalNumber}" : null;

    /// <summary>
    /// The RFC 3966 form: <c>tel:+8617012345678</c>, or local with its context: <c>tel:700123456789012;phone-context=+86</c>.
    /// </summary>
    public string TelUri => HasE164 ? $"tel:+{CountryCode}{NationalNumber}" : $"tel:{NationalNumber};phone-context=+{CountryCode}";

    /// <summary>As dialled inside the country: Chinese fixed lines with the trunk prefix 0, all others as they are.</summary>
    public string National =>
        CountryCode == China && Kind == PhoneNumberKind.Landline ? $"0{NationalNumber}" : NationalNumber;

    private bool HasE164 =>
        Kind is not (PhoneNumberKind.Protection or PhoneNumberKind.Emergency or PhoneNumberKind.ShortCode or PhoneNumberKind.Service95);

    /// <summary>
    /// Reads a number as people and systems write it: +86, 0086, 86, national, full-width digits, spaces, hyphens, brackets, dots,
    /// tel: URIs.
    /// </summary>
    /// <remarks>
    /// National input of countries other than China is taken as digits; one leading 0 is dropped as the trunk prefix unless the country
    /// keeps it (Italy, for example). 86 without a plus counts as the country code only where the whole is not a Chinese number itself
    /// and the rest is one.
    /// </remarks>
    /// <param name="text">Any text; longer than <see cref="LongestText"/> is refused unread.</param>
    /// <param name="defaultCountry">The calling code for input without one: <c>86</c>.</param>
    /// <param name="number">The number, or null.</param>
    /// <param name="fault">Why not; <see cref="PhoneNumberFault.None"/> on success.</param>
    public static bool TryParse(
        string? text, string defaultCountry, [NotNullWhen(true)] out PhoneNumber? number, out PhoneNumberFault fault)
    {
        fault = PhoneNumberParser.Parse(text, defaultCountry, out number, out var extension);
        if (fault == PhoneNumberFault.None && extension is not null)
        {
            fault = PhoneNumberFault.HasExtension;
        }

        number = fault == PhoneNumberFault.None ? number : null;
        return number is not null;
    }

    /// <summary>
    /// Reads a number with or without an extension of 1 to 4 digits, written <c>-1234</c>, <c>,1234</c>, <c>,,1234</c>, <c>#1234</c>,
    /// <c>转1234</c>, <c>分机1234</c>, <c>ext 1234</c> or <c>;ext=1234</c>.
    /// </summary>
    /// <remarks>
    /// A hyphen also groups digits. Where the text is a number both with and without its last group: in China a last group of one digit
    /// is an extension (0571-8888888-1); elsewhere the last group is an extension only in the printed form, that is, when nothing else
    /// separates the digits (+99917012345-1234), and otherwise belongs to the number (+1-212-555-1234).
    /// </remarks>
    /// <param name="text">Any text; longer than <see cref="LongestText"/> is refused unread.</param>
    /// <param name="defaultCountry">The calling code for input without one: <c>86</c>.</param>
    /// <param name="dialled">The number and its extension, or null.</param>
    /// <param name="fault">Why not; <see cref="PhoneNumberFault.None"/> on success.</param>
    public static bool TryParseDialled(
        string? text, string defaultCountry, [NotNullWhen(true)] out DialledNumber? dialled, out PhoneNumberFault fault)
    {
        fault = PhoneNumberParser.Parse(text, defaultCountry, out var number, out var extension);
        dialled = fault == PhoneNumberFault.None ? new DialledNumber(number!, extension) : null;
        return dialled is not null;
    }

    /// <summary>Reads back what <see cref="Canonical"/> gave.</summary>
    /// <exception cref="FormatException">The text is not canonical. The message does not repeat it.</exception>
    public static PhoneNumber FromCanonical(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.Length <= LongestText ? text.IndexOf(':', StringComparison.Ordinal) : -1;
        if (colon > 0
            && CallingCodes.IsAssigned(text[..colon])
            && !text.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9')
            && Create(text[..colon], text[(colon + 1)..], out var number) == PhoneNumberFault.None)
        {
            return number!;
        }

        throw new FormatException("Not a canonical telephone number (country code, colon, digits).");
    }

    /// <summary>
    /// Country and at most three leading digits, with at least six digits hidden (GB/T 41833-2022): <c>+86 170********</c>. A number
    /// with fewer than six national digits is hidden altogether.
    /// </summary>
    public string Mask()
    {
        if (NationalNumber.Length < HiddenAtLeast)
        {
            return new string('*', HiddenAtLeast);
        }

        var shown = Math.Min(LeadingDigitsShown, NationalNumber.Length - HiddenAtLeast);
        return $"+{CountryCode} {NationalNumber[..shown]}{new string('*', NationalNumber.Length - shown)}";
    }

    /// <summary>The masked form, see <see cref="Mask"/>.</summary>
    public override string ToString() => Mask();

    /// <summary>The one place that decides whether digits are a number.</summary>
    internal static PhoneNumberFault Create(string countryCode, string national, out PhoneNumber? number)
    {
        number = null;
        if (countryCode == China)
        {
            if (ChinesePlan.Classify(national) is not { } kind)
            {
                return ChinesePlan.IsPossibleLength(national.Length) ? PhoneNumberFault.NotInPlan : PhoneNumberFault.WrongLength;
            }

            number = new PhoneNumber(countryCode, national, kind);
            return PhoneNumberFault.None;
        }

        if (national.Length < ShortestNational || countryCode.Length + national.Length > LongestE164)
        {
            return PhoneNumberFault.WrongLength;
        }

        number = new PhoneNumber(countryCode, national, CallingCodes.KindOf(countryCode, national));
        return PhoneNumberFault.None;
    }
}
