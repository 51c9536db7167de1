namespace VirtualNumber.Leasing;

/// <summary>
/// What a telephone number is for, as far as its form tells. The form never tells whether a number is a <i>virtual</i> one: segments
/// such as 170 serve both sides, so only the pool decides that.
/// </summary>
public enum PhoneNumberKind
{
    /// <summary>An ordinary number of a country whose plan is not looked into. Bindable wherever its country is allowed.</summary>
    Other = 0,

    /// <summary>A Chinese mobile number: 11 digits, 1[3-9] and nine more.</summary>
    Mobile = 1,

    /// <summary>A Chinese fixed line: area code (10, 2x, or three digits 3xx-9xx, without the trunk prefix 0) and 7 or 8 digits.</summary>
    Landline = 2,

    /// <summary>
    /// A Chinese number dedicated to number protection: 700 and 12 digits (ministry notice of July 2025). With the country code it
    /// would have 17 digits, so it has no E.164 form.
    /// </summary>
    Protection = 3,

    /// <summary>An emergency service: 110, 112, 119, 120, 122, 911, 999.</summary>
    Emergency = 4,

    /// <summary>A Chinese service code of 3 to 6 digits that begins with 1, or 96 and 3 or 4 digits.</summary>
    ShortCode = 5,

    /// <summary>A Chinese nationwide business number: 95 and 3 to 6 digits.</summary>
    Service95 = 6,

    /// <summary>The called party pays: Chinese 800 and 7 digits, or the international +800.</summary>
    TollFree = 7,

    /// <summary>Both parties pay: Chinese 400 and 7 digits, or the international +808.</summary>
    SharedCost = 8,

    /// <summary>The caller pays a third party: the international +979.</summary>
    PremiumRate = 9,

    /// <summary>A satellite telephone: +870, +881 (each 881x network), and +882 16.</summary>
    Satellite = 10,
}
