namespace VirtualNumber.Memory;

/// <summary>What changed in a block.</summary>
internal enum LogKind
{
    /// <summary>Numbers were added.</summary>
    Stocked,

    /// <summary>A slot was taken.</summary>
    Leased,

    /// <summary>A report set the expire time.</summary>
    Reported,

    /// <summary>An extension moved the expire time.</summary>
    Extended,

    /// <summary>Another real number was bound.</summary>
    Reassigned,

    /// <summary>The lease was released.</summary>
    Released,

    /// <summary>The end was written down because the expire time had passed.</summary>
    Expired,

    /// <summary>Numbers were suspended.</summary>
    Suspended,

    /// <summary>Numbers were put back.</summary>
    Restored,

    /// <summary>Numbers were retired.</summary>
    Retired,

    /// <summary>A gateway found a number faulty.</summary>
    Faulty,

    /// <summary>A gateway found a number well that was faulty.</summary>
    Well,

    /// <summary>Another server answers, which may have forgotten leases: what they may have touched rests. Redis only.</summary>
    Cautious,

    /// <summary>An operator has confirmed what there is. Redis only.</summary>
    Confirmed,
}

/// <summary>One state change of a block, in order.</summary>
/// <param name="Sequence">Counts the block's changes, from 1.</param>
/// <param name="Time">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Slot">Which slot; null for changes of the stock.</param>
/// <param name="LeaseTime">Which holder; null for changes of the stock.</param>
/// <param name="Count">How many numbers.</param>
internal sealed record LogEntry(long Sequence, DateTimeOffset Time, LogKind Kind, uint? Slot, DateTimeOffset? LeaseTime, int Count);

/// <summary>How many state changes each block remembers.</summary>
/// <param name="Length">Of those that were forwarded to the events of the tenant.</param>
/// <param name="Most">Of all: more that nobody has forwarded are lost as events.</param>
internal sealed record LogBounds(int Length, int Most)
{
    /// <summary>Where nobody forwards them.</summary>
    public static LogBounds WithoutEvents { get; } = new(1_000, 1_000);

    /// <summary>Where somebody does.</summary>
    public static LogBounds WithEvents { get; } = new(1_000, 100_000);
}
