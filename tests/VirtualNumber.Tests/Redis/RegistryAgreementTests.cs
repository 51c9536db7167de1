using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>Two instances on one Redis: what one adds or changes the other knows in time, whatever was lost on the way.</summary>
[TestFixture]
internal sealed partial class RegistryAgreementTests
{
    private const string Tenant = "tenant-1";

    private static readonly DateTimeOffset s_now = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan s_agreesWithin = TimeSpan.FromSeconds(1);

    private readonly StoppedWatch _watchOfB = new();
    private RedisServer _redis = null!;
    private RedisInstance _a = null!;
    private RedisInstance _b = null!;

    private static CancellationToken None => CancellationToken.None;

    [OneTimeSetUp]
    public async Task StartRedisAsync() => _redis = await RedisServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopRedisAsync() => await _redis.DisposeAsync();

    [SetUp]
    public async Task StartAsync()
    {
        _a = await RedisInstance.StartAsync(_redis);
        // Patient, so that what is frozen for a moment does not fail.
        _b = await RedisInstance.StartAsync(_redis, new RedisOptions { CallTimeout = TimeSpan.FromSeconds(50) }, _watchOfB);
        await _a.Server.FlushAllDatabasesAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }

    [Test]
    public async Task B_hears_nothing_and_still_finds_the_live_lease_of_a_block_that_A_has_just_added()
    {
        await _b.Registry.RefreshAsync(None);
        var record = await LeaseAtAAsync("700000001");

        var route = await _b.Store.ResolveAsync(record.Number, s_now, None);
        Assert.That((route.Outcome, route.Record?.Claim), Is.EqualTo((RouteOutcome.Route, record.Claim)));
    }

    [Test]
    public async Task B_hears_nothing_and_still_finds_a_lease_by_its_place()
    {
        await _b.Registry.RefreshAsync(None);
        var record = await LeaseAtAAsync("700000001");

        Assert.That((await _b.Store.GetAsync(new(Tenant, record.Block, record.Slot, record.LeaseTime), None))?.Claim, Is.EqualTo(record.Claim));
    }

    [Test]
    public async Task B_hears_nothing_and_still_reports_to_a_claim_in_a_block_that_it_has_not_seen()
    {
        await _b.Registry.RefreshAsync(None);
        var record = await LeaseAtAAsync("700000001");

        var claim = new Claim(record.Claim, record.Block, record.LeaseTime);
        var applied = await _b.Store.ApplyAsync(claim, 1, new Terms(s_now.AddDays(2), false), TimeSpan.FromDays(90), s_now, None);
        Assert.That((applied.Outcome, applied.Record?.ExpireTime), Is.EqualTo((ApplyOutcome.Set, s_now.AddDays(2))));
    }

    [TestCase("take")]
    [TestCase("get")]
    [TestCase("find")]
    [TestCase("release")]
    [TestCase("apply")]
    public async Task B_hears_nothing_and_still_knows_the_single_numbers_that_A_has_put_into_a_block_that_B_knows(string step)
    {
        var pool = await PoolAtAAsync();
        await _a.Store.AddNumbersAsync(pool, new([], [StoreTests.RealNumber(0)]), s_now, None);
        await _b.Registry.RefreshAsync(None);
        await _a.Store.AddNumbersAsync(pool, new([], [.. Enumerable.Range(1, 60).Select(StoreTests.RealNumber)]), s_now, None);
        var bucket = _a.Registry.Known.Locate(StoreTests.RealNumber(0))!.Value.Block;
        await LeaseAsync(_a, "first", bucket.Id);

        var taken = await LeaseAsync(step == "take" ? _b : _a, "second", bucket.Id);
        var holder = new HolderKey(Tenant, taken.Block, taken.Slot, taken.LeaseTime);
        var claim = new Claim(taken.Claim, taken.Block, taken.LeaseTime);
        var seen = step switch
        {
            "take" => taken,
            "get" => await _b.Store.GetAsync(holder, None),
            "find" => await _b.Store.FindAsync(claim, None),
            "release" => (await _b.Store.ReleaseAsync(holder, s_now, None)).Record,
            _ => (await _b.Store.ApplyAsync(claim, 1, new Terms(s_now.AddDays(2), false), TimeSpan.FromDays(90), s_now, None)).Record,
        };

        Assert.That((taken.Slot, seen!.Number), Is.EqualTo((1u, bucket.NumberAt(1))));
    }

    [Test]
    public async Task Couriers_who_come_and_go_at_A_do_at_B()
    {
        var pool = await PoolAtAAsync();
        CallerChanges Changes(UInt128 added, UInt128 removed) => new(CallerSet.Of([added]), CallerSet.Of([removed]));

        await _a.Store.UpdatePoolAsync(Tenant, "main", new() { AllowedCallers = Changes(1, 2) }, null, None);
        await _b.Store.UpdatePoolAsync(Tenant, "main", new() { AllowedCallers = Changes(3, 1), BlockedCallers = Changes(4, 5) }, null, None);
        await _a.Registry.RefreshAsync(None);

        var expected = pool with { Version = 3, Rules = new() { Allowed = CallerSet.Of([3]), Blocked = CallerSet.Of([4]) } };
        Assert.That(_a.Registry.Known.FindPool(Tenant, "main")!.Pool, Is.EqualTo(expected));
        Assert.That(_b.Registry.Known.FindPool(Tenant, "main")!.Pool, Is.EqualTo(expected));
    }

    [Test]
    public async Task A_change_reaches_B_by_its_message_alone()
    {
        await _b.Registry.RefreshAsync(None);
        await _b.News.ListenAsync(None);

        var pool = await PoolAtAAsync();
        var since = Stopwatch.GetTimestamp();
        await LearnAsync(_b, version: 1);
        Assert.That(Stopwatch.GetElapsedTime(since), Is.LessThan(s_agreesWithin));
        Assert.That(_b.Registry.Known.FindPool(Tenant, "main")?.Pool, Is.EqualTo(pool));

        await _a.Store.UpdatePoolAsync(Tenant, "main", TimeSpan.FromDays(2), false, null, None);
        since = Stopwatch.GetTimestamp();
        await LearnAsync(_b, version: 2);
        Assert.That(Stopwatch.GetElapsedTime(since), Is.LessThan(s_agreesWithin));
        var updated = _b.Registry.Known.FindPool(Tenant, "main")!.Pool;
        Assert.That((updated.Aging, updated.WithheldCallersAllowed), Is.EqualTo((TimeSpan.FromDays(2), false)));
    }

    [Test]
    public async Task A_change_whose_message_is_lost_reaches_B_by_the_timer_alone()
    {
        using var end = new CancellationTokenSource();
        var following = _b.News.FollowAsync(end.Token);

        // As if A had crashed between appending and announcing; the second time, since B reads once as soon as it follows.
        var change = JsonSerializer.SerializeToUtf8Bytes(new RegistryChange(NewPool()));
        await _a.Database.ListRightPushAsync(Keys.Registry, change);
        await LearnAsync(_b, version: 1);
        await _a.Database.ListRightPushAsync(Keys.Registry, change);
        var since = Stopwatch.GetTimestamp();
        await LearnAsync(_b, version: 2);

        Assert.That(Stopwatch.GetElapsedTime(since), Is.LessThan(s_agreesWithin));
        await end.CancelAsync();
        Assert.That(async () => await following.Soon(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_change_of_a_kind_that_B_does_not_know_is_not_passed_over()
    {
        await _a.Database.ListRightPushAsync(Keys.Registry, """{"Moved":{"Id":1}}""");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _b.Registry.RefreshAsync(None));
        Assert.That(_b.Registry.Version, Is.Zero);
    }

    [Test]
    public async Task What_B_has_read_more_than_a_second_ago_it_reads_again_before_it_relies_on_it()
    {
        await PoolAtAAsync();
        await _b.Registry.RefreshAsync(None);
        await _a.Store.UpdatePoolAsync(Tenant, "main", TimeSpan.FromDays(2), null, null, None);
        var record = await LeaseAtAAsync("700000001");

        Assert.That((await _b.Store.FindPoolAsync(Tenant, "main", None))!.Version, Is.EqualTo(1));
        Assert.That(await _b.Store.IsStockedAsync(record.Number, TimeSpan.FromSeconds(1), None), Is.False);
        var reads = await RegistryReadsAsync();

        _watchOfB.Advance(s_agreesWithin);
        Assert.That(await _b.Store.IsStockedAsync(record.Number, TimeSpan.FromSeconds(1), None), Is.True);
        Assert.That((await _b.Store.FindPoolAsync(Tenant, "main", None))!.Version, Is.EqualTo(2));
        Assert.That(await RegistryReadsAsync() - reads, Is.EqualTo(1));
    }

    [Test]
    public async Task A_storm_of_unknown_numbers_costs_two_reads_of_the_registry()
    {
        var record = await LeaseAtAAsync("700000001");
        await _b.Registry.RefreshAsync(None);
        var before = await RegistryReadsAsync();

        await _redis.FreezeAsync();
        var asked = Enumerable.Range(0, 2_000).Select(index => _b.Store.ResolveAsync(StoreTests.RealNumber(index), s_now, None).AsTask()).ToList();
        await _redis.ThawAsync();
        var answers = await Task.WhenAll(asked).Soon();

        Assert.That(answers.Select(answer => answer.Outcome), Is.All.EqualTo(RouteOutcome.NotStocked));
        Assert.That(await RegistryReadsAsync() - before, Is.InRange(1, 2));
        Assert.That((await _b.Store.ResolveAsync(record.Number, s_now, None)).Outcome, Is.EqualTo(RouteOutcome.Route));
    }

    [TestCase(true, TestName = "An_instance_whose_registry_was_cut_short_stops_until_it_is_started_again")]
    [TestCase(false, TestName = "An_instance_whose_registry_is_gone_stops_until_it_is_started_again")]
    public async Task An_instance_stops_when_the_registry_was_lost(bool partly)
    {
        var lease = await LeaseAtAAsync("700000001");
        await _b.Registry.RefreshAsync(None);
        if (partly)
            await _a.Database.ListTrimAsync(Keys.Registry, 0, 0);
        else
            await _a.Database.KeyDeleteAsync(Keys.Registry);

        // Another instance, started since, has put another block in the place of the lost one, though it could not fill it.
        await using var c = await RedisInstance.StartAsync(_redis);
        await c.Store.CreatePoolAsync(StoreTests.PoolOf("main", TimeSpan.FromDays(1), Tenant), None);
        var pool = (await c.Store.FindPoolAsync(Tenant, "main", None))!;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => c.Store.AddNumbersAsync(pool, new(["700000002"], []), s_now, None).AsTask());

        await Assert.ThrowsAsync<StoreUnavailableException>(() => _b.Registry.RefreshAsync(None));
        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => _b.Store.ResolveAsync(lease.Number, s_now, None).AsTask());
        Assert.That(refusal!.Message, Does.Contain("start this instance again"));
        Assert.That(_b.Calls.Barred, Is.EqualTo(refusal.Message));
    }

    [Test]
    public async Task A_long_list_is_read_in_parts_of_a_thousand_while_it_grows()
    {
        await PoolAtAAsync();
        for (var minutes = 1; minutes < 2_200; minutes++)
            await UpdateAtAAsync(minutes);
        using var monitor = await RedisMonitor.StartAsync(_redis.Port);

        var growing = Task.Run(async () =>
        {
            for (var minutes = 2_200; minutes < 3_200; minutes++)
                await UpdateAtAAsync(minutes);
        });
        do
        {
            await _b.Registry.RefreshAsync(None);
            Assert.That(_b.Registry.Version, Is.GreaterThanOrEqualTo(2_200));
            Assert.That(_b.Registry.Known.FindPool(Tenant, "main")!.Pool.Version, Is.EqualTo(_b.Registry.Version), "each change once and in order");
        }
        while (!growing.IsCompleted);
        await growing;
        await _b.Registry.RefreshAsync(None);

        Assert.That(_b.Registry.Known.FindPool(Tenant, "main")!.Pool, Is.EqualTo(_a.Registry.Known.FindPool(Tenant, "main")!.Pool));
        Assert.That(_b.Registry.Version, Is.EqualTo(3_200));
        var connection = _a.Database.Multiplexer;
        var ranges = (await monitor.ReadLinesAsync(connection)).Where(line => line.Contains("\"LRANGE\"", StringComparison.Ordinal))
            .Select(line => line.Split('"')).Select(words => (From: long.Parse(words[5], CultureInfo.InvariantCulture), To: long.Parse(words[7], CultureInfo.InvariantCulture)))
            .ToList();
        Assert.That(ranges.Select(range => range.To - range.From), Has.All.EqualTo(999));
        Assert.That(ranges.Select(range => range.From), Has.Some.EqualTo(0).And.Some.EqualTo(999).And.Some.EqualTo(1_998));

        async Task UpdateAtAAsync(int minutes) =>
            await _a.Store.UpdatePoolAsync(Tenant, "main", new() { Aging = TimeSpan.FromMinutes(minutes) }, null, None);
    }

    /// <summary>What fills parts to the last change is followed by an empty one, and not by a wait for ever.</summary>
    [TestCase(999)]
    [TestCase(1_000)]
    [TestCase(1_001)]
    [TestCase(1_999)]
    [TestCase(2_000)]
    public async Task A_list_that_fills_its_parts_is_read_to_its_end(int changes)
    {
        await PoolAtAAsync();
        for (var minutes = 1; minutes < changes; minutes++)
            await _a.Store.UpdatePoolAsync(Tenant, "main", new() { Aging = TimeSpan.FromMinutes(minutes) }, null, None);

        await _b.Registry.RefreshAsync(None);
        Assert.That(_b.Registry.Version, Is.EqualTo(changes));
        await _b.Registry.RefreshAsync(None);
        Assert.That(_b.Registry.Known.FindPool(Tenant, "main")!.Pool.Version, Is.EqualTo(changes));
    }

    [Test]
    public async Task Whoever_has_appended_reads_on_from_there()
    {
        await PoolAtAAsync();
        var (before, registry) = (await RegistryReadsAsync(), _a.Registry.Known);
        await _a.Registry.RefreshAsync(None);
        Assert.That(await RegistryReadsAsync() - before, Is.EqualTo(1));
        Assert.That(_a.Registry.Known, Is.SameAs(registry));
    }

    [Test]
    public async Task Both_add_at_once_and_agree_on_what_is_where()
    {
        var pool = await PoolAtAAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(index => new[]
        {
            _a.Store.AddNumbersAsync(pool, new([$"7000{index:00000}"], []), s_now, None).AsTask(),
            _b.Store.AddNumbersAsync(pool, new([$"7001{index:00000}"], []), s_now, None).AsTask(),
        })).Soon();

        await Task.WhenAll(_a.Registry.RefreshAsync(None), _b.Registry.RefreshAsync(None)).Soon();
        Assert.That(_b.Registry.Known.Blocks.Select(block => (block.Id, block.Prefix)), Is.EqualTo(_a.Registry.Known.Blocks.Select(block => (block.Id, block.Prefix))));
        Assert.That(_a.Registry.Known.Blocks, Has.Length.EqualTo(40));
    }

    private static async Task LearnAsync(RedisInstance instance, long version)
    {
        while (true)
        {
            var changed = instance.Registry.Changed;
            if (instance.Registry.Version >= version)
                return;
            await changed.Soon();
        }
    }

    private static Pool NewPool() => StoreTests.PoolOf("main", TimeSpan.FromHours(1), Tenant);

    private async Task<Pool> PoolAtAAsync() => (await _a.Store.CreatePoolAsync(NewPool(), None)).Pool;

    /// <summary>A adds a block and leases its first number.</summary>
    private async Task<LeaseRecord> LeaseAtAAsync(string prefix)
    {
        var pool = await PoolAtAAsync();
        await _a.Store.AddNumbersAsync(pool, new([prefix], []), s_now, None);
        return await LeaseAsync(_a, "delivery", (await _a.Store.ChooseBlockAsync(Tenant, pool.PoolId, [], s_now, None))!.Value);
    }

    private static async Task<LeaseRecord> LeaseAsync(RedisInstance instance, string name, uint block)
    {
        var (delivery, claimId) = (StoreTests.DigestOf(name), StoreTests.ClaimIdOf(name));
        var claim = await instance.Store.ClaimAsync(new(delivery, DeliveryRole.Recipient, null, claimId, block, s_now.AddDays(100), null), s_now, None);
        var take = await instance.Store.TakeAsync(
            new(claim.Claim!, delivery, DeliveryRole.Recipient, 0, s_now.AddDays(30), StoreTests.SealOf("n"), StoreTests.DigestOf("n")), s_now, None);
        return take.Record!;
    }

    private async Task<long> RegistryReadsAsync()
    {
        var stats = (await _a.Server.InfoAsync("commandstats")).SelectMany(group => group).ToDictionary(pair => pair.Key, pair => pair.Value);
        return stats.TryGetValue("cmdstat_lrange", out var lrange)
            ? long.Parse(CallsPattern().Match(lrange).Groups[1].Value, CultureInfo.InvariantCulture)
            : 0;
    }

    [GeneratedRegex("^calls=([0-9]+),")]
    private static partial Regex CallsPattern();

    /// <summary>Time passes on it only when the test says so.</summary>
    private sealed class StoppedWatch : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
