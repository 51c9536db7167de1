using System.Globalization;

namespace VirtualNumber.Leasing;

/// <summary>How the numbers of a pool are shared. The values are those of the public document.</summary>
public enum PoolMode
{
    /// <summary>One number, one holder: whoever dials it reaches the holder.</summary>
    Direct = 1,

    /// <summary>Many holders share a number, each with an extension that callers key in.</summary>
    Extension = 2,

    /// <summary>Many pairs share a number; each party of a pair reaches the other, and nobody else reaches either.</summary>
    Pair = 3,
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
    /// <summary>The most slots that live leases of one block may take up, so that no key gets too big to move between shards.</summary>
    public const int MostPlacesPerBlock = 20_000;

    private const int PairSlotsPerNumber = 10_000;

    /// <summary>How many leases may live on a number at once: 1 in direct mode, else at most half of its slots.</summary>
    public int Density { get; init; } = 1;

    /// <summary>How many digits an extension has: 1 to 4 in extension mode, else 0.</summary>
    public int ExtensionLength { get; init; }

    /// <summary>How many leases of the pool may live at once, and how many may begin in a minute.</summary>
    public LeaseQuota Quota { get; init; } = LeaseQuota.None;

    /// <summary>What an earlier party of a lease hears who calls after its end: the code of the gateway's announcement; empty: none.</summary>
    public string EndedAnnouncement { get; init; } = "";

    /// <summary>Where a gateway may send such a caller instead, in canonical form; empty: nowhere.</summary>
    public string EndedHotline { get; init; } = "";

    /// <summary>When calls are connected, and whose; a lease may have rules of its own besides.</summary>
    public CallRules Rules { get; init; } = CallRules.None;

    /// <summary>Which kinds of numbers may be bound, of those that may be at all; empty: all of them.</summary>
    public PhoneNumberKindSet AllowedKinds { get; init; }

    /// <summary>
    /// How many slots a number has. A slot is what is leased and rests: the number itself in direct mode, the number and an extension in
    /// extension mode, the number and a figure that nobody is told in pair mode.
    /// </summary>
    public uint SlotsPerNumber() => Mode switch
    {
        PoolMode.Extension => (uint)Math.Pow(10, ExtensionLength),
        PoolMode.Pair => PairSlotsPerNumber,
        _ => 1,
    };

    /// <summary>The extension of a slot, its leading zeros kept; null where numbers have none.</summary>
    public string? ExtensionOf(uint slot) =>
        Mode == PoolMode.Extension ? (slot % SlotsPerNumber()).ToString($"D{ExtensionLength}", CultureInfo.InvariantCulture) : null;

    /// <summary>Whether a number of that kind may be bound, as far as this pool goes.</summary>
    public bool MayBind(PhoneNumberKind kind) => AllowedKinds == default || AllowedKinds.Contains(kind);

    /// <summary>Whether <paramref name="other"/> asks for the same pool, times and version aside.</summary>
    public bool HasPropertiesOf(Pool other) =>
        this with { CreateTime = other.CreateTime, Version = other.Version } == other;
}

/// <summary>How much may be leased: a limit on what a mistake or an abuse can use up.</summary>
/// <param name="LiveLeases">How many leases may live at once; null: as many as there are numbers for.</param>
/// <param name="LeasesPerMinute">How many may begin in a minute; null: any number.</param>
public sealed record LeaseQuota(int? LiveLeases, int? LeasesPerMinute)
{
    /// <summary>No limit.</summary>
    public static LeaseQuota None { get; } = new(null, null);
}

/// <summary>
/// Counts of places by state: in direct mode a place is a number, else each number has as many as its pool's density. The six states
/// exclude each other and add up to <see cref="Stocked"/>, always.
/// </summary>
/// <param name="Available">May be leased now.</param>
/// <param name="Leased">Have a live lease.</param>
/// <param name="Aging">Rest between two holders; where numbers are shared: cannot be leased because too many slots of the number rest.</param>
/// <param name="Suspended">Taken out for a while, whatever their lease does.</param>
/// <param name="Retired">Taken out for good, whatever their lease does.</param>
/// <param name="Draining">How many of the retired still have a live lease.</param>
public readonly record struct NumberCounts(long Available, long Leased, long Aging, long Suspended, long Retired, long Draining)
{
    /// <summary>Taken out since a gateway found them faulty, their probation included; those with a live lease count as leased.</summary>
    public long Faulty { get; init; }

    /// <summary>All numbers.</summary>
    public long Stocked => Available + Leased + Aging + Suspended + Retired + Faulty;

    /// <summary>Adds up the counts of two sets of numbers.</summary>
    public static NumberCounts operator +(NumberCounts left, NumberCounts right) => new(
        left.Available + right.Available,
        left.Leased + right.Leased,
        left.Aging + right.Aging,
        left.Suspended + right.Suspended,
        left.Retired + right.Retired,
        left.Draining + right.Draining)
    {
        Faulty = left.Faulty + right.Faulty,
    };

    /// <inheritdoc cref="op_Addition"/>
    public static NumberCounts Add(NumberCounts left, NumberCounts right) => left + right;
}

/// <summary>Why no number could be had.</summary>
/// <param name="Counts">The pool, or the area that was insisted on, as it stood.</param>
/// <param name="NextAvailableTime">When its next number frees up; null where none will by itself.</param>
public sealed record Shortage(NumberCounts Counts, DateTimeOffset? NextAvailableTime)
{
    /// <summary>The area that was insisted on; null: none.</summary>
    public string? Area { get; init; }

    /// <summary>Pair mode: on how many numbers the holder is.</summary>
    public int HolderNumbers { get; init; }

    /// <summary>Pair mode: on how many numbers the peer is.</summary>
    public int PeerNumbers { get; init; }
}

/// <summary>Which quota stands against a lease.</summary>
/// <param name="Scope">Whose: <c>tenant</c> or <c>pool</c>.</param>
/// <param name="Quota">Which: <c>live_leases</c> or <c>leases_per_minute</c>.</param>
/// <param name="Limit">How much it allows.</param>
/// <param name="RetryTime">From when on a lease may be asked for again; null: when one has ended.</param>
public sealed record QuotaRefusal(string Scope, string Quota, int Limit, DateTimeOffset? RetryTime);

/// <summary>The quotas of the tenants, as they are configured.</summary>
public sealed class TenantQuotas(IReadOnlyDictionary<string, LeaseQuota> quotas)
{
    /// <summary>Nobody has one.</summary>
    public static TenantQuotas None { get; } = new(new Dictionary<string, LeaseQuota>());

    /// <summary>A tenant's quota.</summary>
    public LeaseQuota Of(string tenantId) => quotas.GetValueOrDefault(tenantId, LeaseQuota.None);
}
