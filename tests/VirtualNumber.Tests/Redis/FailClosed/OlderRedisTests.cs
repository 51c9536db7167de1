using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis.FailClosed;

/// <summary>A Redis that comes back with less than was seen in it.</summary>
public sealed class OlderRedisTests : FailClosedTests
{
    private RedisServer _redis = null!;

    [SetUp]
    public async Task StartAsync() => _redis = await RedisServer.StartAsync("--appendfsync", "always");

    [TearDown]
    public async Task StopAsync() => await _redis.DisposeAsync();

    [Test]
    public async Task Whoever_has_seen_more_bars_the_block_for_all([Values] PoolMode mode)
    {
        await using var leasing = await RedisInstance.StartAsync(_redis);
        await using var looking = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(leasing, mode, "70011", Now);
        var (untouched, other) = await StockAsync(leasing, mode, "70022", Now);
        var kept = await LeaseAsync(leasing, pool, block, "kept", Now);
        var elsewhere = await LeaseAsync(leasing, untouched, other, "elsewhere", Now);
        using var copy = _redis.CopyData();
        await LeaseAsync(leasing, pool, block, "forgotten", Now);
        // It leases nothing, and yet knows how far the block has come.
        await looking.Registry.RefreshAsync(None);
        await looking.Store.ReclaimAsync(100, Now, None);

        await ComeBackAsync(copy, leasing, looking);

        await AssertRefusedAsync(looking, pool, kept, Now, "forgotten changes");
        await AssertRefusedAsync(leasing, pool, kept, Now, "forgotten changes");
        await using var late = await RedisInstance.StartAsync(_redis);
        await AssertRefusedAsync(late, pool, kept, Now, "forgotten changes");
        foreach (var instance in new[] { looking, leasing, late })
        {
            Assert.That(await BarsAsync(instance, pool, Now), Is.EqualTo(new[] { BarReason.DataOlder }));
            Assert.That(await instance.Store.ReclaimAsync(100, Now, None), Is.EqualTo(new ReclaimAnswer(0, 0, Backlog: false)));
            Assert.That(await CallAsync(instance, untouched, elsewhere, Now), Is.EqualTo(RouteOutcome.Route), "A block that is what it was.");
            var finding = (await instance.Store.PingAsync(None)).Single();
            Assert.That((finding.Kind, finding.Bars), Is.EqualTo((StoreFindingKind.BlocksBarred, false)));
            Assert.That(finding.Text, Does.Contain("1 blocks").And.Contain(pool.PoolId).And.Contain("ConfirmBlocks").And.Not.Contain(untouched.PoolId));
        }
    }

    /// <summary>What it wrote since does not hide what is missing.</summary>
    [Test]
    public async Task One_who_had_seen_less_wrote_on_and_is_found_out()
    {
        await using var seeing = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(seeing, PoolMode.Direct, "70011", Now);
        var kept = await LeaseAsync(seeing, pool, block, "kept", Now);
        using var copy = _redis.CopyData();
        var forgotten = await LeaseAsync(seeing, pool, block, "forgotten", Now);
        await ComeBackAsync(copy, seeing);

        await using var late = await RedisInstance.StartAsync(_redis);
        Assert.That((await LeaseAsync(late, pool, block, "on", Now)).Slot, Is.EqualTo(forgotten.Slot), "It cannot know.");
        await AssertRefusedAsync(seeing, pool, kept, Now, "forgotten changes");
        await late.Registry.RefreshAsync(None);
        await AssertRefusedAsync(late, pool, kept, Now, "forgotten changes");
    }

    [Test]
    public async Task Once_an_operator_has_confirmed_it_the_block_goes_on_everywhere_and_all_that_is_not_leased_rests([Values] PoolMode mode)
    {
        await using var one = await RedisInstance.StartAsync(_redis);
        await using var other = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(one, mode, "70011", Now);
        var kept = await LeaseAsync(one, pool, block, "kept", Now);
        using var copy = _redis.CopyData();
        var forgotten = await LeaseAsync(one, pool, block, "forgotten", Now);
        await ComeBackAsync(copy, one);
        await AssertRefusedAsync(one, pool, kept, Now, "forgotten changes");
        await AssertRefusedAsync(other, pool, kept, Now, "forgotten changes");

        Assert.That(await ConfirmAsync(other, pool, Now), Is.EqualTo(1));
        Assert.That(await ConfirmAsync(other, pool, Now), Is.Zero, "A repeat lifts nothing more.");
        await one.Registry.RefreshAsync(None);

        var almost = Now + Aging - TimeSpan.FromMilliseconds(1);
        foreach (var instance in new[] { one, other })
        {
            Assert.That(await CallAsync(instance, pool, kept, Now), Is.EqualTo(RouteOutcome.Route));
            Assert.That(await CallAsync(instance, pool, forgotten, Now), Is.EqualTo(RouteOutcome.NotLeased));
            Assert.That(await LeaseAllAsync(instance, pool, block, $"early {instance.GetHashCode()}", almost), Is.Empty);
        }

        Assert.That(await LogAsync(one, block), Does.Contain(LogKind.Confirmed));
        var leases = await LeaseAllAsync(one, pool, block, "later", Now + Aging);
        Assert.That(leases, Has.Count.EqualTo(mode == PoolMode.Direct ? 99 : 999));
        Assert.That(await CountAsync(other, pool, Now + Aging), Has.Property("Stocked").EqualTo(mode == PoolMode.Direct ? 100 : 1_000));
    }

    [Test]
    public async Task Where_the_loss_is_known_only_what_it_may_have_touched_rests()
    {
        await using var one = await RedisInstance.StartAsync(_redis, new RedisOptions { ForgottenLeases = 5 });
        var (pool, block) = await StockAsync(one, PoolMode.Direct, "70011", Now);
        var kept = await LeaseAsync(one, pool, block, "kept", Now);
        using var copy = _redis.CopyData();
        var forgotten = new List<LeaseRecord>();
        for (var i = 0; i < 5; i++)
            forgotten.Add(await LeaseAsync(one, pool, block, $"forgotten {i}", Now));
        await ComeBackAsync(copy, one);
        await AssertRefusedAsync(one, pool, kept, Now, "forgotten changes");
        await ConfirmAsync(one, pool, Now, Loss);

        var leases = await LeaseAllAsync(one, pool, block, "on", Now);

        Assert.That(leases, Has.Count.EqualTo(94));
        Assert.That(leases.Select(lease => lease.Slot).Intersect(forgotten.Select(lease => lease.Slot)), Is.Empty);
        var counts = await CountAsync(one, pool, Now);
        Assert.That((counts.Leased, counts.Aging, counts.Available, counts.Stocked), Is.EqualTo((95, 5, 0, 100)));
        Assert.That(await LeaseAllAsync(one, pool, block, "rested", Now + Aging), Has.Count.EqualTo(5));
    }

    /// <summary>It may have been put back into the stock and leased since.</summary>
    [Test]
    public async Task What_was_out_of_stock_rests_as_well([Values] bool retired)
    {
        await using var one = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(one, PoolMode.Direct, "70011", Now);
        var taken = new NumberSelection([], [PhoneNumber.FromCanonical("999:7001100")]);
        await one.Store.ChangeNumbersAsync(pool, taken, retired ? StockChange.Retire : StockChange.Suspend, Now, None);
        using var copy = _redis.CopyData();
        await one.Store.ChangeNumbersAsync(pool, taken, StockChange.Restore, Now, None);
        var forgotten = await LeaseAsync(one, pool, block, "forgotten", Now);
        Assert.That(forgotten.Slot, Is.Zero);
        await ComeBackAsync(copy, one);
        await AssertRefusedAsync(one, pool, forgotten, Now, "forgotten changes");

        await ConfirmAsync(one, pool, Now);
        await one.Store.ChangeNumbersAsync(pool, taken, StockChange.Restore, Now, None);

        Assert.That(await LeaseAllAsync(one, pool, block, "early", Now + Aging - TimeSpan.FromMilliseconds(1)), Is.Empty);
        Assert.That(await LeaseAllAsync(one, pool, block, "later", Now + Aging), Has.Count.EqualTo(100));
    }

    [Test]
    public async Task A_block_without_a_log_is_tidied_up_by_who_has_seen_nothing_of_it([Values] PoolMode mode)
    {
        await using var one = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(one, mode, "70011", Now);
        await one.Database.KeyDeleteAsync(Keys.Log(block));
        await using var late = await RedisInstance.StartAsync(_redis);
        await late.Registry.RefreshAsync(None);

        Assert.That(await late.Store.ReclaimAsync(100, Now, None), Is.EqualTo(new ReclaimAnswer(0, 0, Backlog: false)));
        Assert.That(await BarsAsync(late, pool, Now), Is.Empty);
    }

    [Test]
    public async Task A_block_that_has_lost_its_data_is_made_anew_when_an_operator_says_so([Values] PoolMode mode)
    {
        await using var one = await RedisInstance.StartAsync(_redis);
        await using var other = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(one, mode, "70011", Now);
        var lost = await LeaseAsync(one, pool, block, "lost", Now);
        await one.Database.KeyDeleteAsync(Keys.OfBlock(block, mode));
        await AssertRefusedAsync(one, pool, lost, Now, "lost its data");
        await other.Registry.RefreshAsync(None);
        Assert.That(await BarsAsync(other, pool, Now), Is.EqualTo(new[] { BarReason.DataLost }));

        Assert.That(await ConfirmAsync(other, pool, Now), Is.EqualTo(1));

        await one.Registry.RefreshAsync(None);
        Assert.That(await CallAsync(one, pool, lost, Now), Is.EqualTo(RouteOutcome.NotLeased));
        Assert.That(await LeaseAllAsync(one, pool, block, "early", Now + Aging - TimeSpan.FromMilliseconds(1)), Is.Empty);
        Assert.That(await LeaseAllAsync(one, pool, block, "later", Now + Aging), Has.Count.EqualTo(mode == PoolMode.Direct ? 100 : 1_000));
    }

    [Test]
    public async Task What_stands_in_a_blocks_place_is_thrown_away_when_an_operator_says_so()
    {
        await using var one = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(one, PoolMode.Direct, "70011", Now);
        await LeaseAsync(one, pool, block, "of another block", Now);
        await one.Database.KeyDeleteAsync(Keys.Registry);
        await using var late = await RedisInstance.StartAsync(_redis);
        (pool, _) = await late.Store.CreatePoolAsync(StoreTests.PoolOf("pool", Aging), None);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => late.Store.AddNumbersAsync(pool, new(["70099"], []), Now, None).AsTask());
        Assert.That(await BarsAsync(late, pool, Now), Is.EqualTo(new[] { BarReason.OtherBlock }));

        Assert.That(await ConfirmAsync(late, pool, Now), Is.EqualTo(1));

        var counts = await CountAsync(late, pool, Now);
        Assert.That((counts.Leased, counts.Aging, counts.Stocked), Is.EqualTo((0, 100, 100)));
        Assert.That((await LeaseAsync(late, pool, block, "a", Now + Aging)).Number.NationalNumber, Does.StartWith("70099"));
    }

    [Test]
    public async Task A_Redis_that_comes_back_with_all_of_it_alarms_nobody([Values(DurabilityLevel.Always, DurabilityLevel.Everysec)] DurabilityLevel level)
    {
        await using var one = await RedisInstance.StartAsync(_redis, new RedisOptions { Durability = level, ForgottenLeases = 5 });
        var (pool, block) = await StockAsync(one, PoolMode.Direct, "70011", Now);
        var (shared, sharedBlock) = await StockAsync(one, PoolMode.Extension, "70022", Now);
        var kept = await LeaseAsync(one, pool, block, "kept", Now);
        await LeaseAsync(one, shared, sharedBlock, "shared", Now);

        await _redis.KillAsync();
        await _redis.RestartAsync();
        await UntilConnectedAsync(one);

        Assert.That(await CallAsync(one, pool, kept, Now), Is.EqualTo(RouteOutcome.Route));
        var slots = (await LeaseAllAsync(one, pool, block, "on", Now)).Select(lease => lease.Slot).ToList();
        var more = await one.Store.TakeAsync(StepOf(shared, sharedBlock, "more", Now), Now, None);
        // Where Redis writes at once, a restart has forgotten nothing; else nobody knows.
        var careful = level == DurabilityLevel.Everysec;
        Assert.That(slots, Is.EqualTo(Enumerable.Range(careful ? 6 : 1, careful ? 94 : 99)));
        Assert.That((await LogAsync(one, block)).Contains(LogKind.Cautious), Is.EqualTo(careful));
        Assert.That(more.Outcome, Is.EqualTo(careful ? TakeOutcome.Full : TakeOutcome.Live));
        Assert.That(await BarsAsync(one, pool, Now), Is.Empty);
        Assert.That(await BarsAsync(one, shared, Now), Is.EqualTo(careful ? [BarReason.LeasesForgotten] : Array.Empty<BarReason>()));
    }

    [Test]
    public async Task A_log_that_was_cut_past_what_was_seen_alarms_nobody()
    {
        await using var one = await RedisInstance.StartAsync(_redis, new RedisOptions { LogLength = 1 });
        await using var other = await RedisInstance.StartAsync(_redis, new RedisOptions { LogLength = 1 });
        var (pool, block) = await StockAsync(one, PoolMode.Direct, "70011", Now);
        var lease = await LeaseAsync(one, pool, block, "lease", Now);
        await other.Registry.RefreshAsync(None);
        for (var i = 0; i < 250; i++)
        {
            var change = i % 2 == 0 ? StockChange.Suspend : StockChange.Restore;
            await other.Store.ChangeNumbersAsync(pool, new([], [PhoneNumber.FromCanonical("999:7001199")]), change, Now, None);
        }

        var left = (string?)await other.Database.ExecuteAsync("XLEN", Keys.Log(block));
        Assert.That(int.Parse(left!, CultureInfo.InvariantCulture), Is.LessThan(250), "It was cut.");
        Assert.That((await one.Store.ReleaseAsync(StoreTests.HolderOf(lease), Now, None)).Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That(await BarsAsync(one, pool, Now), Is.Empty);
    }

    /// <summary>For as long as the client looks several times who the primary is.</summary>
    [Test]
    public async Task Look_ups_go_by_themselves_while_the_connections_stay_as_they_are()
    {
        await using var one = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(one, PoolMode.Direct, "70011", Now);
        var lease = await LeaseAsync(one, pool, block, "lease", Now);
        using var meter = new RedisMeter();
        var before = one.Calls.Generation;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var i = 0; i < 30; i++)
        {
            Assert.That(await CallAsync(one, pool, lease, Now), Is.EqualTo(RouteOutcome.Route));
            await timer.WaitForNextTickAsync();
        }

        Assert.That(one.Calls.Generation, Is.EqualTo(before));
        Assert.That(meter.Outcomes("Look", "ok"), Is.Zero);
        // What is behind the connections may be another one from then on.
        await _redis.KillAsync();
        await _redis.RestartAsync();
        await UntilConnectedAsync(one);
        Assert.That(await CallAsync(one, pool, lease, Now), Is.EqualTo(RouteOutcome.Route));
        Assert.That(meter.Outcomes("Look", "ok"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_bar_that_could_not_be_told_is_told_later()
    {
        await using var one = await RedisInstance.StartAsync(_redis);
        var (pool, block) = await StockAsync(one, PoolMode.Direct, "70011", Now);
        await LeaseAsync(one, pool, block, "lost", Now);
        await one.Database.KeyDeleteAsync(Keys.OfBlock(block));
        one.Registry.BlockOf(one.Registry.Known.FindBlock(block)!).BarFor(
            one.Registry.BlockOf(one.Registry.Known.FindBlock(block)!).Watch, new(BarReason.DataLost, Now));
        await using var other = await RedisInstance.StartAsync(_redis);
        Assert.That(await BarsAsync(other, pool, Now), Is.Empty);

        await one.Store.PingAsync(None);

        Assert.That(await BarsAsync(other, pool, Now), Is.EqualTo(new[] { BarReason.DataLost }));
    }

    private async Task ComeBackAsync(TemporaryFolder copy, params RedisInstance[] instances)
    {
        await _redis.KillAsync();
        _redis.PutBack(copy);
        await _redis.RestartAsync();
        await UntilConnectedAsync(instances);
    }
}
