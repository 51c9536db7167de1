using System.Runtime.ExceptionServices;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private int _turn;

    /// <inheritdoc/>
    /// <remarks>
    /// By what the last takes of this instance saw. Others may have released, added or restored numbers since, so a pool that seems to be
    /// dry is looked at before that is said; then it costs no claim and leaves no ledger behind.
    /// </remarks>
    public async ValueTask<uint?> ChooseBlockAsync(BlockChoice choice, DateTimeOffset now, CancellationToken cancellation)
    {
        var tried = choice.Tried;
        if (await registry.FindPoolAsync(choice.TenantId, choice.PoolId, cancellation) is not { } owner)
            return null;
        var rested = (now - owner.Pool.Aging).ToUnixTimeMilliseconds();
        if (LongestRested(owner, tried, rested, now) is { } likely)
            return likely.Id;

        await registry.RefreshAsync(cancellation);
        var peeks = owner.Blocks.Select(registry.BlockOf).Where(block => !tried.Contains(block.Id)).Select(block => PeekAsync(block, cancellation));
        var faults = (await Task.WhenAll(peeks)).OfType<StoreUnavailableException>();
        // What can be had is had, whatever became of other blocks; but a pool is not dry for want of an answer.
        if (LongestRested(owner, tried, rested, now) is { } found)
            return found.Id;
        if (faults.FirstOrDefault() is { } fault)
            ExceptionDispatchInfo.Throw(fault);
        return LongestRested(owner, tried, rested, now: null)?.Id;
    }

    /// <summary>
    /// The block whose next slot has rested longest, null when none has rested enough; of equals one after the other, so that new
    /// stock is used on all shards at once. Those that failed a moment ago are left out, unless no <paramref name="now"/> is given.
    /// </summary>
    private RedisBlock? LongestRested(PoolEntry owner, IReadOnlyCollection<uint> tried, long rested, DateTimeOffset? now)
    {
        var blocks = owner.Blocks;
        var first = (int)((uint)Interlocked.Increment(ref _turn) % (uint)Math.Max(1, blocks.Length));
        RedisBlock? best = null;
        for (var i = 0; i < blocks.Length; i++)
        {
            var block = registry.BlockOf(blocks[(first + i) % blocks.Length]);
            var hint = block.FirstFreeHint;
            if (block.IsFilled && hint <= rested && (best is null || hint < best.FirstFreeHint) && !tried.Contains(block.Id)
                && !(now is { } at && block.IsAvoided(at)))
            {
                best = block;
            }
        }

        // This caller finds out whether it is back; the others wait for that.
        if (best is { Failed: true } && now is { } tries)
            best.Avoid(tries);
        return best;
    }

    /// <summary>Looks when the next slot of a block is free; answers why that cannot be known.</summary>
    private async Task<StoreUnavailableException?> PeekAsync(RedisBlock block, CancellationToken cancellation)
    {
        try
        {
            var lowest = await calls.CallAsync(
                database => database.SortedSetRangeByRankWithScoresAsync(block.Free, 0, 0, flags: RedisCalls.Primary), cancellation);
            block.FirstFreeHint = lowest.Length == 0 ? RedisBlock.NoneFree : (long)lowest[0].Score;
            return null;
        }
        catch (StoreUnavailableException fault)
        {
            return fault;
        }
    }
}
