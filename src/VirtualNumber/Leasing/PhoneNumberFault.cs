namespace VirtualNumber.Leasing;

/// <summary>Why a text is not a telephone number. Where several apply, the one with the lowest value is reported.</summary>
public enum PhoneNumberFault
{
    /// <summary>No fault.</summary>
    None = 0,

    /// <summary>The text is absent or blank.</summary>
    Empty = 1,

    /// <summary>The text is longer than <see cref="PhoneNumber.LongestText"/> characters; its content was not looked at.</summary>
    TooLong = 2,

    /// <summary>A character that belongs to no written form, or one in the wrong place (a second +, an open bracket).</summary>
    InvalidCharacter = 3,

    /// <summary>No country code that ITU-T has assigned, neither in the text nor as the default.</summary>
    UnknownCountry = 4,

    /// <summary>
    /// Fewer than 4 digits after the country code, or more than 15 with it (E.164); for China fewer than 3 or more than 15 after it.
    /// </summary>
    WrongLength = 5,

    /// <summary>The digits fit no kind of number in the Chinese plan; a fixed line written without its area code, for example.</summary>
    NotInPlan = 6,

    /// <summary>An extension is announced but is not 1 to 4 digits, or there are two of them.</summary>
    BadExtension = 7,

    /// <summary>The text is a number with an extension where a plain number is asked for.</summary>
    HasExtension = 8,
}
