using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>How many numbers one script adds or changes, so that none holds Redis up for long.</summary>
    private const int NumbersPerScript = 1_000;

    private static readonly BlockScripts s_stock = new(Script.OnAnyBlock("Takeover", "Filling", "Stock"), Script.OnAnyBlock("Takeover", "Filling", "StockShared"));
    private static readonly BlockScripts s_change = BlockScripts.Differing("Change", "Faults");

    /// <inheritdoc/>
    public async ValueTask<(Pool Pool, bool SameProperties)> CreatePoolAsync(Pool pool, CancellationToken cancellation)
    {
        await registry.ChangeAsync<object?>(
            known => (known.FindPool(pool.TenantId, pool.PoolId) is null ? [RegistryChange.Of(pool)] : [], null), cancellation);
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
                return (differs ? [update.ToChange(plan!.Value.Pool)] : (IReadOnlyList<RegistryChange>)[], plan);
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
    public ValueTask<bool> IsStockedAsync(PhoneNumber number, TimeSpan age, CancellationToken cancellation) => registry.IsStockedAsync(number, age, cancellation);

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
        foreach (var (block, indices) in selection.Parts)
        {
            foreach (var index in indices)
                added += await FillAsync(block, index, 1, now, cancellation);
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
        var selected = selection.Whole.Select(block => (Block: block, Indices: Enumerable.Range(0, block.NumberCount).Select(index => (uint)index)))
            .Concat(selection.Parts.Select(part => (part.Block, Indices: part.Indices.AsEnumerable())));
        foreach (var (block, indices) in selected)
        {
            foreach (var part in indices.Chunk(NumbersPerScript))
            {
                var known = registry.BlockOf(block);
                if (!known.IsFilled)
                    throw new StoreUnavailableException($"Block {block.Id} is not filled yet; if that lasts, AddNumbers has to be repeated.");
                var answer = await RunOnBlockAsync(
                    s_change, known, now, cancellation, [change.ToString().ToLowerInvariant(), .. part.Select(IndexText)]);
                (changed, leased, last) = (changed + (int)(long)answer[0], leased + (int)(long)answer[1], Math.Max(last, (long)answer[2]));
                known.FirstFreeHint = 0;
            }
        }

        return new(changed, leased, last < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(last), [], []);
    }

    /// <summary>
    /// What a block's id stands for. A bucket may have several blocks, and what it is filled with depends on the order of adding: its first
    /// number tells them apart.
    /// </summary>
    private static string IdentityOf(BlockEntry entry)
    {
        var numbers = entry.Bucket is { } bucket
            ? $"#{bucket.ToString(CultureInfo.InvariantCulture)} {entry.NumberAt(0).Canonical}"
            : entry.Prefix;
        var area = entry.Area.Length > 0 ? $" in {entry.Area}" : "";
        return $"{entry.Owner.Pool.TenantId}/{entry.Owner.Pool.PoolId}/{numbers}{area}";
    }

    private Task<int> FillAsync(BlockEntry entry, uint first, int count, DateTimeOffset now, CancellationToken cancellation)
    {
        var block = registry.BlockOf(entry);
        block.ThrowIfBarred();
        return FillAsync(block, first, count, now, lastEnd: null, cancellation);
    }

    /// <summary>Fills a block, or what is missing of it; with the end of the last lease on its numbers also one that has lost its data.</summary>
    private async Task<int> FillAsync(
        RedisBlock block, uint first, int count, DateTimeOffset now, DateTimeOffset? lastEnd, CancellationToken cancellation)
    {
        var added = 0;
        for (var done = 0; done < count; done += NumbersPerScript)
        {
            // Where numbers are shared none of their slots is there before it is leased; their rest is the block's.
            RedisValue[] kind = block.IsShared
                ? [block.Pool.Mode.ToString().ToLowerInvariant(), block.Pool.Density, block.Pool.SlotsPerNumber()]
                : [lastEnd is { } end ? Ms(end) : 0];
            RedisValue[] values =
            [
                IdentityOf(block.Entry), (first + done).ToString(CultureInfo.InvariantCulture), Math.Min(NumbersPerScript, count - done),
                block.IsFilled && lastEnd is null ? 1 : 0, .. kind,
            ];
            added += (int)(long)(await RunMarkedAsync(s_stock.For(block), block, now, cancellation, values)).Answer;
        }

        block.FirstFreeHint = 0;
        return added;
    }
}
