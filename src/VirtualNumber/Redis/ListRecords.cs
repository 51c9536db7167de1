using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>How many slots one page of a walk looks at.</summary>
    private const int MostSlotsPerPage = 20_000;

    private const int SlotsPerRead = 500;

    /// <inheritdoc/>
    public async ValueTask<RecordPage> ListRecordsAsync(
        Pool pool, bool? live, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        var entries = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Blocks;
        var records = new List<LeaseRecord>();
        var budget = MostSlotsPerPage;
        for (var at = from; at.Block < entries.Length; at = new RecordCursor(at.Block + 1, 0))
        {
            var block = registry.BlockOf(entries[at.Block]);
            await LookAsync(block, cancellation);
            await EnsureThereAsync(block, cancellation);
            foreach (var slots in (await SlotsAsync(block, at.Slot, cancellation)).Chunk(SlotsPerRead))
            {
                RedisValue[] fields = [.. slots.Select(block.SlotText)];
                var packed = await calls.CallAsync(database => database.HashGetAsync(block.Routes, fields, RedisCalls.Primary), cancellation);
                var faultySince = await FaultySinceAsync(block, slots.Select(block.Entry.IndexOf), cancellation);
                for (var i = 0; i < slots.Length; i++)
                {
                    if (records.Count >= limit || budget-- <= 0)
                        return new RecordPage(records, at with { Slot = (int)slots[i] });
                    if (packed[i].IsNullOrEmpty)
                        continue;
                    var record = await ReadAsync(block, slots[i], (byte[])packed[i]!, cancellation) with { FaultySince = faultySince[i] };
                    if (live is null || record.IsLive(now) == live)
                        records.Add(record);
                }
            }
        }

        return new RecordPage(records, null);
    }

    /// <summary>The slots from one on that may have a record, ascending: all of them, or, where they are many more, those that have.</summary>
    private async ValueTask<IEnumerable<uint>> SlotsAsync(RedisBlock block, int from, CancellationToken cancellation)
    {
        if (!block.IsShared)
            return Enumerable.Range(from, Math.Max(0, block.Entry.NumberCount - from)).Select(slot => (uint)slot);

        // A record goes from the first to the second and never back, so that none that stays is missed.
        var live = await MembersAsync(block.Free, cancellation);
        var resting = await MembersAsync(block.Resting, cancellation);
        return live.Concat(resting).Select(member => uint.Parse((string)member!, CultureInfo.InvariantCulture))
            .Where(slot => slot >= from).Distinct().Order();
    }

    private ValueTask<RedisValue[]> MembersAsync(RedisKey set, CancellationToken cancellation) =>
        calls.CallAsync(database => database.SortedSetRangeByRankAsync(set, flags: RedisCalls.Primary), cancellation);
}
