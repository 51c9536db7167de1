using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>record call, report call events and the list of calls: one record per call, how often a caller is connected, whose the events are.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractCallTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    private static readonly CallKeeping s_keeping = new(7 * Day, 100);

    private TestBlock _block = null!;

    [SetUp]
    public async Task StockAsync() => _block = await AddBlockAsync(inStock: 3);

    [Test]
    public async Task A_call_has_one_record_with_the_outcome_of_its_latest_look_up()
    {
        await RecordAsync("a", ResolveOutcome.CollectDigits, T0, lease: null);
        await RecordAsync("a", ResolveOutcome.Connect, T0 + Second);
        await RecordAsync("b", ResolveOutcome.NotLeased, T0 + Minute, lease: null, number: 2);

        Assert.That(await ListAsync(), Is.EqualTo(new[]
        {
            CallOf("a", ResolveOutcome.Connect, T0, LeaseOf(0)),
            CallOf("b", ResolveOutcome.NotLeased, T0 + Minute, null, number: 2),
        }));
    }

    [Test]
    public async Task A_look_up_that_reaches_no_lease_changes_nothing_of_a_call_that_did()
    {
        await RecordAsync("a", ResolveOutcome.Connect, T0);
        Assert.That(await RecordAsync("a", ResolveOutcome.NotLeased, T0 + Second, lease: null, number: 2, gateway: "gw-2"), Is.EqualTo(RecordCallOutcome.Recorded));

        Assert.That(await ListAsync(), Is.EqualTo(new[] { CallOf("a", ResolveOutcome.Connect, T0, LeaseOf(0)) }));
    }

    [Test]
    public async Task A_report_is_only_on_a_lease_of_a_number_that_the_gateway_has()
    {
        CallEvent[] events = [At(CallEventKind.Ringing, T0)];
        var own = new NumberScope([_block.Number(0).Canonical], []);
        Assert.That((await ReportAsync("a", T0, events, LeaseOf(0), scope: own)).Outcome, Is.EqualTo(CallEventsOutcome.Added));
        Assert.That((await ReportAsync("b", T0, events, LeaseOf(1), scope: own)).Outcome, Is.EqualTo(CallEventsOutcome.LeaseUnknown));
        var pool = new NumberScope([], [$"{_block.Pool.TenantId}/{_block.Pool.PoolId}"]);
        Assert.That((await ReportAsync("c", T0, events, LeaseOf(1), scope: pool)).Outcome, Is.EqualTo(CallEventsOutcome.Added));
        Assert.That((await ListAsync()).Select(call => call.Call), Is.EquivalentTo(new[] { "a", "c" }.Select(DigestOf)));
    }

    [Test]
    public async Task A_call_id_that_comes_again_for_another_lease_is_another_call_and_gets_none_of_the_events()
    {
        await RecordAsync("a", ResolveOutcome.Connect, T0);
        await ReportAsync("a", T0, [At(CallEventKind.Ringing, T0)]);

        await RecordAsync("a", ResolveOutcome.Connect, T0 + Day, LeaseOf(0, T0 + Hour));

        Assert.That(await ListAsync(), Is.EqualTo(new[] { CallOf("a", ResolveOutcome.Connect, T0 + Day, LeaseOf(0, T0 + Hour)) }));
        Assert.That(await ReportAsync("a", T0 + Day, [At(CallEventKind.Released, T0 + Day)]), Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.OtherLease)));
    }

    [Test]
    public async Task A_caller_is_connected_as_often_as_the_limits_say_and_the_window_slides_to_the_millisecond()
    {
        Assert.That(await ConnectAsync("a", T0), Is.EqualTo(RecordCallOutcome.Recorded));
        Assert.That(await ConnectAsync("b", T0 + Minute - s_millisecond), Is.EqualTo(RecordCallOutcome.TooFrequent));
        Assert.That(await ConnectAsync("b", T0 + Minute), Is.EqualTo(RecordCallOutcome.Recorded), "refused before, and free now");
        Assert.That(await ConnectAsync("c", T0 + (2 * Minute)), Is.EqualTo(RecordCallOutcome.Recorded));
        Assert.That(await ConnectAsync("d", T0 + Hour - s_millisecond), Is.EqualTo(RecordCallOutcome.TooFrequent), "three within the hour");
        Assert.That(await ConnectAsync("d", T0 + Hour), Is.EqualTo(RecordCallOutcome.Recorded), "the first is an hour ago");
        Assert.That(await ConnectAsync("e", T0 + Hour + (30 * Second)), Is.EqualTo(RecordCallOutcome.TooFrequent));

        Assert.That((await ListAsync()).Select(call => call.Outcome), Is.EqualTo(new[]
        {
            ResolveOutcome.Connect, ResolveOutcome.Connect, ResolveOutcome.Connect, ResolveOutcome.Connect, ResolveOutcome.TooFrequent,
        }));
    }

    [Test]
    public async Task A_call_that_was_let_through_is_neither_counted_nor_refused_again_for_a_minute()
    {
        await ConnectAsync("a", T0);
        Assert.That(await ConnectAsync("a", T0 + Second), Is.EqualTo(RecordCallOutcome.Recorded));
        Assert.That(await ConnectAsync("a", T0 + Minute - s_millisecond), Is.EqualTo(RecordCallOutcome.Recorded));

        Assert.That(await ConnectAsync("b", T0 + Minute), Is.EqualTo(RecordCallOutcome.Recorded), "a was counted once, at its first look-up");
        Assert.That(await ConnectAsync("a", T0 + Minute), Is.EqualTo(RecordCallOutcome.TooFrequent), "a call like any other by now");
        Assert.That(await ConnectAsync("a", T0 + (2 * Minute)), Is.EqualTo(RecordCallOutcome.Recorded));
        Assert.That(await ConnectAsync("a", T0 + (3 * Minute)), Is.EqualTo(RecordCallOutcome.TooFrequent), "three within the hour, two of them the same id");
    }

    [Test]
    public async Task A_call_id_that_is_used_again_and_again_is_one_call_for_a_minute_only()
    {
        var connected = 0;
        for (var at = T0; at < T0 + Hour; at += 30 * Second)
            connected += await ConnectAsync("a", at) == RecordCallOutcome.Recorded ? 1 : 0;

        Assert.That(connected, Is.EqualTo(3 * 2), "three within the hour, and each once more within its minute");
    }

    [Test]
    public async Task Each_caller_of_each_lease_is_counted_for_itself()
    {
        await ConnectAsync("a", T0);

        Assert.That(await ConnectAsync("b", T0, counter: "other caller"), Is.EqualTo(RecordCallOutcome.Recorded));
        Assert.That(await ConnectAsync("c", T0), Is.EqualTo(RecordCallOutcome.TooFrequent));
        Assert.That(await RecordAsync("d", ResolveOutcome.Connect, T0), Is.EqualTo(RecordCallOutcome.Recorded), "without limits");
    }

    [Test]
    public async Task Many_at_once_are_let_through_as_often_as_the_limit_says()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () => await ConnectAsync($"{i}", T0, most: 7))));

        Assert.That(outcomes.Count(outcome => outcome == RecordCallOutcome.Recorded), Is.EqualTo(7));
        Assert.That((await ListAsync()).Count(call => call.Outcome == ResolveOutcome.Connect), Is.EqualTo(7));
    }

    [Test]
    public async Task Events_come_in_any_order_and_any_number_of_times_and_are_kept_once_in_the_order_of_time()
    {
        var (ringing, answered) = (At(CallEventKind.Ringing, T0 + Second), At(CallEventKind.Answered, T0 + (5 * Second)));
        var released = new CallEvent(CallEventKind.Released, T0 + Minute, CallSide.Called, 16, 200);
        await RecordAsync("a", ResolveOutcome.Connect, T0);

        Assert.That(await ReportAsync("a", T0, [released, answered]), Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.Added, 2, 2)));
        Assert.That(await ReportAsync("a", T0, [ringing, released with { SipStatus = 0 }, ringing]), Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.Added, 1, 3)));
        Assert.That(await ReportAsync("a", T0, [answered]), Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.Added, 0, 3)));
        Assert.That(await ReportAsync("a", T0, [released with { ReleasedBy = CallSide.Caller }]), Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.Added, 1, 4)));

        await RecordAsync("a", ResolveOutcome.Connect, T0 + Hour);
        Assert.That((await ListAsync()).Single().Events, Is.EqualTo(new[] { ringing, answered, released with { ReleasedBy = CallSide.Caller }, released }), "a look-up loses none");
    }

    [Test]
    public async Task A_call_has_at_most_fifty_events_and_a_report_that_would_make_it_more_adds_none()
    {
        var all = Enumerable.Range(0, CallEvent.MostPerCall).Select(i => At(CallEventKind.Ringing, T0 + (i * Second))).ToList();
        await ReportAsync("a", T0, all[..49]);

        Assert.That(
            await ReportAsync("a", T0, [all[49], At(CallEventKind.Released, T0 + Hour)]), Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.TooMany)));
        Assert.That(await ReportAsync("a", T0, [all[0], all[49]]), Is.EqualTo(new CallEventsAnswer(CallEventsOutcome.Added, 1, 50)));
        Assert.That((await ListAsync()).Single().Events, Is.EqualTo(all));
    }

    [Test]
    public async Task Events_of_a_call_that_has_no_record_make_one_and_a_look_up_that_comes_after_them_completes_it()
    {
        await ReportAsync("a", T0, [At(CallEventKind.Answered, T0)]);
        var alone = CallOf("a", ResolveOutcome.Unspecified, T0, LeaseOf(0)) with
        {
            Source = SourceOf("a") with { Kind = CallKind.Unspecified, SealedCaller = default },
            Events = [At(CallEventKind.Answered, T0)],
        };
        Assert.That(await ListAsync(), Is.EqualTo(new[] { alone }));

        await RecordAsync("a", ResolveOutcome.Connect, T0 + Second);
        Assert.That(await ListAsync(), Is.EqualTo(new[] { alone with { Outcome = ResolveOutcome.Connect, Source = SourceOf("a") } }));
    }

    [Test]
    public async Task A_call_without_a_lease_becomes_that_of_the_lease_whose_events_come()
    {
        await RecordAsync("a", ResolveOutcome.CollectDigits, T0, lease: null);
        await ReportAsync("a", T0 + Second, [At(CallEventKind.Answered, T0)]);

        Assert.That((await ListAsync()).Single().Lease, Is.EqualTo(LeaseOf(0)));
    }

    [Test]
    public async Task A_late_report_finds_its_own_lease_and_never_the_next_holder_of_the_slot()
    {
        var first = await LeaseAsync("first", _block.Id, T0, T0 + Hour);
        var next = new LeaseOfCall(first.Slot, T0 + Day);
        await RecordAsync("old", ResolveOutcome.Connect, T0, new LeaseOfCall(first.Slot, first.LeaseTime));
        await RecordAsync("new", ResolveOutcome.Connect, T0 + Day, next);

        Assert.That((await ReportAsync("old", T0 + Day, [At(CallEventKind.Released, T0 + Day)], next)).Outcome, Is.EqualTo(CallEventsOutcome.OtherLease));
        Assert.That((await ReportAsync("old", T0 + Day, [At(CallEventKind.Released, T0 + Day)], new(first.Slot, first.LeaseTime))).Outcome, Is.EqualTo(CallEventsOutcome.Added));
        Assert.That((await ListAsync(new(_block.Id, next))).Single().Events, Is.Empty);
        Assert.That((await ListAsync(new(_block.Id, new LeaseOfCall(first.Slot, first.LeaseTime)))).Single().Events, Has.Length.EqualTo(1));
    }

    [Test]
    public async Task What_names_no_slot_of_the_stock_is_no_lease()
    {
        Assert.That((await ReportAsync("a", T0, [At(CallEventKind.Ringing, T0)], LeaseOf(100))).Outcome, Is.EqualTo(CallEventsOutcome.LeaseUnknown));
        Assert.That((await ReportAsync("a", T0, [At(CallEventKind.Ringing, T0)], block: 99)).Outcome, Is.EqualTo(CallEventsOutcome.LeaseUnknown));
        Assert.That(
            await Steps.RecordCallAsync(StepFor("a", ResolveOutcome.NotStocked, null) with { Called = RealNumber(1) }, T0, None), Is.EqualTo(RecordCallOutcome.NoBlock));
        Assert.That(await ListAsync(), Is.Empty);
    }

    [Test]
    public async Task Reclaim_removes_what_is_due_from_the_start_on_the_oldest_first_and_within_its_limit()
    {
        for (var i = 0; i < 5; i++)
            await RecordAsync($"{i}", ResolveOutcome.Connect, T0 + (i * Minute));
        await RecordAsync("0", ResolveOutcome.Connect, T0 + Day);

        Assert.That(await ReclaimAsync(T0 + (7 * Day) - s_millisecond), Is.EqualTo(new ReclaimAnswer(0, 0, false)));
        Assert.That(await ReclaimAsync(T0 + (7 * Day) + (3 * Minute), limit: 2), Is.EqualTo(new ReclaimAnswer(0, 2, true)), "a later look-up keeps it no longer");
        Assert.That((await ListAsync()).Select(call => call.Call), Is.EqualTo(new[] { "2", "3", "4" }.Select(DigestOf)));
        Assert.That((await ReclaimAsync(T0 + (7 * Day) + (3 * Minute))).Removed, Is.EqualTo(2));
        Assert.That((await ListAsync()).Select(call => call.Call), Is.EqualTo(new[] { DigestOf("4") }));
    }

    [Test]
    public async Task Where_there_are_too_many_the_oldest_go()
    {
        for (var i = 0; i < 8; i++)
            await RecordAsync($"{i}", ResolveOutcome.Connect, T0 + (i * Second), keeping: s_keeping with { MostPerBlock = 5 });
        Assert.That((await ListAsync()).Select(call => call.Call), Is.EqualTo(new[] { "3", "4", "5", "6", "7" }.Select(DigestOf)));

        await ReportAsync("8", T0 + Minute, [At(CallEventKind.Ringing, T0)], keeping: s_keeping with { MostPerBlock = 2 });
        Assert.That((await ListAsync()).Select(call => call.Call), Is.EqualTo(new[] { "7", "8" }.Select(DigestOf)), "also where an event makes the record");
    }

    [Test]
    public async Task A_walk_lists_each_call_once_also_where_all_began_at_once()
    {
        const int Calls = 620;
        await Task.WhenAll(Enumerable.Range(0, Calls).Select(i => RecordAsync(
            $"{i}", ResolveOutcome.Connect, i % 3 == 0 ? T0 + (i * s_millisecond) : T0, keeping: s_keeping with { MostPerBlock = 1_000 }).AsTask()));

        foreach (var limit in new[] { 7, 600, 10_000 })
        {
            var seen = new List<CallRecord>();
            CallCursor? next = default(CallCursor);
            while (next is { } from)
            {
                var page = await Stock.ListCallsAsync(_block.Pool, new(), from, limit, 10_000, None);
                seen.AddRange(page.Calls.Select(found => found.Call));
                Assert.That(page.Calls, Has.Count.LessThanOrEqualTo(limit));
                next = page.Next;
            }

            Assert.That(seen.Select(call => call.Call).Distinct().Count(), Is.EqualTo(Calls));
            Assert.That(seen, Has.Count.EqualTo(Calls));
            Assert.That(seen.Select(call => call.StartTime), Is.Ordered);
        }
    }

    [Test]
    public async Task A_page_looks_at_no_more_than_it_may_and_says_where_to_go_on()
    {
        for (var i = 0; i < 6; i++)
            await RecordAsync($"{i}", i == 5 ? ResolveOutcome.NotLeased : ResolveOutcome.Connect, T0 + (i * Second), i == 5 ? null : LeaseOf(0), number: i == 5 ? 1 : 0);
        var filter = new CallFilter(_block.Id, Number: _block.Number(1));

        var first = await Stock.ListCallsAsync(_block.Pool, filter, default, 10, 4, None);
        var second = await Stock.ListCallsAsync(_block.Pool, filter, first.Next!.Value, 10, 4, None);

        Assert.That(first.Calls, Is.Empty);
        Assert.That(second.Calls.Single().Call.Call, Is.EqualTo(DigestOf("5")));
        Assert.That(second.Next, Is.Null);
    }

    [Test]
    public async Task The_filters_are_of_lease_number_gateway_and_time()
    {
        var other = await AddBlockAsync();
        await RecordAsync("a", ResolveOutcome.Connect, T0);
        await RecordAsync("b", ResolveOutcome.Connect, T0 + Minute, LeaseOf(1), number: 1, gateway: "gw-2");
        await RecordAsync("c", ResolveOutcome.Connect, T0 + Hour, LeaseOf(0, T0 + Minute));

        async Task<string> FindAsync(CallFilter filter) =>
            string.Concat((await ListAsync(filter)).Select(call => new[] { "a", "b", "c" }.Single(name => call.Call == DigestOf(name))));

        Assert.That(await FindAsync(new()), Is.EqualTo("abc"));
        Assert.That(await FindAsync(new(_block.Id)), Is.EqualTo("abc"));
        Assert.That(await FindAsync(new(other.Id)), Is.Empty);
        Assert.That(await FindAsync(new(_block.Id, LeaseOf(0))), Is.EqualTo("a"));
        Assert.That(await FindAsync(new(_block.Id, Number: _block.Number(0))), Is.EqualTo("ac"));
        Assert.That(await FindAsync(new(GatewayId: "gw-2")), Is.EqualTo("b"));
        Assert.That(await FindAsync(new(From: T0 + Minute, Until: T0 + Hour)), Is.EqualTo("b"));
    }

    [Test]
    public async Task Calls_change_nothing_of_the_block_and_leave_nothing_in_its_log()
    {
        var lease = await LeaseAsync("lease", _block.Id, T0);
        var (counts, log) = ((await Stock.GetStatsAsync(_block.Pool, 0, 10, T0, None)).Counts, await Running.ReadLogAsync(_block.Id));

        await ConnectAsync("a", T0);
        await ReportAsync("a", T0, [At(CallEventKind.Ringing, T0)]);

        Assert.That((await Stock.GetStatsAsync(_block.Pool, 0, 10, T0, None)).Counts, Is.EqualTo(counts));
        Assert.That(await Running.ReadLogAsync(_block.Id), Is.EqualTo(log));
        Assert.That(await GetAsync(lease), Is.EqualTo(lease));
    }

    private static CallEvent At(CallEventKind kind, DateTimeOffset time) => new(kind, time, CallSide.Unspecified, 0, 0);

    private static LeaseOfCall LeaseOf(uint slot, DateTimeOffset? leaseTime = null) => new(slot, leaseTime ?? T0 - Day);

    private static CallSource SourceOf(string call, string gateway = "gw") => new(CallKind.Sms, gateway, $"{call}@gateway", SealOf(call));

    private CallStep StepFor(string call, ResolveOutcome outcome, LeaseOfCall? lease, int number = 0, string gateway = "gw", CallKeeping? keeping = null) =>
        new(_block.Number(number), DigestOf(call), outcome, lease, SourceOf(call, gateway), null, keeping ?? s_keeping);

    private CallRecord CallOf(string call, ResolveOutcome outcome, DateTimeOffset start, LeaseOfCall? lease, int number = 0) => new()
    {
        Call = DigestOf(call),
        StartTime = start,
        DueTime = start + s_keeping.Kept,
        Outcome = outcome,
        Lease = lease,
        Number = _block.Number(number),
        Source = SourceOf(call),
        Events = [],
    };

    private ValueTask<RecordCallOutcome> RecordAsync(string call, ResolveOutcome outcome, DateTimeOffset now) => RecordAsync(call, outcome, now, LeaseOf(0));

    private ValueTask<RecordCallOutcome> RecordAsync(
        string call, ResolveOutcome outcome, DateTimeOffset now, LeaseOfCall? lease, int number = 0, string gateway = "gw", CallKeeping? keeping = null) =>
        Steps.RecordCallAsync(StepFor(call, outcome, lease, number, gateway, keeping), now, None);

    private ValueTask<RecordCallOutcome> RecordAsync(string call, ResolveOutcome outcome, DateTimeOffset now, CallKeeping keeping) =>
        RecordAsync(call, outcome, now, LeaseOf(0), keeping: keeping);

    /// <summary>At most one within a minute (or as many as are asked for) and three within an hour.</summary>
    private ValueTask<RecordCallOutcome> ConnectAsync(string call, DateTimeOffset now, string counter = "caller", int most = 1)
    {
        CallLimit[] limits = [new() { Count = most, Within = Minute }, new() { Count = Math.Max(3, most), Within = Hour }];
        var step = StepFor(call, ResolveOutcome.Connect, LeaseOf(0)) with { Frequency = new(DigestOf(counter), limits) };
        return Steps.RecordCallAsync(step, now, None);
    }

    private ValueTask<CallEventsAnswer> ReportAsync(
        string call, DateTimeOffset now, IEnumerable<CallEvent> events, LeaseOfCall? lease = null, uint? block = null, CallKeeping? keeping = null,
        NumberScope? scope = null) =>
        Steps.ReportCallEventsAsync(
            new CallEventsStep(
                block ?? _block.Id, DigestOf(call), lease ?? LeaseOf(0), SourceOf(call) with { Kind = CallKind.Unspecified, SealedCaller = default },
                [.. events], keeping ?? s_keeping)
            {
                Scope = scope,
            },
            now,
            None);

    private async Task<IReadOnlyList<CallRecord>> ListAsync(CallFilter? filter = null)
    {
        var page = await Stock.ListCallsAsync(_block.Pool, filter ?? new(), default, 1_000, 10_000, None);
        Assert.That(page.Next, Is.Null);
        return [.. page.Calls.Select(found => found.Call)];
    }
}
