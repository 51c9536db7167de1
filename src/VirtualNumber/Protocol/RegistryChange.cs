using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>
/// One change of the registry. Whoever applies the same changes in the same order has the same registry, block ids included.
/// Exactly one of the three is set.
/// </summary>
/// <param name="Pool">A pool was made or changed.</param>
/// <param name="Block">A run of numbers was added.</param>
/// <param name="Single">A single number was added.</param>
internal sealed record RegistryChange(Pool? Pool = null, BlockAdded? Block = null, SingleAdded? Single = null);

/// <summary>A run of numbers was added to a pool.</summary>
internal sealed record BlockAdded(string TenantId, string PoolId, string Prefix);

/// <summary>A single number, in canonical form, was added to a pool.</summary>
internal sealed record SingleAdded(string TenantId, string PoolId, string Number);

/// <summary>What adding numbers comes to.</summary>
/// <param name="Changes">The changes to make; empty when one overlaps.</param>
/// <param name="OverlappingBlocks">Positions of blocks that overlap.</param>
/// <param name="OverlappingNumbers">Positions of single numbers that do.</param>
internal sealed record AddPlan(
    IReadOnlyList<RegistryChange> Changes, IReadOnlyList<int> OverlappingBlocks, IReadOnlyList<int> OverlappingNumbers);
