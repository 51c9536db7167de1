namespace VirtualNumber.Protocol;

/// <summary>Why a block is barred. The public document has the same names and numbers.</summary>
internal enum BarReason
{
    /// <summary>Not a reason.</summary>
    Unspecified = 0,

    /// <summary>Its data is gone from the store.</summary>
    DataLost = 1,

    /// <summary>The store has forgotten changes that were seen in it: it came back older.</summary>
    DataOlder = 2,

    /// <summary>The store keeps another block in its place, which the registry has forgotten.</summary>
    OtherBlock = 3,

    /// <summary>Another server took over and may have forgotten leases, which hold nobody knows which extensions or parties.</summary>
    LeasesForgotten = 4,
}

/// <summary>That a block is barred, until an operator has looked.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Time">When that was found; tells one bar from the next.</param>
/// <param name="LeasesFrom">Null: it answers nothing at all. Else it only leases nothing, until that instant.</param>
internal sealed record BlockBar(BarReason Reason, DateTimeOffset Time, DateTimeOffset? LeasesFrom = null)
{
    /// <summary>Whether it answers nothing at all.</summary>
    public bool IsWhole => LeasesFrom is null;

    /// <summary>Whether it stands. One that is not whole ends by itself.</summary>
    public bool Stands(DateTimeOffset now) => LeasesFrom is not { } from || from > now;

    /// <summary>Whether it says more than what is known.</summary>
    public bool Outdoes(BlockBar? known) =>
        known is null || (IsWhole && !known.IsWhole) || (!IsWhole && !known.IsWhole && LeasesFrom > known.LeasesFrom);
}

/// <summary>A barred block.</summary>
/// <param name="Block">The block.</param>
/// <param name="Position">Its place among the blocks of its pool, in the order of their adding.</param>
/// <param name="Bar">Why and since when.</param>
internal sealed record BarredBlock(BlockEntry Block, int Position, BlockBar Bar);

/// <summary>What an operator confirms, having looked.</summary>
/// <param name="Blocks">Which blocks; null: all of the pool that are barred.</param>
/// <param name="PossibleLoss">How much was forgotten at most, where that is known: less has to rest then. Null: it is not known.</param>
/// <param name="LeaseAtOnce">Whether blocks whose numbers are shared may lease again at once: the operator knows that no lease was forgotten.</param>
internal sealed record BlockConfirmation(IReadOnlyList<BlockEntry>? Blocks, TimeSpan? PossibleLoss, bool LeaseAtOnce);
