using System.Runtime.ExceptionServices;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>How many blocks that may have room are asked at once: as a rule the first of them fits.</summary>
    private const int BlocksPerFit = 2;

    /// <summary>How many blocks are asked at once in all. One that is full answers in no time, and is asked since it may not be so any more.</summary>
    private const int MostBlocksPerFit = 64;

    /// <summary>
    /// The first block, in the order of adding, in which both parties fit. Those that this instance knows first: others may have added some
    /// since, which come after them.
    /// </summary>
    private async ValueTask<uint?> ChooseForPairAsync(
        PoolEntry owner, BlockChoice choice, PairParties parties, DateTimeOffset now, CancellationToken cancellation)
    {
        var known = CandidatesOf(owner, choice, now).Where(block => block.IsFilled).ToList();
        if (await FirstFittingAsync(known, parties, now, cancellation) is { } fitting)
            return fitting.Id;
        await registry.RefreshAsync(cancellation);
        var added = CandidatesOf(owner, choice, now).Where(block => block.IsFilled).Except(known).ToList();
        return (await FirstFittingAsync(added, parties, now, cancellation))?.Id;
    }

    /// <summary>
    /// The first block in which both parties fit, of some at a time. A single one is not asked: the take does that. Those that failed a
    /// moment ago come last.
    /// </summary>
    private async ValueTask<RedisBlock?> FirstFittingAsync(
        List<RedisBlock> blocks, PairParties parties, DateTimeOffset now, CancellationToken cancellation)
    {
        if (blocks.Count == 1)
            return Tried(blocks[0], now);
        StoreUnavailableException? fault = null;
        foreach (var some in Portions([.. blocks.OrderBy(block => block.IsAvoided(now))], now))
        {
            var answers = await Task.WhenAll(some.Select(block => TryFitAsync(block, parties, now, cancellation)));
            for (var i = 0; i < some.Count; i++)
            {
                fault ??= answers[i].Fault;
                if (answers[i].Fits)
                    return Tried(some[i], now);
            }
        }

        // What can be had is had, whatever became of other blocks; but a pool is not dry for want of an answer.
        if (fault is not null)
            ExceptionDispatchInfo.Throw(fault);
        return null;
    }

    private static IEnumerable<List<RedisBlock>> Portions(List<RedisBlock> blocks, DateTimeOffset now)
    {
        var (portion, withRoom) = (new List<RedisBlock>(), 0);
        foreach (var block in blocks)
        {
            portion.Add(block);
            withRoom += block.FirstFreeHint <= now.ToUnixTimeMilliseconds() ? 1 : 0;
            if (withRoom < BlocksPerFit && portion.Count < MostBlocksPerFit)
                continue;
            yield return portion;
            (portion, withRoom) = ([], 0);
        }

        if (portion.Count > 0)
            yield return portion;
    }

    private static RedisBlock Tried(RedisBlock block, DateTimeOffset now)
    {
        Probe(block, now);
        return block;
    }

    private async Task<(bool Fits, StoreUnavailableException? Fault)> TryFitAsync(
        RedisBlock block, PairParties parties, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            return (await FitsAsync(block, parties, now, cancellation), null);
        }
        catch (StoreUnavailableException fault)
        {
            return (false, fault);
        }
    }
}
