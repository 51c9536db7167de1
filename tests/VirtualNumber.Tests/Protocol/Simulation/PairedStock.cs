using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>The registry and the stock of a store and of its model, asked the same.</summary>
internal sealed class PairedStock(INumberStock subject, INumberStock model, Func<int> blockCount) : INumberStock
{
    private readonly List<(string TenantId, string PoolId)> _owners = [];

    /// <summary>Which pool a block was added to; null when there is no such block.</summary>
    internal (string TenantId, string PoolId)? OwnerOf(uint block) => block >= 1 && block <= _owners.Count ? _owners[(int)block - 1] : null;

    public ValueTask<(Pool Pool, bool SameProperties)> CreatePoolAsync(Pool pool, CancellationToken cancellation) =>
        OnBothAsync("create pool", pool, stock => stock.CreatePoolAsync(pool, cancellation));

    public ValueTask<(Pool Pool, bool Changed)?> UpdatePoolAsync(
        string tenantId, string poolId, PoolUpdate update, int? expectedVersion, CancellationToken cancellation) =>
        OnBothAsync(
            "update pool", poolId, stock => stock.UpdatePoolAsync(tenantId, poolId, update, expectedVersion, cancellation));

    public ValueTask<Pool?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation) =>
        OnBothAsync("find pool", poolId, stock => stock.FindPoolAsync(tenantId, poolId, cancellation));

    public ValueTask<IReadOnlyList<Pool>> ListPoolsAsync(string tenantId, string? afterPoolId, int limit, CancellationToken cancellation) =>
        OnBothAsync("list pools", tenantId, stock => stock.ListPoolsAsync(tenantId, afterPoolId, limit, cancellation));

    public ValueTask<Pool?> FindOwnerAsync(PhoneNumber number, CancellationToken cancellation) =>
        OnBothAsync("find owner", number.Canonical, stock => stock.FindOwnerAsync(number, cancellation));

    public ValueTask<PoolRoom> GetRoomAsync(Pool pool, string? area, PairParties? parties, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("room", (pool.PoolId, area, parties, now), stock => stock.GetRoomAsync(pool, area, parties, now, cancellation));

    public ValueTask<bool> IsStockedAsync(PhoneNumber number, TimeSpan age, CancellationToken cancellation) =>
        OnBothAsync("is stocked", number.Canonical, stock => stock.IsStockedAsync(number, age, cancellation));

    public async ValueTask<AddNumbersAnswer> AddNumbersAsync(Pool pool, NumberSelection numbers, DateTimeOffset now, CancellationToken cancellation)
    {
        var answer = await OnBothAsync("add numbers", pool.PoolId, stock => stock.AddNumbersAsync(pool, numbers, now, cancellation));
        _owners.AddRange(Enumerable.Repeat((pool.TenantId, pool.PoolId), blockCount() - _owners.Count));
        return answer;
    }

    public ValueTask<ChangeNumbersAnswer> ChangeNumbersAsync(
        Pool pool, NumberSelection numbers, StockChange change, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("change numbers", (pool.PoolId, change, now), stock => stock.ChangeNumbersAsync(pool, numbers, change, now, cancellation));

    public ValueTask<PoolStats> GetStatsAsync(Pool pool, int skip, int limit, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("stats", (pool.PoolId, now), stock => stock.GetStatsAsync(pool, skip, limit, now, cancellation));

    public ValueTask<RecordPage> ListRecordsAsync(Pool pool, bool? live, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("list records", (pool.PoolId, now), stock => stock.ListRecordsAsync(pool, live, from, limit, now, cancellation));

    public ValueTask<CallPage> ListCallsAsync(
        Pool pool, CallFilter filter, CallCursor from, int limit, int looked, CancellationToken cancellation) =>
        OnBothAsync("list calls", (pool.PoolId, filter, from), stock => stock.ListCallsAsync(pool, filter, from, limit, looked, cancellation));

    public ValueTask<FaultyPage> ListFaultyNumbersAsync(Pool pool, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("list faulty", (pool.PoolId, now), stock => stock.ListFaultyNumbersAsync(pool, from, limit, now, cancellation));

    public async ValueTask<IReadOnlyList<BarredBlock>> ListBarredBlocksAsync(Pool pool, DateTimeOffset now, CancellationToken cancellation)
    {
        // None, in a run without a loss; the entries are each store's own.
        await OnBothAsync("barred blocks", (pool.PoolId, now), async stock => (await stock.ListBarredBlocksAsync(pool, now, cancellation)).Count);
        return [];
    }

    public ValueTask<int> ConfirmBlocksAsync(Pool pool, BlockConfirmation confirmation, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("confirm blocks", (pool.PoolId, now), stock => stock.ConfirmBlocksAsync(pool, confirmation, now, cancellation));

    public ValueTask<BlockEntry?> FindBlockAsync(Pool pool, string prefix, PhoneNumber? number, CancellationToken cancellation) =>
        subject.FindBlockAsync(pool, prefix, number, cancellation);

    private ValueTask<T> OnBothAsync<T>(string name, object argument, Func<INumberStock, ValueTask<T>> step) =>
        Agreement.OnAsync(name, argument, subject, model, step);
}
