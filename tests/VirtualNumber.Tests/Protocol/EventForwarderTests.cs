using Microsoft.Extensions.Logging.Abstractions;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Sealing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Every change becomes one event, whoever forwards it and wherever he is cut off; and whoever reads them misses and repeats none.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class EventForwarderTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly EventOptions s_options = new() { Interval = TimeSpan.FromMilliseconds(10), HeartBeat = TimeSpan.FromMilliseconds(20) };

    private readonly ManualTime _time = new(T0);
    private KeyRing _ring = null!;
    private BlindIndex _index = null!;
    private TokenSealer _tokens = null!;
    private LeaseIdCodec _leaseIds = null!;

    [SetUp]
    public void Open()
    {
        _ring = TestRing.One();
        (_index, _tokens, _leaseIds) = (new(_ring), new(_ring), new(_ring));
    }

    [TearDown]
    public void Close()
    {
        _leaseIds.Dispose();
        _tokens.Dispose();
        _index.Dispose();
        _ring.Dispose();
    }

    [Test]
    public async Task What_happens_in_all_blocks_comes_to_their_tenants_streams()
    {
        var one = await AddBlockAsync();
        var other = await AddBlockAsync(tenant: "tenant-2");
        var lease = await LeaseAsync("one", one.Id, T0);
        await LeaseAsync("other", other.Id, T0);
        using var forwarder = Forwarder(Running.Events);

        Assert.That(await RunUntilDoneAsync(forwarder), Is.EqualTo(2));
        await ReleaseAsync(lease, T0 + Second);
        Assert.That(await RunUntilDoneAsync(forwarder), Is.EqualTo(1));
        Assert.That(await RunUntilDoneAsync(forwarder), Is.Zero);

        var streams = Streams(Running.Events);
        var events = await ReadAllAsync(streams, Tenant);
        Assert.That(events.Select(each => (each.Kind, each.Block)), Is.EqualTo(new[] { (EventKind.Leased, one.Id), (EventKind.Released, one.Id) }));
        Assert.That((await ReadAllAsync(streams, "tenant-2")).Select(each => each.Block), Is.EqualTo(new[] { other.Id }));
        Assert.That(events.Select(streams.IdOf), Is.Unique.And.All.Match("^[A-Za-z0-9_-]{22}$"));
        Assert.That(
            events.Select(streams.LeaseIdOf),
            Has.All.EqualTo(_leaseIds.Encode(new(one.Id, lease.Slot, lease.LeaseTime.ToUnixTimeMilliseconds()))));
    }

    [Test]
    public async Task A_log_that_was_cut_too_early_is_told_of_and_what_is_left_follows()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("one", block.Id, T0);
        using var forwarder = Forwarder(Running.Events);
        await RunUntilDoneAsync(forwarder);
        for (var i = 0; i < 600; i++)
            await Steps.ApplyAsync(ClaimOf(lease), i + 1, new(T0 + Day, false), Cap, T0 + Second, None);

        await RunUntilDoneAsync(forwarder);

        var events = await ReadAllAsync(Streams(Running.Events), Tenant);
        Assert.That(events.Take(3).Select(each => each.Kind), Is.EqualTo(new[] { EventKind.Leased, EventKind.EventsLost, EventKind.StatusReported }));
        Assert.That(events.Skip(2), Has.All.Property(nameof(LeaseEvent.Kind)).EqualTo(EventKind.StatusReported));
        Assert.That(events.Count, Is.InRange(2 + StoreUnderTest.LogLength, 600));
    }

    [Test]
    public async Task Of_several_who_forward_at_once_and_are_cut_off_anywhere_each_change_comes_once_and_in_order([Values(1, 2, 3)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new SeededRandom((ulong)seed);
        var blocks = new[] { await AddBlockAsync(inStock: 20), await AddBlockAsync(inStock: 20), await AddBlockAsync(inStock: 20) };
        var cutting = new CuttingEvents(Running.Events, random, oneIn: 4);
        var forwarders = Enumerable.Range(0, 3).Select(_ => Forwarder(cutting)).ToList();
        var leases = new List<LeaseRecord>();
        for (var step = 0; step < 120; step++)
        {
            _time.Advance(Second);
            if (leases.Count == 0 || (leases.Count < 50 && random.Next(2) == 0))
                leases.Add(await LeaseAsync($"l{step}", blocks[leases.Count % 3].Id, _time.Now));
            else
                await Steps.ApplyAsync(ClaimOf(leases[random.Next(leases.Count)]), step + 1, new(_time.Now + Day, false), Cap, _time.Now, None);
            if (random.Next(3) == 0)
                await Task.WhenAll(forwarders.Select(forwarder => forwarder.RunCycleAsync(None)));
            // One of them dies, and another instance begins with nothing but what the store knows.
            if (random.Next(10) == 0)
            {
                forwarders[0].Dispose();
                forwarders[0] = Forwarder(cutting);
            }
        }

        cutting.IsWhole = true;
        await RunUntilDoneAsync(forwarders[0]);
        forwarders.ForEach(forwarder => forwarder.Dispose());

        var events = await ReadAllAsync(Streams(Running.Events), Tenant);
        Assert.That(events, Has.Count.EqualTo(120));
        foreach (var block in blocks)
        {
            Assert.That(
                events.Where(each => each.Block == block.Id).Select(each => (each.Kind, each.Slot, each.Time)),
                Is.EqualTo((await Running.ReadLogAsync(block.Id)).Where(entry => entry.Slot is not null)
                    .Select(entry => (entry.Kind == VirtualNumber.Memory.LogKind.Leased ? EventKind.Leased : EventKind.StatusReported, entry.Slot!.Value, entry.Time))));
        }
    }

    [Test]
    public async Task Whoever_goes_on_from_a_cursor_after_any_cut_misses_and_repeats_none([Values(1, 2, 3)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new SeededRandom((ulong)seed);
        var block = await AddBlockAsync(inStock: 100);
        using var forwarder = Forwarder(Running.Events);
        var reading = new CuttingEvents(Running.Events, random, oneIn: 5);
        var (cursor, read, cuts) = ("", new List<string>(), 0);
        var streams = Streams(reading);
        for (var i = 0; i < 100; i++)
        {
            await LeaseAsync($"l{i}", block.Id, T0 + (i * Second));
            if (random.Next(4) == 0)
                await forwarder.RunCycleAsync(None);
            // A watch that goes on for some messages, until it is cut off or leaves.
            var watch = streams.Open(Tenant, cursor, fromOldest: cursor.Length == 0)!;
            try
            {
                for (var message = random.Next(4); message >= 0; message--)
                {
                    var events = await watch.ReadAsync(None);
                    read.AddRange(events!.Select(streams.IdOf));
                    cursor = watch.Cursor;
                }
            }
            catch (StoreUnavailableException)
            {
                cuts++;
            }
        }

        reading.IsWhole = true;
        await RunUntilDoneAsync(forwarder);
        var last = streams.Open(Tenant, cursor, fromOldest: cursor.Length == 0)!;
        while (await last.ReadAsync(None).Soon() is { Count: > 0 } events)
            read.AddRange(events.Select(streams.IdOf));

        Assert.That(cuts, Is.GreaterThan(5));
        Assert.That(read, Is.EqualTo((await ReadAllAsync(Streams(Running.Events), Tenant)).Select(streams.IdOf)).And.Unique);
        Assert.That(read, Has.Count.EqualTo(100));
    }

    [Test]
    public async Task A_cursor_is_of_one_tenant_and_nobody_makes_one()
    {
        var streams = Streams(Running.Events);
        var watch = streams.Open(Tenant, "", fromOldest: false)!;
        await watch.ReadAsync(None);
        var cursor = watch.Cursor;

        Assert.That(cursor, Has.Length.LessThanOrEqualTo(128));
        Assert.That(streams.Open(Tenant, cursor, fromOldest: false), Is.Not.Null);
        Assert.That(streams.Open("tenant-2", cursor, fromOldest: false), Is.Null);
        Assert.That(streams.Open(Tenant, cursor[..^1] + (cursor[^1] == 'A' ? 'E' : 'A'), fromOldest: false), Is.Null);
        Assert.That(streams.Open(Tenant, "1-1", fromOldest: false), Is.Null);
    }

    [Test]
    public async Task A_cursor_whose_events_are_gone_is_told_so()
    {
        var block = await AddBlockAsync(inStock: 3);
        var streams = Streams(Running.Events);
        using var forwarder = Forwarder(Running.Events);
        await LeaseAsync("one", block.Id, T0);
        await RunUntilDoneAsync(forwarder);
        var watch = streams.Open(Tenant, "", fromOldest: false)!;
        await watch.ReadAsync(None);
        await LeaseAsync("two", block.Id, T0);
        await LeaseAsync("three", block.Id, T0);
        await RunUntilDoneAsync(forwarder);
        var page = await Running.Events.ReadEventsAsync(streams.Of(Tenant), default(EventPosition), 10, None);
        await Running.Events.AppendEventsAsync(new(streams.Of(Tenant), 99, default, new(0, 1), [], DateTimeOffset.UnixEpoch, MostKept: 1), T0, None);

        Assert.That(await watch.ReadAsync(None), Is.Null);
        Assert.That(await streams.Open(Tenant, watch.Cursor, fromOldest: false)!.ReadAsync(None), Is.Null);
        Assert.That(await streams.Open(Tenant, "", fromOldest: true)!.ReadAsync(None), Is.EqualTo(new[] { page.Events[^1].Event }));
    }

    [Test]
    public async Task Who_begins_with_what_is_kept_misses_nothing_for_what_goes_meanwhile()
    {
        var block = await AddBlockAsync(inStock: 3);
        using var forwarder = Forwarder(Running.Events);
        foreach (var name in new[] { "one", "two", "three" })
            await LeaseAsync(name, block.Id, T0);
        await RunUntilDoneAsync(forwarder);
        var stream = Streams(Running.Events).Of(Tenant);
        var reading = new CuttingEvents(Running.Events, new SeededRandom(1), oneIn: 1)
        {
            IsWhole = true,
            AfterRead = async () => await Running.Events.AppendEventsAsync(new(stream, 99, default, new(0, 1), [], DateTimeOffset.UnixEpoch, MostKept: 1), T0, None),
        };

        Assert.That(await Streams(reading).Open(Tenant, "", fromOldest: true)!.ReadAsync(None), Has.Count.EqualTo(3));
    }

    private EventStreams Streams(IEventStore store) => new(store, _index, _tokens, _leaseIds, s_options, TimeProvider.System);

    private EventForwarder Forwarder(IEventStore store) =>
        new(store, Streams(store), new EventOptions { Kept = 90 * Day }, _time, NullLogger<EventForwarder>.Instance);

    /// <summary>So often that each block had its turn; answers how many events were appended.</summary>
    private async Task<int> RunUntilDoneAsync(EventForwarder forwarder)
    {
        var appended = 0;
        for (var cycle = 0; cycle <= Running.BlockCount; cycle++)
            appended += await forwarder.RunCycleAsync(None);
        return appended;
    }

    private static async Task<List<LeaseEvent>> ReadAllAsync(EventStreams streams, string tenant)
    {
        var (all, after) = (new List<LeaseEvent>(), default(EventPosition));
        while (await streams.ReadAsync(streams.Of(tenant), after, None) is { Events.Count: > 0 } page)
        {
            all.AddRange(page.Events.Select(each => each.Event));
            after = page.Events[^1].Position;
        }

        return all;
    }
}
