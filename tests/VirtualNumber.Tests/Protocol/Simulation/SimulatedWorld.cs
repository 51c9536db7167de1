using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Time, the instances' clocks, and pools with so few numbers that clients keep getting in each other's way.</summary>
internal sealed class SimulatedWorld
{
    private static readonly TimeSpan[] s_skews = [TimeSpan.Zero, TimeSpan.FromSeconds(-4), TimeSpan.FromSeconds(5.5)];

    private readonly Dictionary<(string TenantId, string PoolId), TimeSpan> _agings = [];
    private readonly Dictionary<uint, Pool> _blocks = [];

    internal ManualTime Time { get; } = new(StoreTests.T0);

    /// <summary>The instances' clocks: none is more than S from another.</summary>
    internal IReadOnlyList<TimeProvider> Clocks => [.. s_skews.Select(skew => new SkewedTime(Time, skew))];

    internal DateTimeOffset SlowestNow => Time.Now + s_skews.Min();

    internal DateTimeOffset FastestNow => Time.Now + s_skews.Max();

    internal List<Pool> Pools { get; } = [];

    internal TimeSpan AgingOf(string tenantId, string poolId) => _agings[(tenantId, poolId)];

    internal TimeSpan AgingOfBlock(uint block) => _blocks.TryGetValue(block, out var pool) ? AgingOf(pool.TenantId, pool.PoolId) : TimeSpan.Zero;

    internal void SetAging(Pool pool, TimeSpan aging) => _agings[(pool.TenantId, pool.PoolId)] = aging;

    /// <summary>Two pools of one tenant and one of another, each of one block with few numbers in stock.</summary>
    internal async Task StockAsync(RunningStore store, StepOracle oracle)
    {
        var none = CancellationToken.None;
        foreach (var (tenant, id, inStock, withheld) in new[]
        {
            (StoreTests.Tenant, "pool-1", 5, true), (StoreTests.Tenant, "pool-2", 3, false), ("tenant-2", "pool-3", 3, true),
        })
        {
            var aging = TimeSpan.FromHours(6);
            var (pool, _) = await store.Stock.CreatePoolAsync(StoreTests.PoolOf(id, aging, tenant, withheld: withheld), none);
            var prefix = $"70000000{Pools.Count}";
            await store.Stock.AddNumbersAsync(pool, new([prefix], []), Time.Now, none);
            Pools.Add(pool);
            SetAging(pool, aging);
            var block = (await store.Pool.ChooseBlockAsync(tenant, id, [], Time.Now, none))!.Value;
            _blocks[block] = pool;
            var numbers = Enumerable.Range(0, 100).Select(i => PhoneNumber.FromCanonical($"999:{prefix}{i:00}")).ToList();
            foreach (var number in numbers)
                oracle.Slots.Stock(pool, number, block);
            await store.Stock.ChangeNumbersAsync(pool, new([], numbers[inStock..]), StockChange.Suspend, Time.Now, none);
            foreach (var number in numbers[inStock..])
                oracle.Slots.Change(number, StockChange.Suspend);
        }

        await oracle.AfterStockChangeAsync("stocked");
    }

    private sealed class SkewedTime(ManualTime time, TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => time.Now + skew;
    }
}
