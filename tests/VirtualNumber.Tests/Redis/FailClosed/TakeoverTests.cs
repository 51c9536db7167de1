using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Redis.FailClosed;

/// <summary>A replica that takes over and had not been told of all.</summary>
public sealed class TakeoverTests : FailClosedTests
{
    private const int Forgotten = 5;

    private RedisServer _primary = null!;
    private RedisServer _replica = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _primary = await RedisServer.StartAsync();
        _replica = await RedisServer.StartAsync("--replicaof", $"127.0.0.1 {_primary.Port}");
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _primary.DisposeAsync();
        await _replica.DisposeAsync();
    }

    /// <summary>Reclaim comes by where nobody leases: it notices a takeover before the next one hides it.</summary>
    [Test]
    public async Task No_number_of_a_forgotten_lease_is_leased_before_its_rest([Values] bool reclaimedFirst)
    {
        await using var seeing = await InstanceAsync();
        var (pool, block) = await StockAsync(seeing, PoolMode.Direct, "70011", Now - Aging - Aging);
        // One whose rest ended a moment ago, and one that still rests: a forgotten change may have moved the end of either.
        var (rested, resting) = (await LeaseAsync(seeing, pool, block, "rested", Now - Aging - Aging), await LeaseAsync(seeing, pool, block, "resting", Now - Aging - Aging));
        await seeing.Store.ReleaseAsync(StoreTests.HolderOf(rested), Now - Aging, None);
        await seeing.Store.ReleaseAsync(StoreTests.HolderOf(resting), Now - TimeSpan.FromSeconds(1), None);
        var kept = await LeaseAsync(seeing, pool, block, "kept", Now);
        var forgotten = await ForgetAsync(seeing, pool, block);
        await using var unknowing = await InstanceAsync();
        await UntilConnectedAsync(unknowing, seeing);
        if (reclaimedFirst)
        {
            await unknowing.Registry.RefreshAsync(None);
            await unknowing.Store.ReclaimAsync(100, Now, None);
            Assert.That(await LogAsync(unknowing, block), Does.Contain(LogKind.Cautious));
        }

        var leases = await LeaseAllAsync(unknowing, pool, block, "on", Now);

        Assert.That(leases, Has.Count.EqualTo(100 - 3 - Forgotten));
        Assert.That(leases.Select(lease => lease.Slot).Intersect([rested.Slot, resting.Slot, .. forgotten.Select(lease => lease.Slot)]), Is.Empty);
        Assert.That(await CallAsync(unknowing, pool, kept, Now), Is.EqualTo(RouteOutcome.Route));
        Assert.That((await LogAsync(unknowing, block)).Count(kind => kind == LogKind.Cautious), Is.EqualTo(1), "Once for each change.");
        Assert.That((await CountAsync(unknowing, pool, Now)).Stocked, Is.EqualTo(100));
        Assert.That((await LeaseAllAsync(unknowing, pool, block, "a loss later", Now + Loss)).Select(lease => lease.Slot), Is.EqualTo(new[] { rested.Slot }));
        Assert.That(await LeaseAllAsync(unknowing, pool, block, "an aging later", Now + Aging), Has.Count.EqualTo(Forgotten + 1));
        // Whoever had seen the forgotten leases stops.
        await AssertRefusedAsync(seeing, pool, kept, Now, "forgotten changes");
    }

    /// <summary>In a pool that is nearly dry forgotten leases take what has rested just now.</summary>
    [Test]
    public async Task No_number_of_a_forgotten_lease_is_leased_before_its_rest_where_all_have_rested_just_now([Values(0, 5)] int secondsBehind)
    {
        // Whoever notices it may have read the clock before those who were forgotten did.
        var noticed = Now - TimeSpan.FromSeconds(secondsBehind);
        await using var seeing = await InstanceAsync();
        var (pool, block) = await StockAsync(seeing, PoolMode.Direct, "70011", Now - Aging - Aging);
        var ended = Now - Aging - TimeSpan.FromSeconds(1);
        for (var i = 0; i < 100; i++)
        {
            var lease = await LeaseAsync(seeing, pool, block, $"before {i}", Now - Aging - Aging);
            await seeing.Store.ReleaseAsync(StoreTests.HolderOf(lease), ended, None);
        }

        var forgotten = await ForgetAsync(seeing, pool, block);
        await using var unknowing = await InstanceAsync();
        await UntilConnectedAsync(unknowing);
        Assert.That(await LeaseAllAsync(unknowing, pool, block, "on", noticed), Is.Empty);
        var leases = await LeaseAllAsync(unknowing, pool, block, "a loss later", Now + Loss);
        Assert.That(leases, Has.Count.EqualTo(100 - Forgotten));
        Assert.That(leases.Select(lease => lease.Slot).Intersect(forgotten.Select(lease => lease.Slot)), Is.Empty);
    }

    [Test]
    public async Task Numbers_that_are_shared_are_not_leased_until_an_operator_has_looked([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode, [Values] bool reclaimedFirst)
    {
        LeaseRecord kept;
        Pool pool;
        uint block;
        await using (var seeing = await InstanceAsync())
        {
            (pool, block) = await StockAsync(seeing, mode, "70011", Now);
            kept = await LeaseAsync(seeing, pool, block, "kept", Now);
            await CutReplicaOffAsync(seeing);
            await LeaseAsync(seeing, pool, block, "forgotten", Now);
        }

        await PromoteReplicaAsync();
        await using var one = await InstanceAsync();
        await using var other = await InstanceAsync();
        await UntilConnectedAsync(one, other);
        if (reclaimedFirst)
        {
            await one.Registry.RefreshAsync(None);
            await one.Store.ReclaimAsync(100, Now, None);
            Assert.That(await LogAsync(one, block), Does.Contain(LogKind.Cautious));
        }

        Assert.That(await LeaseAllAsync(one, pool, block, "on", Now), Is.Empty);
        await other.Registry.RefreshAsync(None);
        var parties = mode == PoolMode.Pair ? StoreTests.PartiesOf("a", "b") : default(PairParties?);
        foreach (var instance in new[] { one, other })
        {
            Assert.That(await BarsAsync(instance, pool, Now), Is.EqualTo(new[] { BarReason.LeasesForgotten }));
            Assert.That(await instance.Store.ChooseBlockAsync(new BlockChoice(StoreTests.Tenant, pool.PoolId, [], null, parties), Now, None), Is.Null);
            var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => instance.Store.GetRoomAsync(pool, null, parties, Now, None).AsTask());
            Assert.That(refusal!.Message, Does.Contain("leases nothing until"));
            Assert.That(await CallAsync(instance, pool, kept, Now), Is.EqualTo(RouteOutcome.Route), "Standing leases go on.");
        }

        Assert.That(await BarsAsync(one, pool, Now + Aging + Loss + Slack), Is.Empty, "It ends by itself.");
        Assert.That(await ConfirmAsync(other, pool, Now), Is.Zero, "Nobody said that no lease was forgotten.");
        Assert.That(await ConfirmAsync(other, pool, Now, atOnce: true), Is.EqualTo(1));
        await one.Registry.RefreshAsync(None);
        await LeaseAsync(one, pool, block, "after all", Now);
        Assert.That((await one.Store.ReleaseAsync(StoreTests.HolderOf(kept), Now, None)).Outcome, Is.EqualTo(HolderOutcome.Done));
    }

    /// <summary>Who joins may be on the number by a forgotten lease, with somebody else.</summary>
    [Test]
    public async Task Nobody_joins_a_pair_where_leases_may_have_been_forgotten([Values] bool taken)
    {
        await using var seeing = await InstanceAsync();
        var (pool, block) = await StockAsync(seeing, PoolMode.Pair, "70011", Now);
        var kept = await LeaseAsync(seeing, pool, block, "kept", Now);
        await CutReplicaOffAsync(seeing);
        var forgotten = await LeaseAsync(seeing, pool, block, "forgotten", Now);
        Assert.That(forgotten.Number, Is.EqualTo(kept.Number), "Both persons are on one number.");
        await PromoteReplicaAsync();
        await using var one = await InstanceAsync();
        await UntilConnectedAsync(one);
        if (taken)
            Assert.That((await one.Store.TakeAsync(StepOf(pool, block, "on", Now), Now, None)).Outcome, Is.EqualTo(TakeOutcome.Full));

        var joins = await JoinAsync("R1", Now);

        Assert.That(joins.Outcome, Is.EqualTo(HolderOutcome.Busy));
        Assert.That((await JoinAsync("R2", Now + Aging + Loss + Slack)).Outcome, Is.EqualTo(HolderOutcome.Done), "Once that has rested.");

        ValueTask<HolderAnswer> JoinAsync(string request, DateTimeOffset now) => one.Store.ReassignAsync(
            new ReassignStep(
                StoreTests.HolderOf(kept), StoreTests.MarkOf(request), new BoundNumber(StoreTests.SealOf("forgotten"), StoreTests.DigestOf("forgotten")), null),
            now,
            None);
    }

    /// <summary>
    /// No connection breaks: the old primary is made a replica of the new one, copies what that has, and goes on answering look-ups. Nothing tells
    /// of that before the client looks who the primary is.
    /// </summary>
    [Test]
    public async Task Whoever_has_seen_more_notices_it_also_where_two_servers_change_places()
    {
        await using var seeing = await InstanceAsync();
        var (pool, block) = await StockAsync(seeing, PoolMode.Direct, "70011", Now);
        var released = await LeaseAsync(seeing, pool, block, "released", Now);
        await CutReplicaOffAsync(seeing);
        await seeing.Store.ReleaseAsync(StoreTests.HolderOf(released), Now, None);
        await AskReplicaAsync("REPLICAOF", "NO", "ONE");
        await _primary.AskAsync("REPLICAOF", "127.0.0.1", $"{_replica.Port}");

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var start = TimeProvider.System.GetTimestamp();
        var found = false;
        while (!found && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(10))
        {
            try
            {
                await CallAsync(seeing, pool, released, Now);
            }
            catch (StoreUnavailableException fault)
            {
                found = fault.Message.Contains("forgotten changes", StringComparison.Ordinal);
            }

            await timer.WaitForNextTickAsync();
        }

        Assert.That(found, Is.True);
    }

    [Test]
    public async Task Where_the_replicas_confirm_each_change_nothing_is_asked()
    {
        await using var one = await InstanceAsync(DurabilityLevel.Replicated);
        var (pool, block) = await StockAsync(one, PoolMode.Extension, "70011", Now);
        var kept = await LeaseAsync(one, pool, block, "kept", Now);
        await CutReplicaOffAsync(one);
        await PromoteReplicaAsync();
        await using var next = await RedisServer.StartAsync("--replicaof", $"127.0.0.1 {_replica.Port}");
        await UntilConnectedAsync(one);
        Assert.That((int)await one.Database.ExecuteAsync("WAIT", 1, 60_000), Is.EqualTo(1), "Changes can be confirmed again.");

        // A repeat finds the lease of a try whose answer it missed.
        Assert.That((await UntilAnsweredAsync(() => one.Store.TakeAsync(StepOf(pool, block, "on", Now), Now, None))).Outcome, Is.EqualTo(TakeOutcome.Live));

        Assert.That(await CallAsync(one, pool, kept, Now), Is.EqualTo(RouteOutcome.Route));
        Assert.That(await LogAsync(one, block), Does.Not.Contain(LogKind.Cautious));
        Assert.That(await BarsAsync(one, pool, Now), Is.Empty);
    }

    /// <summary>Asks again and again, as callers would, until the store answers.</summary>
    private static async Task<T> UntilAnsweredAsync<T>(Func<ValueTask<T>> call)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var start = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                return await call();
            }
            catch (StoreUnavailableException) when (TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMinutes(1))
            {
                await timer.WaitForNextTickAsync();
            }
        }
    }

    private async Task<RedisInstance> InstanceAsync(DurabilityLevel level = DurabilityLevel.Always) => RedisInstance.Over(
        await RedisConnection.ConnectAsync($"127.0.0.1:{_primary.Port},127.0.0.1:{_replica.Port},allowAdmin=true"),
        new RedisOptions { Durability = level, ForgottenLeases = Forgotten });

    /// <summary>The replica has all until now, and nothing of what comes.</summary>
    private async Task CutReplicaOffAsync(RedisInstance instance)
    {
        await instance.Database.StringSetAsync("probe", "1");
        Assert.That((int)await instance.Database.ExecuteAsync("WAIT", 1, 60_000), Is.EqualTo(1));
        await AskReplicaAsync("REPLICAOF", "127.0.0.1", "1");
    }

    /// <summary>Leases that the replica is not told of, which takes over then.</summary>
    private async Task<List<LeaseRecord>> ForgetAsync(RedisInstance instance, Pool pool, uint block)
    {
        await CutReplicaOffAsync(instance);
        var forgotten = new List<LeaseRecord>();
        for (var i = 0; i < Forgotten; i++)
            forgotten.Add(await LeaseAsync(instance, pool, block, $"forgotten {i}", Now));
        await PromoteReplicaAsync();
        return forgotten;
    }

    private async Task PromoteReplicaAsync()
    {
        await _primary.KillAsync();
        await AskReplicaAsync("REPLICAOF", "NO", "ONE");
    }

    private async Task AskReplicaAsync(params string[] command)
    {
        var (exitCode, output) = await Sources.RunAsync("redis-cli", ["-e", "-p", $"{_replica.Port}", .. command]);
        Assert.That(exitCode, Is.Zero, output);
    }
}
