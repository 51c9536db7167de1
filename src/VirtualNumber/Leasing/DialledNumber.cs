using System.Diagnostics.CodeAnalysis;

namespace VirtualNumber.Leasing;

/// <summary>What stands on a waybill: a number, and in extension mode the 1 to 4 digits that are keyed in after it.</summary>
public sealed record DialledNumber
{
    /// <summary>The most digits an extension may have.</summary>
    public const int LongestExtension = 4;

    /// <summary>Joins a number and an extension.</summary>
    /// <param name="number">The number that is called.</param>
    /// <param name="extension">1 to 4 digits, leading zeros kept; null for none.</param>
    /// <exception cref="ArgumentException">The extension is not 1 to 4 digits.</exception>
    public DialledNumber(PhoneNumber number, string? extension)
    {
        ArgumentNullException.ThrowIfNull(number);
        if (extension is not null && !IsExtension(extension))
        {
            throw new ArgumentException("An extension has 1 to 4 digits.", nameof(extension));
        }

        Number = number;
        Extension = extension;
    }

    /// <summary>The number that is called.</summary>
    public PhoneNumber Number { get; }

    /// <summary>1 to 4 digits, leading zeros kept; null where the number stands alone.</summary>
    public string? Extension { get; }

    /// <summary>
    /// The form printed on waybills: <c>17012345678-1234</c>. Chinese numbers are printed as dialled inside the country, all others in
    /// their E.164 form. It reads back to the same number (Chinese ones with 86 as the default country).
    /// </summary>
    public string Printed
    {
        get
        {
            var number = Number.CountryCode == PhoneNumber.China ? Number.National : Number.E164;
            return Extension is null ? number! : $"{number}-{Extension}";
        }
    }

    /// <summary>The masked number, and four stars if there is an extension.</summary>
    public override string ToString() => Extension is null ? Number.Mask() : $"{Number.Mask()}-****";

    internal static bool IsExtension([NotNullWhen(true)] string? text) =>
        text is { Length: >= 1 and <= LongestExtension } && !text.AsSpan().ContainsAnyExceptInRange('0', '9');
}
