namespace VirtualNumber.Sealing;

/// <summary>Where a lease is: what a lease id says to those who hold the key.</summary>
/// <param name="Block">The block's id in the registry.</param>
/// <param name="Slot">The slot in the block.</param>
/// <param name="Epoch">
/// The lease time in milliseconds since 1970-01-01T00:00Z, 0 to 2^48 - 1: it tells one holder of the slot from the next.
/// </param>
public readonly record struct LeaseLocator(uint Block, uint Slot, long Epoch)
{
    /// <summary>The largest epoch: 2^48 - 1, in the year 10889.</summary>
    public const long MaxEpoch = (1L << 48) - 1;
}
