using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>How many slots one script adds or changes, so that none holds Redis up for long.</summary>
    private const int SlotsPerScript = 1_000;

    /// <summary>How many slots one page of a walk looks at.</summary>
    private const int MostSlotsPerPage = 20_000;

    private const int SlotsPerRead = 500;

    private static readonly Script s_stock = Script.Alone("Stock");
    private static readonly Script s_change = Script.OnBlock("Change");
    private static readonly Script s_count = Script.OnBlock("Count");

    /// <inheritdoc/>
    public async ValueTask<(Pool Pool, bool SameProperties)> CreatePoolAsync(Pool pool, CancellationToken cancellation)
    {
        await registry.ChangeAsync<object?>(
            known => (known.FindPool(pool.TenantId, pool.PoolId) is null ? [new RegistryChange(pool)] : [], null), cancellation);
        var standing = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Pool;
        return (standing, standing.HasPropertiesOf(pool));
    }

    /// <inheritdoc/>
    public async ValueTask<(Pool Pool, bool Changed)?> UpdatePoolAsync(
        string tenantId, string poolId, PoolUpdate update, int? expectedVersion, CancellationToken cancellation) =>
        await registry.ChangeAsync(
            known =>
            {
                var plan = known.PlanUpdate(tenantId, poolId, update, expectedVersion);
                var differs = plan is { Changed: true } changed && changed.Pool != known.FindPool(tenantId, poolId)!.Pool;
                return (differs ? [new RegistryChange(plan!.Value.Pool)] : (IReadOnlyList<RegistryChange>)[], plan);
            },
            cancellation);

    /// <inheritdoc/>
    public async ValueTask<Pool?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation) =>
        (await registry.FindPoolAsync(tenantId, poolId, cancellation))?.Pool;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Pool>> ListPoolsAsync(string tenantId, string? afterPoolId, int limit, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        return registry.Known.ListPools(tenantId, afterPoolId, limit);
    }

    /// <inheritdoc/>
    public async ValueTask<Pool?> FindOwnerAsync(PhoneNumber number, CancellationToken cancellation) =>
        (await registry.LocateAsync(number, cancellation))?.Block.Pool;

    /// <inheritdoc/>
    public ValueTask<PoolRoom> GetRoomAsync(Pool pool, string? area, PairParties? parties, DateTimeOffset now, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> FindBarAsync(Sealing.Digest counter, DateTimeOffset now, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask<CountAnswer> CountAsync(CountStep step, DateTimeOffset now, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask<bool> IsStockedAsync(PhoneNumber number, CancellationToken cancellation) => registry.IsStockedAsync(number, cancellation);

    /// <inheritdoc/>
    public async ValueTask<AddNumbersAnswer> AddNumbersAsync(
        Pool pool, NumberSelection numbers, DateTimeOffset now, CancellationToken cancellation)
    {
        var plan = await registry.ChangeAsync(
            known => known.Plan(known.FindPool(pool.TenantId, pool.PoolId)!, numbers) is var plan ? (plan.Changes, plan) : default, cancellation);
        if (plan.OverlappingBlocks.Count + plan.OverlappingNumbers.Count > 0)
            return new(0, 0, plan.OverlappingBlocks, plan.OverlappingNumbers);

        // Whatever of it the registry has is filled, also what an earlier try left unfilled.
        var selection = registry.Known.Select(registry.Known.FindPool(pool.TenantId, pool.PoolId)!, numbers);
        var added = 0;
        foreach (var block in selection.Whole)
            added += await FillAsync(block, 0, block.NumberCount, now, cancellation);
        foreach (var (block, slots) in selection.Parts)
        {
            foreach (var slot in slots)
                added += await FillAsync(block, slot, 1, now, cancellation);
        }

        await registry.ChangeAsync<object?>(
            _ =>
            {
                var filled = selection.Whole.Concat(selection.Parts.Select(part => part.Block)).Where(block => !registry.BlockOf(block).IsFilled);
                return ([.. filled.Select(block => new RegistryChange(Filled: new(block.Id)))], null);
            },
            cancellation);

        var asked = (numbers.Blocks.Count * BlockEntry.SizeOf(pool)) + numbers.Numbers.Count;
        return new(added, asked - added, [], []);
    }

    /// <inheritdoc/>
    public async ValueTask<ChangeNumbersAnswer> ChangeNumbersAsync(
        Pool pool, NumberSelection numbers, StockChange change, DateTimeOffset now, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        var selection = registry.Known.Select(registry.Known.FindPool(pool.TenantId, pool.PoolId)!, numbers);
        if (!selection.IsKnown)
            return new(0, 0, null, selection.UnknownBlocks, selection.UnknownNumbers);

        var (changed, leased, last) = (0, 0, -1L);
        var selected = selection.Whole.Select(block => (Block: block, Slots: Enumerable.Range(0, block.NumberCount).Select(slot => (uint)slot)))
            .Concat(selection.Parts.Select(part => (part.Block, Slots: part.Indices.AsEnumerable())));
        foreach (var (block, slots) in selected)
        {
            foreach (var part in slots.Chunk(SlotsPerScript))
            {
                var known = registry.BlockOf(block);
                if (!known.IsFilled)
                    throw new StoreUnavailableException($"Block {block.Id} is not filled yet; if that lasts, AddNumbers has to be repeated.");
                var answer = await RunOnBlockAsync(
                    s_change, known, now, cancellation, [change.ToString().ToLowerInvariant(), .. part.Select(SlotText)]);
                (changed, leased, last) = (changed + (int)(long)answer[0], leased + (int)(long)answer[1], Math.Max(last, (long)answer[2]));
                known.FirstFreeHint = 0;
            }
        }

        return new(changed, leased, last < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(last), [], []);
    }

    /// <inheritdoc/>
    public async ValueTask<PoolStats> GetStatsAsync(Pool pool, int skip, int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        var entries = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Blocks;
        var counted = await Task.WhenAll(entries.Select(async entry =>
        {
            if (!registry.BlockOf(entry).IsFilled)
                return new BlockStats(entry.Prefix, default, null);
            var answer = await RunOnBlockAsync(s_count, registry.BlockOf(entry), now, cancellation, Ms(entry.Owner.Pool.Aging));
            var counts = new NumberCounts(
                (long)answer[0], (long)answer[1], (long)answer[2], (long)answer[3], (long)answer[4], (long)answer[5]);
            var first = HintOf((string)answer[6]!);
            DateTimeOffset? next = counts.Available > 0 || first == RedisBlock.NoneFree
                ? null
                : DateTimeOffset.FromUnixTimeMilliseconds(first) + entry.Owner.Pool.Aging;
            return new BlockStats(entry.Prefix, counts, next);
        }));
        var total = counted.Aggregate(default(NumberCounts), (sum, block) => sum + block.Counts);
        var nextOfAll = total.Available > 0 ? null : counted.Min(block => block.NextAvailableTime);
        return new PoolStats(total, nextOfAll, [.. counted.Skip(skip).Take(limit)], counted.Length);
    }

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
            await EnsureThereAsync(block, cancellation);
            for (var slot = at.Slot; slot < block.Entry.NumberCount; slot++)
            {
                var count = Math.Min(SlotsPerRead, block.Entry.NumberCount - slot);
                RedisValue[] fields = [.. Enumerable.Range(slot, count).Select(index => SlotText((uint)index))];
                var packed = await calls.CallAsync(database => database.HashGetAsync(block.Routes, fields, RedisCalls.Primary), cancellation);
                for (var i = 0; i < count; i++, slot++)
                {
                    if (records.Count >= limit || budget-- <= 0)
                        return new RecordPage(records, at with { Slot = slot });
                    if (packed[i].IsNullOrEmpty)
                        continue;
                    var record = RecordOf(block, (uint)slot, (byte[])packed[i]!);
                    if (live is null || record.IsLive(now) == live)
                        records.Add(record);
                }

                slot--;
            }
        }

        return new RecordPage(records, null);
    }

    /// <summary>What a block's id stands for.</summary>
    private static string IdentityOf(BlockEntry entry) =>
        $"{entry.Owner.Pool.TenantId}/{entry.Owner.Pool.PoolId}/{(entry.Bucket is { } bucket ? $"#{bucket.ToString(CultureInfo.InvariantCulture)}" : entry.Prefix)}";

    private async Task<int> FillAsync(BlockEntry entry, uint first, int count, DateTimeOffset now, CancellationToken cancellation)
    {
        var block = registry.BlockOf(entry);
        var added = 0;
        for (var done = 0; done < count; done += SlotsPerScript)
        {
            RedisValue[] values =
            [
                Ms(now), options.LogLength, IdentityOf(entry), (first + done).ToString(CultureInfo.InvariantCulture), Math.Min(SlotsPerScript, count - done),
                block.IsFilled ? 1 : 0,
            ];
            added += (int)(long)await calls.RunAsync(s_stock, block.Keys, values, cancellation);
        }

        block.FirstFreeHint = 0;
        return added;
    }
}
