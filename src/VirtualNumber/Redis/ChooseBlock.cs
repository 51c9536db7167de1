using System.Runtime.ExceptionServices;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_fit = Script.OnSharedBlock("Fit", "Room").Unconfirmed();

    private int _turn;

    /// <inheritdoc/>
    /// <remarks>
    /// By what the last takes of this instance saw. Others may have released, added or restored numbers since, so a pool that seems to be
    /// dry is looked at before that is said; then it costs no claim and leaves no ledger behind. What was seen for some pair tells nothing of
    /// another: <see cref="FirstFittingAsync"/>.
    /// </remarks>
    public async ValueTask<uint?> ChooseBlockAsync(BlockChoice choice, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await registry.FindPoolAsync(choice.TenantId, choice.PoolId, cancellation) is not { } owner)
            return null;
        if (choice.Parties is { } parties && owner.Pool.Mode == PoolMode.Pair)
            return await ChooseForPairAsync(owner, choice, parties, now, cancellation);
        if (LongestRested(owner, choice, now) is { } likely)
            return likely.Id;

        await registry.RefreshAsync(cancellation);
        var peeks = CandidatesOf(owner, choice, now).Select(block => PeekAsync(block, now, cancellation));
        var faults = (await Task.WhenAll(peeks)).OfType<StoreUnavailableException>();
        // What can be had is had, whatever became of other blocks; but a pool is not dry for want of an answer.
        if (LongestRested(owner, choice, now) is { } found)
            return found.Id;
        if (faults.FirstOrDefault() is { } fault)
            ExceptionDispatchInfo.Throw(fault);
        return LongestRested(owner, choice, now, avoided: true)?.Id;
    }

    /// <summary>The blocks that may be named, in the order of their adding.</summary>
    private IEnumerable<RedisBlock> CandidatesOf(PoolEntry owner, BlockChoice choice, DateTimeOffset now) =>
        owner.Blocks.Where(entry => IsCandidate(entry, choice)).Select(registry.BlockOf).Where(block => block.MayLease(now));

    private static bool IsCandidate(BlockEntry entry, in BlockChoice choice) =>
        (choice.Area is null || choice.Area == entry.Area) && !choice.Tried.Contains(entry.Id);

    /// <summary>
    /// The block whose next slot has rested longest, null when none has rested enough; of equals one after the other, so that new
    /// stock is used on all shards at once. Those that failed a moment ago are left out, unless the <paramref name="avoided"/> are asked for.
    /// </summary>
    private RedisBlock? LongestRested(PoolEntry owner, in BlockChoice choice, DateTimeOffset now, bool avoided = false)
    {
        var blocks = owner.Blocks;
        // Where numbers are shared the hint counts their rest already.
        var latest = (owner.Pool.Mode == PoolMode.Direct ? now - owner.Pool.Aging : now).ToUnixTimeMilliseconds();
        var first = (int)((uint)Interlocked.Increment(ref _turn) % (uint)Math.Max(1, blocks.Length));
        RedisBlock? best = null;
        for (var i = 0; i < blocks.Length; i++)
        {
            var block = registry.BlockOf(blocks[(first + i) % blocks.Length]);
            var hint = block.FirstFreeHint;
            if (block.IsFilled && hint <= latest && (best is null || hint < best.FirstFreeHint) && IsCandidate(block.Entry, choice)
                && block.MayLease(now) && (avoided || !block.IsAvoided(now)))
            {
                best = block;
            }
        }

        if (!avoided)
            Probe(best, now);
        return best;
    }

    /// <summary>Of a block that failed this caller finds out whether it is back; the others wait for that.</summary>
    private static void Probe(RedisBlock? block, DateTimeOffset now)
    {
        if (block is { Failed: true })
            block.Avoid(now);
    }

    /// <summary>Looks when the next slot of a block is free; answers why that cannot be known.</summary>
    private async Task<StoreUnavailableException?> PeekAsync(RedisBlock block, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            if (block.IsShared)
            {
                if (block.IsFilled)
                    await FitsAsync(block, null, now, cancellation);
                return null;
            }

            var free = LowestAsync(block.Free, cancellation).AsTask();
            var returns = LowestAsync(block.Returns, cancellation).AsTask();
            // A number whose probation is over is in stock though nobody has put it there; how long it has rested the take finds out.
            var back = await returns is { } time ? time - (long)block.Pool.Aging.TotalMilliseconds : RedisBlock.NoneFree;
            block.FirstFreeHint = Math.Min(await free ?? RedisBlock.NoneFree, back);
            return null;
        }
        catch (StoreUnavailableException fault)
        {
            return fault;
        }
    }

    /// <summary>The lowest score of a set; null when it is empty.</summary>
    private async ValueTask<long?> LowestAsync(RedisKey set, CancellationToken cancellation)
    {
        var lowest = await calls.CallAsync(
            database => database.SortedSetRangeByRankWithScoresAsync(set, 0, 0, flags: RedisCalls.Primary), cancellation);
        return lowest.Length == 0 ? null : (long)lowest[0].Score;
    }

    /// <summary>Whether a take in a block whose numbers are shared may succeed now; keeps its hint.</summary>
    private async Task<bool> FitsAsync(RedisBlock block, PairParties? parties, DateTimeOffset now, CancellationToken cancellation)
    {
        var watch = block.Watch;
        var answer = await RunOnBlockAsync(s_fit, block, now, cancellation, [Ms(block.Pool.Aging), .. ValuesOf(parties)]);
        if (answer.Length == 3)
            await RestAsync(block, watch, answer[1], cancellation);
        else
            block.FirstFreeHint = HintOf((string)answer[1]!);
        return (int)answer[0] == 1;
    }
}
