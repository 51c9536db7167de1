namespace VirtualNumber.Leasing;

/// <summary>How the numbers of a pool are shared. The values are those of the public document.</summary>
public enum PoolMode
{
    /// <summary>One number, one holder.</summary>
    Direct = 1,
}

/// <summary>A stock of numbers of one tenant with one set of rules.</summary>
/// <param name="TenantId">Whose pool; numbers never move between tenants.</param>
/// <param name="PoolId">Unique within the tenant.</param>
/// <param name="Mode">How its numbers are shared.</param>
/// <param name="CountryCode">The calling code of its numbers' country.</param>
/// <param name="BlockDigits">How many of a number's last digits vary within a block: 2 to 4.</param>
/// <param name="Aging">How long a number rests between two holders (47 CFR 52.15).</param>
/// <param name="WithheldCallersAllowed">Whether calls whose caller is withheld are connected.</param>
/// <param name="CreateTime">When it was made.</param>
/// <param name="Version">Counts its changes, from 1.</param>
public sealed record Pool(
    string TenantId,
    string PoolId,
    PoolMode Mode,
    string CountryCode,
    int BlockDigits,
    TimeSpan Aging,
    bool WithheldCallersAllowed,
    DateTimeOffset CreateTime,
    int Version)
{
    /// <summary>Whether <paramref name="other"/> asks for the same pool, times and version aside.</summary>
    public bool HasPropertiesOf(Pool other) =>
        this with { CreateTime = other.CreateTime, Version = other.Version } == other;
}

/// <summary>Counts of numbers by state. The five states exclude each other and add up to <see cref="Stocked"/>, always.</summary>
/// <param name="Available">May be leased now.</param>
/// <param name="Leased">Have a live lease.</param>
/// <param name="Aging">Rest between two holders.</param>
/// <param name="Suspended">Taken out for a while, whatever their lease does.</param>
/// <param name="Retired">Taken out for good, whatever their lease does.</param>
/// <param name="Draining">How many of the retired still have a live lease.</param>
public readonly record struct NumberCounts(long Available, long Leased, long Aging, long Suspended, long Retired, long Draining)
{
    /// <summary>All numbers.</summary>
    public long Stocked => Available + Leased + Aging + Suspended + Retired;

    /// <summary>Adds up the counts of two sets of numbers.</summary>
    public static NumberCounts operator +(NumberCounts left, NumberCounts right) => new(
        left.Available + right.Available,
        left.Leased + right.Leased,
        left.Aging + right.Aging,
        left.Suspended + right.Suspended,
        left.Retired + right.Retired,
        left.Draining + right.Draining);

    /// <inheritdoc cref="op_Addition"/>
    public static NumberCounts Add(NumberCounts left, NumberCounts right) => left + right;
}

/// <summary>Why no number could be had.</summary>
/// <param name="Counts">The pool as it stood.</param>
/// <param name="NextAvailableTime">When its next number frees up; null where none will by itself.</param>
public sealed record Shortage(NumberCounts Counts, DateTimeOffset? NextAvailableTime);
