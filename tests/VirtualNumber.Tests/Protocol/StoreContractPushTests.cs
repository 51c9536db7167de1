using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>claim pushes, end push, retry pushes: nothing that happened is missing from what is pushed, and no push is lost.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.AllAndReplicated))]
public sealed class StoreContractPushTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly PushQueueKey s_queue = new(DigestOf("stream"), DigestOf("webhook"));

    private int _appended;

    private IPushStore Pushes => Running.Pushes;

    [SetUp]
    public async Task BeginAsync()
    {
        _appended = 0;
        // What happened before it was asked for first is not pushed.
        await AppendAsync(3);
        Assert.That((await ClaimAsync(T0)).Pushes, Is.Empty);
    }

    [Test]
    public async Task What_happens_is_pushed_in_order_and_so_many_events_at_once()
    {
        await AppendAsync(7);
        var claimed = await ClaimAsync(T0, perPush: 3);

        Assert.That(claimed.Pushes.Select(push => push.Events.Count), Is.EqualTo(new[] { 3, 3, 1 }));
        Assert.That(claimed.Pushes.SelectMany(push => push.Events), Is.EqualTo(Enumerable.Range(3, 7).Select(Event)));
        Assert.That(claimed.Pushes.Select(push => push.Id), Is.Unique);
        Assert.That(claimed.Pushes.Select(push => (push.Claim, push.Failures, push.MadeTime)), Has.All.EqualTo((1, 0, T0)));
        Assert.That((claimed.Outstanding, claimed.Parked, claimed.Waiting, claimed.Lost), Is.EqualTo((3, 0, false, false)));
    }

    /// <summary>More than ten, whose positions in one millisecond are of different lengths as texts.</summary>
    [Test]
    public async Task Pushes_that_are_due_at_one_time_are_claimed_in_the_order_of_their_events()
    {
        await AppendAsync(25);
        var (ids, events) = (new List<string>(), new List<LeaseEvent>());
        while (await ClaimAsync(T0, perPush: 1) is { Pushes.Count: > 0 } claimed)
        {
            ids.AddRange(claimed.Pushes.Select(push => push.Id));
            events.AddRange(claimed.Pushes.SelectMany(push => push.Events));
        }

        Assert.That(events, Is.EqualTo(Enumerable.Range(3, 25).Select(Event)));
        Assert.That(ids, Is.Ordered.Using((IComparer<string>)StringComparer.Ordinal).And.Unique);
        // Of all, which are due at one time again.
        Assert.That((await ClaimAsync(T0 + Minute, perPush: 1)).Pushes.Select(push => push.Id), Is.EqualTo(ids.Take(10)));
    }

    [Test]
    public async Task A_push_has_its_events_also_when_they_are_gone_out_of_the_stream()
    {
        await AppendAsync(5);
        var push = (await ClaimAsync(T0)).Pushes.Single();
        await AppendAsync(3, mostKept: 1);

        var again = (await ClaimAsync(T0 + Minute)).Pushes;
        Assert.That((again[0].Id, again[0].Claim), Is.EqualTo((push.Id, 2)));
        Assert.That(again[0].Events, Is.EqualTo(push.Events));
        Assert.That(again[1].Events.Select(each => each.Kind), Is.EqualTo(new[] { EventKind.EventsLost, Event(10).Kind }));
    }

    [Test]
    public async Task What_is_claimed_is_nobody_elses_until_its_time_is_over()
    {
        await AppendAsync(1);
        var first = (await ClaimAsync(T0)).Pushes.Single();

        Assert.That((await ClaimAsync(T0 + Minute - Second)).Pushes, Is.Empty);
        var again = (await ClaimAsync(T0 + Minute)).Pushes.Single();

        Assert.That(again, Is.EqualTo(first with { Claim = 2, Events = again.Events }));
        Assert.That(again.Events, Is.EqualTo(first.Events));
    }

    [Test]
    public async Task What_was_taken_is_gone_whoever_says_so_and_however_often()
    {
        await AppendAsync(1);
        var first = (await ClaimAsync(T0)).Pushes.Single();
        var again = (await ClaimAsync(T0 + Minute)).Pushes.Single();

        Assert.That(await EndAsync(first, PushFault.None, null, T0 + Minute), Is.True);
        Assert.That(await EndAsync(first, PushFault.None, null, T0 + Minute), Is.False);
        Assert.That(await EndAsync(again, PushFault.Timeout, T0 + Hour, T0 + Minute), Is.False);
        var after = await ClaimAsync(T0 + Day);
        Assert.That((after.Pushes.Count, after.Outstanding), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task What_was_refused_is_due_again_when_it_was_said()
    {
        await AppendAsync(1);
        var push = (await ClaimAsync(T0)).Pushes.Single();
        Assert.That(await EndAsync(push, (PushFault)503, T0 + Hour, T0 + Second), Is.True);

        Assert.That((await ClaimAsync(T0 + Hour - Second)).Pushes, Is.Empty);
        var again = (await ClaimAsync(T0 + Hour)).Pushes.Single();
        Assert.That((again.Id, again.Failures, again.LastFault), Is.EqualTo((push.Id, 1, (PushFault)503)));
    }

    [Test]
    public async Task A_refusal_under_an_earlier_claim_changes_nothing_nor_does_its_repeat()
    {
        await AppendAsync(1);
        var first = (await ClaimAsync(T0)).Pushes.Single();
        var second = (await ClaimAsync(T0 + Minute)).Pushes.Single();

        Assert.That(await EndAsync(first, PushFault.Timeout, null, T0 + Minute), Is.False);
        Assert.That(await EndAsync(second, PushFault.Timeout, T0 + Hour, T0 + Minute), Is.True);
        Assert.That((await ClaimAsync(T0 + Hour)).Pushes.Single().Failures, Is.EqualTo(1));
    }

    [Test]
    public async Task Parked_pushes_are_kept_and_listed_until_an_operator_has_them_tried_again()
    {
        await AppendAsync(3);
        var pushes = (await ClaimAsync(T0, perPush: 1)).Pushes;
        for (var i = 0; i < 3; i++)
            Assert.That(await EndAsync(pushes[i], PushFault.AddressRefused, null, T0 + (i * Second)), Is.True);

        var claimed = await ClaimAsync(T0 + (30 * Day));
        Assert.That((claimed.Pushes.Count, claimed.Outstanding, claimed.Parked), Is.EqualTo((0, 0, 3)));
        var parked = await Pushes.ListParkedAsync(s_queue, null, 10, None);
        Assert.That(parked.Select(each => (each.Push.Id, each.ParkedTime)), Is.EqualTo(pushes.Select((push, i) => (push.Id, T0 + (i * Second)))));
        Assert.That(parked[0].Push.Events, Is.EqualTo(pushes[0].Events));
        Assert.That((parked[0].Push.Failures, parked[0].Push.LastFault), Is.EqualTo((1, PushFault.AddressRefused)));
        var page = await Pushes.ListParkedAsync(s_queue, parked[0].Place, 1, None);
        Assert.That(page.Select(each => each.Push.Id), Is.EqualTo(new[] { pushes[1].Id }));

        Assert.That(await RetryAsync([pushes[1].Id, "none"], T0 + Day), Is.EqualTo(1));
        Assert.That(await RetryAsync([pushes[1].Id], T0 + Day), Is.Zero);
        var again = (await ClaimAsync(T0 + Day)).Pushes.Single();
        Assert.That((again.Id, again.Failures), Is.EqualTo((pushes[1].Id, 0)));
        Assert.That(await RetryAsync([], T0 + Day, limit: 1), Is.EqualTo(1));
        Assert.That((await Pushes.ListParkedAsync(s_queue, null, 10, None)).Select(each => each.Push.Id), Is.EqualTo(new[] { pushes[2].Id }));
    }

    [Test]
    public async Task The_list_of_parked_pushes_goes_on_where_one_stood_that_is_tried_again_by_now()
    {
        await AppendAsync(12);
        var all = new List<Push>();
        while (await ClaimAsync(T0, perPush: 1) is { Pushes.Count: > 0 } claimed)
            all.AddRange(claimed.Pushes);
        // Ten of one millisecond, and two later.
        for (var i = 0; i < all.Count; i++)
            await EndAsync(all[i], PushFault.Timeout, null, T0 + (i < 10 ? Second : Minute));

        var first = await Pushes.ListParkedAsync(s_queue, null, 4, None);
        await RetryAsync([.. first.Select(each => each.Push.Id)], T0 + Hour);
        var rest = await Pushes.ListParkedAsync(s_queue, first[^1].Place, 100, None);
        var last = await Pushes.ListParkedAsync(s_queue, rest[^1].Place, 100, None);

        Assert.That(first.Concat(rest).Select(each => each.Push.Id), Is.EqualTo(all.Select(push => push.Id)));
        Assert.That(last, Is.Empty);
    }

    [Test]
    public async Task While_too_many_are_outstanding_or_parked_events_wait_and_none_is_missing_in_the_end()
    {
        await AppendAsync(10);
        var full = await ClaimAsync(T0, perPush: 1, outstanding: 2);
        Assert.That((full.Pushes.Count, full.Outstanding, full.Waiting), Is.EqualTo((2, 2, true)));
        await EndAsync(full.Pushes[0], PushFault.None, null, T0);
        await EndAsync(full.Pushes[1], PushFault.Timeout, null, T0);
        var parked = await ClaimAsync(T0, perPush: 1, parked: 1);
        Assert.That((parked.Pushes.Count, parked.Parked, parked.Waiting), Is.EqualTo((0, 1, true)));

        var rest = await ClaimAsync(T0, perPush: 100, parked: 2);
        Assert.That(rest.Pushes.SelectMany(push => push.Events), Is.EqualTo(Enumerable.Range(5, 8).Select(Event)));
        Assert.That(rest.Waiting, Is.False);
    }

    [Test]
    public async Task Events_that_were_gone_before_they_were_pushed_are_told_of()
    {
        await AppendAsync(10, mostKept: 4);
        var claimed = await ClaimAsync(T0);

        Assert.That(claimed.Lost, Is.True);
        var events = claimed.Pushes.Single().Events;
        Assert.That(events[0].Kind, Is.EqualTo(EventKind.EventsLost));
        Assert.That(events.Skip(1), Is.EqualTo(Enumerable.Range(9, 4).Select(Event)));
        Assert.That((await ClaimAsync(T0)).Lost, Is.False);

        await AppendAsync(10, mostKept: 4);
        var again = (await ClaimAsync(T0)).Pushes.Single().Events[0];
        Assert.That(again.Kind, Is.EqualTo(EventKind.EventsLost));
        Assert.That(again.Change, Is.Not.EqualTo(events[0].Change), "each gap is an event of its own");
    }

    [Test]
    public async Task With_one_event_per_push_what_was_lost_is_a_push_of_its_own()
    {
        await AppendAsync(10, mostKept: 4);
        var claimed = await ClaimAsync(T0, perPush: 1);

        var events = claimed.Pushes.Select(push => push.Events.Single()).ToList();
        Assert.That(events[0].Kind, Is.EqualTo(EventKind.EventsLost));
        Assert.That(events.Skip(1), Is.EqualTo(Enumerable.Range(9, 4).Select(Event)));
    }

    [Test]
    public async Task While_all_places_wait_for_a_retry_one_asks_each_minute_and_spends_none()
    {
        await AppendAsync(3);
        foreach (var push in (await ClaimAsync(T0, perPush: 1, outstanding: 2)).Pushes)
            await EndAsync(push, (PushFault)503, T0 + Day, T0);

        for (var minute = 1; minute <= 3; minute++)
        {
            Assert.That((await ClaimAsync(T0 + ((minute - 1) * Minute), perPush: 1, outstanding: 2)).Pushes, Is.Empty);
            var probe = (await ClaimAsync(T0 + (minute * Minute), perPush: 1, outstanding: 2)).Pushes.Single();
            Assert.That(probe.Failures, Is.EqualTo(1));
            Assert.That(await EndAsync(probe, PushFault.Timeout, null, T0 + (minute * Minute)), Is.False);
        }

        var rest = await ClaimAsync(T0 + Day, perPush: 1, outstanding: 2);
        Assert.That(rest.Pushes.Select(push => push.Failures), Is.EqualTo(new[] { 1, 1 }), "by the schedule");
        Assert.That(rest.Parked, Is.Zero);
    }

    [Test]
    public async Task Once_one_that_was_refused_is_taken_all_others_are_due()
    {
        await AppendAsync(3);
        var pushes = (await ClaimAsync(T0, perPush: 1)).Pushes;
        await EndAsync(pushes[0], PushFault.Timeout, T0 + Minute, T0);
        await EndAsync(pushes[1], PushFault.Timeout, T0 + Day, T0);
        await EndAsync(pushes[2], PushFault.Timeout, T0 + Day, T0);
        await EndAsync((await ClaimAsync(T0 + Minute)).Pushes.Single(), PushFault.None, null, T0 + Minute);

        var early = (await ClaimAsync(T0 + Minute)).Pushes;
        Assert.That(early.Select(push => push.Id), Is.EqualTo(pushes.Skip(1).Select(push => push.Id)));
        Assert.That(await EndAsync(early[0], PushFault.Timeout, null, T0 + Minute), Is.False);
        Assert.That(await EndAsync(early[1], PushFault.None, null, T0 + Minute), Is.True);
        Assert.That((await ClaimAsync(T0 + Minute)).Pushes.Single().Failures, Is.EqualTo(1), "refused before its time, it has lost no retry");
    }

    [Test]
    public async Task Once_half_of_the_places_wait_for_a_retry_only_full_pushes_are_made()
    {
        await AppendAsync(1);
        await EndAsync((await ClaimAsync(T0, outstanding: 2)).Pushes.Single(), PushFault.Timeout, T0 + Day, T0);
        await AppendAsync(2);
        Assert.That((await ClaimAsync(T0, perPush: 3, outstanding: 2)).Pushes, Is.Empty);
        await AppendAsync(1);
        Assert.That((await ClaimAsync(T0, perPush: 3, outstanding: 2)).Pushes.Single().Events, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Webhooks_of_one_tenant_know_nothing_of_each_other()
    {
        var other = new PushQueueKey(s_queue.Stream, DigestOf("other"));
        Assert.That((await ClaimAsync(T0, queue: other)).Pushes, Is.Empty);
        await AppendAsync(2);

        var mine = (await ClaimAsync(T0)).Pushes.Single();
        await EndAsync(mine, PushFault.None, null, T0);

        Assert.That((await ClaimAsync(T0, queue: other)).Pushes.Single().Events, Is.EqualTo(mine.Events));
    }

    private async Task AppendAsync(int count, int mostKept = 1_000)
    {
        var from = new EventPosition(0, (ulong)_appended);
        var to = new EventPosition(0, (ulong)(_appended + count));
        var events = Enumerable.Range(_appended, count).Select(Event).ToList();
        Assert.That(await Running.Events.AppendEventsAsync(new(s_queue.Stream, 7, from, to, events, DateTimeOffset.UnixEpoch, mostKept), T0, None), Is.EqualTo(to));
        _appended += count;
    }

    private ValueTask<ClaimedPushes> ClaimAsync(
        DateTimeOffset now, int perPush = 50, int outstanding = 100, int parked = 100, PushQueueKey? queue = null) =>
        Pushes.ClaimPushesAsync(new(queue ?? s_queue, outstanding, parked, perPush, 10, Minute), now, None);

    private ValueTask<bool> EndAsync(Push push, PushFault fault, DateTimeOffset? retry, DateTimeOffset now) =>
        Pushes.EndPushAsync(new(s_queue, push.Id, push.Claim, fault, retry), now, None);

    private ValueTask<int> RetryAsync(IReadOnlyList<string> ids, DateTimeOffset now, int limit = 10) =>
        Pushes.RetryParkedAsync(s_queue, ids, limit, now, None);

    private static LeaseEvent Event(int index) =>
        new((EventKind)(1 + (index % 6)), 7, new(5, (ulong)index), T0 + (index * Second), (uint)index, T0 - Hour);
}
