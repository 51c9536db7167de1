using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Time, the instances' clocks, and pools with so few numbers that clients keep getting in each other's way.</summary>
internal sealed class SimulatedWorld
{
    private static readonly TimeSpan[] s_skews = [TimeSpan.Zero, TimeSpan.FromSeconds(-4), TimeSpan.FromSeconds(5.5)];

    /// <summary>What calls some pools take.</summary>
    private static readonly Dictionary<string, SimulatedRules> s_rules = new()
    {
        ["pool-1"] = new(0, 24, null, [StoreTests.RealNumber(4)]),
        // Closed for some hours around midnight.
        ["pool-3"] = new(3, 22, null, [StoreTests.RealNumber(5)]),
        ["pool-4"] = new(0, 24, [.. new[] { 0, 1, 2, 3, 999 }.Select(StoreTests.RealNumber)], []),
        ["pool-5"] = new(0, 24, [.. new[] { 0, 1, 2, 3, 4, 100, 101 }.Select(StoreTests.RealNumber)], []),
    };

    private readonly Dictionary<(string TenantId, string PoolId), TimeSpan> _agings = [];
    private readonly List<(uint Id, Pool Pool, string Area)> _blocks = [];

    internal ManualTime Time { get; } = new(StoreTests.T0) { MeasuresToo = true };

    /// <summary>The instances' clocks: none is more than S from another.</summary>
    internal IReadOnlyList<TimeProvider> Clocks => [.. s_skews.Select(skew => new SkewedTime(Time, skew))];

    internal DateTimeOffset SlowestNow => Time.Now + s_skews.Min();

    internal DateTimeOffset FastestNow => Time.Now + s_skews.Max();

    /// <summary>What the slowest and the fastest clock show at a time.</summary>
    internal static (DateTimeOffset Slowest, DateTimeOffset Fastest) ClocksAt(DateTimeOffset time) => (time + s_skews.Min(), time + s_skews.Max());

    /// <summary>The rules of a pool; null: none.</summary>
    internal static SimulatedRules? RulesOf(Pool pool) => s_rules.GetValueOrDefault(pool.PoolId);

    internal List<Pool> Pools { get; } = [];

    /// <summary>Whether the pools take a number as somebody's: all do but mobile ones.</summary>
    internal static bool MayBind(PhoneNumber number) => number.Kind != PhoneNumberKind.Mobile;

    internal TimeSpan AgingOf(string tenantId, string poolId) => _agings[(tenantId, poolId)];

    internal Pool? FindPool(string tenantId, string poolId) => Pools.FirstOrDefault(pool => (pool.TenantId, pool.PoolId) == (tenantId, poolId));

    /// <summary>The pool of a block; null for those that single numbers went to.</summary>
    internal Pool? PoolOfBlock(uint block) => _blocks.FirstOrDefault(known => known.Id == block).Pool;

    internal string AreaOf(uint block) => _blocks.Single(known => known.Id == block).Area;

    /// <summary>A pool's blocks in the order of their adding.</summary>
    internal IEnumerable<uint> BlocksOf(Pool pool) => _blocks.Where(block => block.Pool == pool).Select(block => block.Id);

    internal TimeSpan AgingOfBlock(uint block) => PoolOfBlock(block) is { } pool ? AgingOf(pool.TenantId, pool.PoolId) : TimeSpan.Zero;

    internal void SetAging(Pool pool, TimeSpan aging) => _agings[(pool.TenantId, pool.PoolId)] = aging;

    /// <summary>
    /// Pools of two tenants, of all modes, of blocks with few numbers in stock; where numbers are shared, few leases fit on one, and it has
    /// few extensions.
    /// </summary>
    /// <param name="store">Where to.</param>
    /// <param name="oracle">Who is told.</param>
    /// <param name="verbs">What hides callers.</param>
    internal async Task StockAsync(RunningStore store, StepOracle oracle, LeaseVerbs verbs)
    {
        var aging = TimeSpan.FromHours(6);
        await StockAsync(store, oracle, verbs, StoreTests.PoolOf("pool-1", aging), [("", 5)]);
        await StockAsync(store, oracle, verbs, StoreTests.PoolOf("pool-2", aging, withheld: false) with { Quota = new LeaseQuota(2, null) }, [("", 3)]);
        await StockAsync(store, oracle, verbs, StoreTests.PoolOf("pool-3", aging, "tenant-2") with { Quota = new LeaseQuota(null, 3) }, [("", 3)]);
        await StockAsync(store, oracle, verbs, StoreTests.ExtensionPoolOf("pool-4", aging, density: 2, extensionLength: 1), [("110000", 1), ("310000", 1)]);
        await StockAsync(store, oracle, verbs, StoreTests.PairPoolOf("pool-5", aging, density: 2), [("110000", 2), ("", 1)]);
        await StockAsync(store, oracle, verbs, StoreTests.PairPoolOf("pool-6", aging, density: 3) with { TenantId = "tenant-2" }, [("", 3)]);
        await oracle.AfterStockChangeAsync("stocked");
    }

    private async Task StockAsync(RunningStore store, StepOracle oracle, LeaseVerbs verbs, Pool asked, (string Area, int InStock)[] blocks)
    {
        var none = CancellationToken.None;
        var rules = RulesOf(asked)?.Kept(verbs, asked.TenantId) ?? CallRules.None;
        var (pool, _) = await store.Stock.CreatePoolAsync(asked with { AllowedKinds = PhoneNumberKindSet.Of(PhoneNumberKind.Other), Rules = rules }, none);
        Pools.Add(pool);
        SetAging(pool, pool.Aging);
        foreach (var (area, inStock) in blocks)
        {
            var prefix = $"7{_blocks.Count:00000000}";
            await store.Stock.AddNumbersAsync(pool, new([prefix], [], area), Time.Now, none);
            var block = (uint)store.BlockCount;
            _blocks.Add((block, pool, area));
            var numbers = Enumerable.Range(0, 100).Select(i => PhoneNumber.FromCanonical($"999:{prefix}{i:00}")).ToList();
            foreach (var (number, index) in numbers.Select((number, index) => (number, index)))
                oracle.Slots.Stock(pool, number, block, (uint)index);
            await store.Stock.ChangeNumbersAsync(pool, new([], numbers[inStock..]), StockChange.Suspend, Time.Now, none);
            foreach (var number in numbers[inStock..])
                oracle.Slots.Change(number, StockChange.Suspend);
        }
    }

    private sealed class SkewedTime(ManualTime time, TimeSpan skew) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.Now + skew;

        public override long GetTimestamp() => time.GetTimestamp();
    }
}
