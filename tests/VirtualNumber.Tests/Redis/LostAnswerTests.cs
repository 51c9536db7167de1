using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>
/// Every script is done, its answer lost and its connection with it; the call is repeated by itself. That must come to what a single one
/// comes to: in the books always, in the answer but for what it tells of itself (an event "repeated", a count of changes).
/// </summary>
public sealed class LostAnswerTests() : VerbTests(RedisStoreUnderTest.Single)
{
    private readonly Service.Seeded _seeded = Service.Seed(1);
    private LosingProxy _proxy = null!;
    private ConnectionMultiplexer _connection = null!;
    private RunningStore _store = null!;

    [SetUp]
    public async Task StandBetweenAsync()
    {
        // Known to Redis beforehand, so that it is the step's own answer that is lost.
        var direct = await RedisStoreUnderTest.Single.GetConnectionAsync();
        var server = (await RedisStoreUnderTest.Single.GetMastersAsync())[0];
        foreach (var script in Scripts.All)
            await server.ScriptLoadAsync(script.Text);
        _proxy = new LosingProxy(((System.Net.IPEndPoint)direct.GetEndPoints()[0]).Port, request => request.Contains("EVALSHA", StringComparison.Ordinal));
        _connection = await RedisConnection.ConnectAsync(_proxy.Configuration);
        _store = RedisStoreUnderTest.Over(_connection, callTimeout: Minute);
    }

    [TearDown]
    public async Task GoAwayAsync()
    {
        await _store.DisposeAsync();
        _connection.Dispose();
        await _proxy.DisposeAsync();
    }

    [Test]
    public async Task A_lease_goes_through_its_life_once_whatever_answers_are_lost()
    {
        var block = await AddBlockAsync(inStock: 3);
        var service = Service.Over(_store.Pool, _store.Stock, _seeded, Time);

        var created = await CreateAsync(block, "request", service: service);
        var lease = created.Lease!;
        Time.Advance(Minute);
        var extended = await service.ExtendLeaseAsync(Tenant, lease.LeaseId, "extend", 7 * Day, None);
        var reassigned = await service.ReassignLeaseAsync(Tenant, lease.LeaseId, "reassign", RealNumber(2), None);
        var reported = await service.ReportDeliveryStatusAsync(Delivery, DeliveryStatus.PickedUp, Time.Now, null, None);
        var released = await service.ReleaseLeaseAsync(Tenant, lease.LeaseId, None);

        Assert.Multiple(async () =>
        {
            Assert.That(created.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
            Assert.That(extended.Outcome, Is.EqualTo(LeaseOutcome.Done));
            Assert.That(extended.Lease!.ExpireTime, Is.EqualTo(lease.ExpireTime + (7 * Day)));
            Assert.That(reassigned.Outcome, Is.EqualTo(LeaseOutcome.Done));
            Assert.That(reported.Outcome, Is.EqualTo(ReportOutcome.Repeated));
            Assert.That(released.Outcome, Is.EqualTo(LeaseOutcome.Done));
            Assert.That(
                await ChangesAsync(block.Id),
                Is.EqualTo(new[] { LogKind.Leased, LogKind.Extended, LogKind.Reassigned, LogKind.Reported, LogKind.Released }));
            // Claim, take, extend, get and reassign, decide, apply, release.
            Assert.That(_proxy.Lost, Is.EqualTo(8));
        });
    }

    [Test]
    public async Task A_pair_goes_through_its_life_once_whatever_answers_are_lost()
    {
        var block = await AddPairBlockAsync(inStock: 2);
        await PairAsync(block, "c", "d", T0);
        var claim = (await ClaimAsync("lease", "lease", block.Id, T0, delivery: "lease")).Claim!;
        var steps = _store.Pool;

        var taken = await steps.TakeAsync(StepOf("lease", claim, block, T0, "a", "b"), T0, None);
        var lease = taken.Record!;
        var reassigned = await steps.ReassignAsync(
            new ReassignStep(HolderOf(lease), MarkOf("other"), null, BoundOf("e")), T0 + Second, None);
        var busy = await steps.ReassignAsync(new ReassignStep(HolderOf(lease), MarkOf("busy"), BoundOf("c")), T0 + Second, None);
        var route = await steps.ResolveAsync(new RouteStep(lease.Number, 0, DigestOf("e")), T0 + Second, None);
        var moved = await steps.ReassignAsync(
            new ReassignStep(HolderOf(lease), MarkOf("busy"), BoundOf("c"), EndIfBusy: true), T0 + Minute, None);

        Assert.Multiple(async () =>
        {
            Assert.That((taken.Outcome, taken.New), Is.EqualTo((TakeOutcome.Live, false)), "It tells of a lease that was there by then.");
            Assert.That(reassigned.Outcome, Is.EqualTo(HolderOutcome.Repeated));
            Assert.That(busy.Outcome, Is.EqualTo(HolderOutcome.Busy));
            Assert.That(route.Outcome, Is.EqualTo(RouteOutcome.Route));
            Assert.That(moved.Outcome, Is.EqualTo(HolderOutcome.Moved));
            Assert.That(
                await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased, LogKind.Reassigned, LogKind.Released }));
            Assert.That(_proxy.Lost, Is.EqualTo(5));
        });
    }

    [Test]
    public async Task A_call_is_counted_once_and_its_events_are_added_once_whatever_answers_are_lost()
    {
        var block = await AddBlockAsync();
        var (lease, keeping) = (new LeaseOfCall(0, T0), new CallKeeping(Hour, 10));
        var source = new CallSource(CallKind.Voice, "gw", "call", SealOf("caller"));
        var frequency = new CallFrequency(DigestOf("caller"), [new CallLimit { Count = 1, Within = Hour }]);
        var step = new CallStep(block.Number(0), DigestOf("call"), ResolveOutcome.Connect, lease, source, frequency, keeping);
        var events = new CallEventsStep(block.Id, DigestOf("call"), lease, source, [new(CallEventKind.Ringing, T0, CallSide.Unspecified, 0, 0)], keeping);

        var recorded = await _store.Pool.RecordCallAsync(step, T0, None);
        var reported = await _store.Pool.ReportCallEventsAsync(events, T0, None);
        var next = await _store.Pool.RecordCallAsync(step with { Call = DigestOf("next") }, T0, None);

        Assert.That(recorded, Is.EqualTo(RecordCallOutcome.Recorded));
        Assert.That(reported, Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.Added, 0, 1)), "the repeat found it known");
        Assert.That(next, Is.EqualTo(RecordCallOutcome.TooFrequent));
        Assert.That((await Stock.ListCallsAsync(block.Pool, new(), default, 10, 10, None)).Calls, Has.Count.EqualTo(2));
        Assert.That(_proxy.Lost, Is.EqualTo(3));
    }

    [Test]
    public async Task The_stock_is_changed_once_whatever_answers_are_lost()
    {
        var wanted = PoolOf("pool", Hour);
        var (pool, same) = await _store.Stock.CreatePoolAsync(wanted, None);
        var added = await _store.Stock.AddNumbersAsync(pool, new(["70011"], []), T0, None);
        var suspended = await _store.Stock.ChangeNumbersAsync(pool, new(["70011"], []), StockChange.Suspend, T0, None);
        var stats = await _store.Stock.GetStatsAsync(pool, 0, 10, T0, None);

        Assert.Multiple(() =>
        {
            Assert.That(same, Is.True);
            Assert.That(added.OverlappingBlocks, Is.Empty);
            Assert.That(added.Added + added.Present, Is.EqualTo(100));
            Assert.That(suspended.UnknownBlocks, Is.Empty);
            Assert.That((stats.Counts.Stocked, stats.Counts.Suspended), Is.EqualTo((100, 100)));
            Assert.That(_proxy.Lost, Is.GreaterThanOrEqualTo(4));
        });
    }

    [Test]
    public async Task What_a_gateway_says_counts_once_whatever_answers_are_lost()
    {
        var block = await AddBlockAsync(inStock: 3);

        var faulty = await _store.Pool.ReportHealthAsync(new HealthStep(block.Number(0), NumberHealth.Faulty, T0, "no-answer", Hour), T0, None);
        var well = await _store.Pool.ReportHealthAsync(new HealthStep(block.Number(0), NumberHealth.Well, T0 + Minute, "", Hour), T0 + Minute, None);

        Assert.That(faulty, Is.EqualTo(new HealthAnswer(HealthOutcome.Repeated, NumberHealth.Faulty, T0)));
        Assert.That(well, Is.EqualTo(new HealthAnswer(HealthOutcome.Repeated, NumberHealth.Well, T0 + Minute, T0 + Minute + Hour)));
        Assert.That(
            (await Running.ReadLogAsync(block.Id)).TakeLast(2).Select(entry => entry.Kind), Is.EqualTo(new[] { LogKind.Faulty, LogKind.Well }));
        Assert.That(_proxy.Lost, Is.EqualTo(2));
    }

    [Test]
    public async Task An_update_of_a_pool_is_not_refused_for_the_version_that_it_made_itself()
    {
        var (pool, _) = await _store.Stock.CreatePoolAsync(PoolOf("pool", Hour), None);

        var update = await _store.Stock.UpdatePoolAsync(Tenant, "pool", 2 * Hour, null, pool.Version, None);

        Assert.That(update, Is.EqualTo((pool with { Aging = 2 * Hour, Version = pool.Version + 1 }, true)));
        Assert.That(_proxy.Lost, Is.EqualTo(2));
    }
}
