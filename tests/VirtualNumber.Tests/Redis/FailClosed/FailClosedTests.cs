using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis.FailClosed;

/// <summary>Short names for what the tests of a Redis that forgets share. All on a clock that stands still unless a test says otherwise.</summary>
public abstract class FailClosedTests
{
    private protected static readonly TimeSpan Aging = TimeSpan.FromHours(1);

    private protected static readonly TimeSpan Loss = TimeSpan.FromSeconds(10);

    /// <summary>By how much later a forgotten now may have been: a command's delay, and what clocks differ by.</summary>
    private protected static readonly TimeSpan Slack = TimeSpan.FromSeconds(80);

    /// <summary>Bars that end by themselves are judged by the instance's own clock, too.</summary>
    private protected DateTimeOffset Now { get; } = TimeProvider.System.GetNow();

    private protected static CancellationToken None => CancellationToken.None;

    private protected static async Task<(Pool Pool, uint Block)> StockAsync(RedisInstance instance, PoolMode mode, string prefix, DateTimeOffset now)
    {
        var shared = mode != PoolMode.Direct;
        var asked = StoreTests.PoolOf($"pool-{prefix}", Aging) with { Mode = mode, Density = shared ? 10 : 1, ExtensionLength = mode == PoolMode.Extension ? 4 : 0 };
        var (pool, _) = await instance.Store.CreatePoolAsync(asked, None);
        await instance.Store.AddNumbersAsync(pool, new([prefix], []), now, None);
        return (pool, (await instance.Store.FindBlockAsync(pool, prefix, null, None))!.Id);
    }

    private protected static TakeStep StepOf(Pool pool, uint block, string name, DateTimeOffset now) => new(
        new Claim(StoreTests.ClaimIdOf(name), block, now), StoreTests.DigestOf(name), DeliveryRole.Recipient, 0, now + TimeSpan.FromDays(1),
        StoreTests.SealOf(name), StoreTests.DigestOf(name))
    {
        Choice = pool.Mode == PoolMode.Direct ? null : new SlotChoice([1, 2, 3, 4, 5], 0),
        Pair = pool.Mode == PoolMode.Pair ? new PairSide(null, default, CallDirection.Both) : null,
    };

    private protected static async Task<LeaseRecord> LeaseAsync(RedisInstance instance, Pool pool, uint block, string name, DateTimeOffset now)
    {
        var take = await instance.Store.TakeAsync(StepOf(pool, block, name, now), now, None);
        Assert.That((take.Outcome, take.New), Is.EqualTo((TakeOutcome.Live, true)), name);
        return take.Record!;
    }

    /// <summary>All that can be had of a block.</summary>
    private protected static async Task<List<LeaseRecord>> LeaseAllAsync(RedisInstance instance, Pool pool, uint block, string name, DateTimeOffset now)
    {
        var leases = new List<LeaseRecord>();
        while (true)
        {
            var take = await instance.Store.TakeAsync(StepOf(pool, block, $"{name} {leases.Count}", now), now, None);
            if (take.Outcome == TakeOutcome.Full)
                return leases;
            leases.Add(take.Record!);
        }
    }

    private protected static RouteStep CallTo(Pool pool, LeaseRecord lease) =>
        new(lease.Number, lease.Slot % pool.SlotsPerNumber(), lease.NumberDigest);

    private protected static async Task<RouteOutcome> CallAsync(RedisInstance instance, Pool pool, LeaseRecord lease, DateTimeOffset now) =>
        (await instance.Store.ResolveAsync(CallTo(pool, lease), now, None)).Outcome;

    private protected static async Task<NumberCounts> CountAsync(RedisInstance instance, Pool pool, DateTimeOffset now) =>
        (await instance.Store.GetStatsAsync(pool, 0, 10, now, None)).Counts;

    private protected static async Task<IReadOnlyList<BarReason>> BarsAsync(RedisInstance instance, Pool pool, DateTimeOffset now) =>
        [.. (await instance.Store.ListBarredBlocksAsync(pool, now, None)).Select(barred => barred.Bar.Reason)];

    private protected static ValueTask<int> ConfirmAsync(
        RedisInstance instance, Pool pool, DateTimeOffset now, TimeSpan? loss = null, bool atOnce = false) =>
        instance.Store.ConfirmBlocksAsync(pool, new(null, loss, atOnce), now, None);

    private protected static async Task<IReadOnlyList<LogKind>> LogAsync(RedisInstance instance, uint block) =>
        [.. (await RedisLog.ReadAsync(instance.Database, block, after: 0)).Select(entry => entry.Kind)];

    /// <summary>Every step that a caller may ask of a lease, and a take, is refused with these words.</summary>
    private protected static async Task AssertRefusedAsync(
        RedisInstance instance, Pool pool, LeaseRecord lease, DateTimeOffset now, string words)
    {
        var store = instance.Store;
        var holder = StoreTests.HolderOf(lease);
        Func<Task>[] steps =
        [
            () => store.ResolveAsync(CallTo(pool, lease), now, None).AsTask(),
            () => store.GetAsync(holder, None).AsTask(),
            () => store.FindAsync(StoreTests.ClaimOf(lease), None).AsTask(),
            () => store.ReleaseAsync(holder, now, None).AsTask(),
            () => store.TakeAsync(StepOf(pool, lease.Block, "refused", now), now, None).AsTask(),
            () => store.GetStatsAsync(pool, 0, 10, now, None).AsTask(),
            () => store.GetRoomAsync(pool, null, null, now, None).AsTask(),
            () => store.ListRecordsAsync(pool, null, default, 10, now, None).AsTask(),
            () => store.AddNumbersAsync(pool, new([lease.Number.NationalNumber[..^2]], []), now, None).AsTask(),
        ];
        foreach (var step in steps)
            Assert.That((await Assert.ThrowsAsync<StoreUnavailableException>(step))!.Message, Does.Contain(words));
    }

    /// <summary>Ends when an instance has a connection to a Redis that takes writes again.</summary>
    private protected static async Task UntilConnectedAsync(params RedisInstance[] instances)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        foreach (var instance in instances)
        {
            while (!await IsConnectedAsync(instance))
                await timer.WaitForNextTickAsync().AsTask().Soon();
        }
    }

    private static async Task<bool> IsConnectedAsync(RedisInstance instance)
    {
        try
        {
            await instance.Calls.CheckAsync(database => database.StringSetAsync("probe", "1", flags: RedisCalls.Primary), None);
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }
}
