namespace VirtualNumber.Memory;

/// <summary>One number of a block whose numbers are shared.</summary>
/// <param name="index">Its place in the block.</param>
/// <param name="slots">How many slots it has.</param>
internal sealed class SharedNumber(uint index, uint slots)
{
    /// <summary>Its place in the block.</summary>
    public uint Index { get; } = index;

    /// <summary>Whether it is in the stock.</summary>
    public StockState State { get; set; }

    /// <summary>Its slots that have a record.</summary>
    public SlotSet Taken { get; } = new(slots);

    /// <summary>How many of those records are not marked as ended.</summary>
    public int Live { get; set; }

    /// <summary>Its rank among the open numbers of the block; null: it is not open.</summary>
    public int? Rank { get; set; }
}
