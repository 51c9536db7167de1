using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_count = BlockScripts.Differing("Count").Unconfirmed();

    /// <inheritdoc/>
    public async ValueTask<PoolStats> GetStatsAsync(Pool pool, int skip, int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        var entries = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Blocks;
        var counted = await Task.WhenAll(entries.Select(entry => CountAsync(registry.BlockOf(entry), null, now, cancellation)));
        var blocks = entries.Zip(counted, (entry, room) => new BlockStats(entry.Prefix, room.Counts, room.NextAvailableTime, entry.Area));
        var (counts, next, _) = Sum(counted);
        return new PoolStats(counts, next, [.. blocks.Skip(skip).Take(limit)], counted.Length);
    }

    /// <inheritdoc/>
    public async ValueTask<PoolRoom> GetRoomAsync(Pool pool, string? area, PairParties? parties, DateTimeOffset now, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        var entries = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Blocks.Where(entry => area is null || entry.Area == area).ToList();
        // What it is asked for is why nothing could be had, and that is why: such a pool is neither empty nor aging.
        if (entries.Select(registry.BlockOf).FirstOrDefault(block => !block.MayLease(now)) is { } barred)
            throw new StoreUnavailableException(BarTexts.Of(barred.Entry, barred.Bar!)) { Trouble = StoreTrouble.DataLost };
        var room = Sum(await Task.WhenAll(entries.Select(entry => CountAsync(registry.BlockOf(entry), parties, now, cancellation))));
        return room with { Pair = parties is null ? null : room.Pair ?? default };
    }

    private static PoolRoom Sum(IReadOnlyCollection<PoolRoom> blocks)
    {
        var counts = blocks.Aggregate(default(NumberCounts), (sum, block) => sum + block.Counts);
        var next = counts.Available > 0 ? null : blocks.Min(block => block.NextAvailableTime);
        var pairs = blocks.Select(block => block.Pair).OfType<PairRoom>().ToList();
        return new(counts, next, pairs.Count == 0 ? null : pairs.Aggregate((sum, block) => sum + block));
    }

    /// <summary>One script, in one block. Nothing, where the block is not filled yet.</summary>
    private async Task<PoolRoom> CountAsync(RedisBlock block, PairParties? parties, DateTimeOffset now, CancellationToken cancellation)
    {
        if (!block.IsFilled)
            return new(default, null, null);
        var aging = block.Pool.Aging;
        RedisValue[] values = block.IsShared ? [Ms(aging), .. ValuesOf(parties)] : [Ms(aging)];
        var answer = await RunOnBlockAsync(s_count, block, now, cancellation, values);
        var counts = new NumberCounts(
            (long)answer[0], (long)answer[1], (long)answer[2], (long)answer[3], (long)answer[4], (long)answer[5])
        {
            Faulty = (long)answer[^1],
        };
        if (block.IsShared)
            return new(counts, InstantOf(answer[6]), parties is null ? null : PairRoomOf(answer[7..^1]));

        var first = HintOf((string)answer[6]!);
        return new(counts, counts.Available > 0 || first == RedisBlock.NoneFree ? null : DateTimeOffset.FromUnixTimeMilliseconds(first) + aging, null);
    }

    private static PairRoom PairRoomOf(RedisResult[] answer) =>
        new((int)answer[0], (int)answer[1], (int)answer[2], (int)answer[3], (int)answer[4], (int)answer[5], InstantOf(answer[6]));

    /// <summary>A pair's parties as the scripts take them; empty: not asked about, or not known.</summary>
    private static RedisValue[] ValuesOf(PairParties? parties) =>
        parties is { } pair ? [pair.Holder.ToArray(), pair.Peer?.ToArray() ?? RedisValue.EmptyString] : [RedisValue.EmptyString, RedisValue.EmptyString];

    /// <summary>An instant as scripts answer it; -1: none.</summary>
    private static DateTimeOffset? InstantOf(RedisResult answer) =>
        (string)answer! is var text && text == "-1" ? null : DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(text, CultureInfo.InvariantCulture));
}
