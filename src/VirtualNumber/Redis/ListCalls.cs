using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private const int CallsPerRead = 500;

    /// <inheritdoc/>
    public async ValueTask<CallPage> ListCallsAsync(
        Pool pool, CallFilter filter, CallCursor from, int limit, int looked, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        var entries = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Blocks;
        var found = new List<(uint Block, CallRecord Call)>();
        for (var at = from; at.Block < entries.Length; at = new CallCursor(at.Block + 1))
        {
            if (filter.Block is { } only && entries[at.Block].Id != only)
                continue;
            var block = registry.BlockOf(entries[at.Block]);
            await LookAsync(block, cancellation);
            await EnsureThereAsync(block, cancellation);
            while (await ReadCallsAsync(block, at, cancellation) is { Count: > 0 } calls)
            {
                foreach (var (place, call) in calls)
                {
                    if (found.Count >= limit || looked-- <= 0)
                        return new CallPage(found, at);
                    at = at with { Due = place.Due, Call = place.Call };
                    // Removed in between.
                    if (call is not null && filter.Matches(call))
                        found.Add((block.Id, call));
                }
            }
        }

        return new CallPage(found, null);
    }

    /// <summary>Some calls behind a place in the order of their due time; a call that is gone by now is null. Empty: there are no more.</summary>
    private async ValueTask<List<((DateTimeOffset Due, Digest Call) Place, CallRecord? Call)>> ReadCallsAsync(
        RedisBlock block, CallCursor from, CancellationToken cancellation)
    {
        var start = from.Due is { } due ? due.ToUnixTimeMilliseconds() : double.NegativeInfinity;
        // Of those that are due at the very same millisecond some may be behind the place and some not.
        for (var take = CallsPerRead; ; take *= 2)
        {
            var read = await calls.CallAsync(
                database => database.SortedSetRangeByScoreWithScoresAsync(block.CallsDue, start, take: take, flags: RedisCalls.Primary), cancellation);
            var places = read.Select(entry => (Due: DateTimeOffset.FromUnixTimeMilliseconds((long)entry.Score), Call: new Digest((byte[])entry.Element!)))
                .Where(place => from.Due is null || place.CompareTo((from.Due.Value, from.Call)) > 0).ToList();
            if (places.Count == 0 && read.Length == take)
                continue;

            RedisValue[] fields = [.. places.Select(place => (RedisValue)place.Call.ToArray())];
            var packed = fields.Length == 0
                ? []
                : await calls.CallAsync(database => database.HashGetAsync(block.Calls, fields, RedisCalls.Primary), cancellation);
            var found = new List<((DateTimeOffset Due, Digest Call) Place, CallRecord? Call)>(places.Count);
            for (var i = 0; i < places.Count; i++)
                found.Add((places[i], packed[i].IsNull ? null : await ReadCallAsync(block, places[i], (byte[])packed[i]!, cancellation)));
            return found;
        }
    }

    private async ValueTask<CallRecord> ReadCallAsync(RedisBlock block, (DateTimeOffset Due, Digest Call) place, byte[] packed, CancellationToken cancellation)
    {
        var index = CallFormat.IndexOf(packed);
        if (index >= block.Entry.NumberCount)
            await registry.RefreshAsync(cancellation);
        return index < block.Entry.NumberCount
            ? CallFormat.Unpack(packed, place.Call, place.Due, block.Entry.NumberAt(index))
            : throw new StoreUnavailableException($"Number {index} of block {block.Id} is not in the registry.");
    }
}
