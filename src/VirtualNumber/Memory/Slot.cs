namespace VirtualNumber.Memory;

/// <summary>One number of a block, in direct mode.</summary>
internal sealed class Slot(uint index)
{
    /// <summary>Its place in the block.</summary>
    public uint Index { get; } = index;

    /// <summary>Whether it is in the stock.</summary>
    public StockState State { get; set; }

    /// <summary>
    /// The instant at which its last lease ends: the expire time while live, the end afterwards, also when the record is removed; the Unix
    /// epoch when never used. Available: not after now - aging. Aging: between that and now. Leased: after now.
    /// </summary>
    public DateTimeOffset Score { get; set; } = DateTimeOffset.UnixEpoch;
}
