using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>Whether a slot is in the stock.</summary>
internal enum SlotState
{
    /// <summary>May be leased once it has rested.</summary>
    InStock,

    /// <summary>Taken out for a while.</summary>
    Suspended,

    /// <summary>Taken out for good.</summary>
    Retired,
}

/// <summary>One number of a block, in direct mode.</summary>
internal sealed class Slot(uint index, PhoneNumber number)
{
    /// <summary>Its place in the block.</summary>
    public uint Index { get; } = index;

    /// <summary>The virtual number.</summary>
    public PhoneNumber Number { get; } = number;

    /// <summary>Whether it is in the stock.</summary>
    public SlotState State { get; set; }

    /// <summary>
    /// The instant at which its last lease ends: the expire time while live, the end afterwards; the Unix epoch when never used.
    /// Available: not after now - aging. Aging: between that and now. Leased: after now.
    /// </summary>
    public DateTimeOffset Score { get; set; } = DateTimeOffset.UnixEpoch;

    /// <summary>The record of its last lease, until that has rested.</summary>
    public LeaseRecord? Record { get; set; }
}
