using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>
/// One change of the registry. Whoever applies the same changes in the same order has the same registry, block ids included.
/// Exactly one of them is set.
/// </summary>
/// <param name="Pool">A pool was made or changed.</param>
/// <param name="Block">A run of numbers was added.</param>
/// <param name="Single">A single number was added.</param>
/// <param name="Filled">A block's slots are in the store. A store that adds a block in two places tells an unfilled one from a lost one by it.</param>
/// <param name="Barred">A block was found not to be what it was.</param>
/// <param name="Confirmed">An operator has looked at a barred block: it goes on with what the store has.</param>
/// <param name="Callers">Callers came and went among those whom a pool's rules allow or block.</param>
/// <param name="RuledPool">
/// A pool was made or changed that has call rules, or allows some kinds of numbers only: by a name of its own, which who knows nothing of rules
/// refuses, instead of connecting without them.
/// </param>
internal sealed record RegistryChange(
    Pool? Pool = null, BlockAdded? Block = null, SingleAdded? Single = null, BlockFilled? Filled = null,
    BlockBarred? Barred = null, BlockConfirmed? Confirmed = null, CallersChanged? Callers = null, Pool? RuledPool = null)
{
    /// <summary>A pool was made or changed.</summary>
    public static RegistryChange Of(Pool pool) => pool.Rules.AreNone() && pool.AllowedKinds == default ? new(pool) : new(RuledPool: pool);
}

/// <summary>A run of numbers was added to a pool.</summary>
internal sealed record BlockAdded(string TenantId, string PoolId, string Prefix, string Area = "");

/// <summary>A single number, in canonical form, was added to a pool.</summary>
internal sealed record SingleAdded(string TenantId, string PoolId, string Number, string Area = "");

/// <summary>A block's slots are in the store.</summary>
internal sealed record BlockFilled(uint Id);

/// <summary>A block was barred.</summary>
internal sealed record BlockBarred(uint Id, BlockBar Bar);

/// <summary>An operator has confirmed a barred block.</summary>
/// <param name="Id">The block.</param>
/// <param name="Mark">How far it has come, as its store tells: whoever sees less from here on sees a block that is older.</param>
/// <param name="Rest">What is left of its bar; null: nothing.</param>
internal sealed record BlockConfirmed(uint Id, string Mark, BlockBar? Rest = null);

/// <summary>
/// Callers came and went in a pool's rules, and nothing else: the whole pool would be said again each time that one of a thousand couriers goes home.
/// </summary>
internal sealed record CallersChanged(string TenantId, string PoolId, int Version, CallerChanges? Allowed, CallerChanges? Blocked);

/// <summary>What adding numbers comes to.</summary>
/// <param name="Changes">The changes to make; empty when one overlaps.</param>
/// <param name="OverlappingBlocks">Positions of blocks that overlap.</param>
/// <param name="OverlappingNumbers">Positions of single numbers that do.</param>
internal sealed record AddPlan(
    IReadOnlyList<RegistryChange> Changes, IReadOnlyList<int> OverlappingBlocks, IReadOnlyList<int> OverlappingNumbers);

/// <summary>Where numbers of a pool are.</summary>
/// <param name="Whole">Whole blocks.</param>
/// <param name="Parts">Numbers of other blocks, by their places.</param>
/// <param name="UnknownBlocks">Positions of blocks that the pool has not; when any, nothing else is answered.</param>
/// <param name="UnknownNumbers">Positions of single numbers that it has not.</param>
internal sealed record Selection(
    IReadOnlyList<BlockEntry> Whole,
    IReadOnlyList<(BlockEntry Block, IReadOnlyList<uint> Indices)> Parts,
    IReadOnlyList<int> UnknownBlocks,
    IReadOnlyList<int> UnknownNumbers)
{
    /// <summary>Whether all of it is in the pool.</summary>
    public bool IsKnown => UnknownBlocks.Count + UnknownNumbers.Count == 0;
}
