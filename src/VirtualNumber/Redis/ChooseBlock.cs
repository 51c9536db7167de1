
namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <inheritdoc/>
    /// <remarks>
    /// By what the last takes of this instance saw. Another instance may have added or restored numbers since, so a pool that seems to
    /// be dry is tried all the same, one block after the other.
    /// </remarks>
    public async ValueTask<uint?> ChooseBlockAsync(
        string tenantId, string poolId, IReadOnlyCollection<uint> tried, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await registry.FindPoolAsync(tenantId, poolId, cancellation) is not { } owner)
            return null;
        RedisBlock? best = null;
        foreach (var entry in owner.Blocks)
        {
            var block = registry.BlockOf(entry);
            if (!tried.Contains(block.Id) && (best is null || block.FirstFreeHint < best.FirstFreeHint))
                best = block;
        }

        return best?.Id;
    }
}
