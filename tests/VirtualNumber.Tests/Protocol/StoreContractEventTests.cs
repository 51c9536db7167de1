using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>read changes, append and read events: what the log of a block says of leases comes to its tenant's stream, each change once.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.AllAndReplicated))]
public sealed class StoreContractEventTests(StoreUnderTest kind) : StoreTests(kind)
{
    private const string Stream = "stream";

    private IEventStore Events => Running.Events;

    [Test]
    public async Task The_changes_of_leases_are_read_in_order_and_those_of_the_stock_are_passed_over()
    {
        var block = await AddBlockAsync(inStock: 2);
        var one = await LeaseAsync("one", block.Id, T0 + Second);
        await ExtendAsync(one, "e", T0 + (2 * Second));
        await ReassignAsync(one, "a", "n2", T0 + (3 * Second));
        await ApplyAsync(ClaimOf(one), 1, T0 + Day, T0 + (4 * Second));
        var other = await LeaseAsync("other", block.Id, T0 + (5 * Second), T0 + (6 * Second));
        await ReleaseAsync(one, T0 + (7 * Second));
        await ReclaimAsync(T0 + (8 * Second));

        var changes = await Events.ReadChangesAsync(block.Id, default, 100, None);

        Assert.That(changes.MayLack, Is.False);
        Assert.That(
            changes.Events.Select(each => (each.Kind, each.Slot, each.LeaseTime, each.Time)),
            Is.EqualTo(new[]
            {
                (EventKind.Leased, one.Slot, one.LeaseTime, T0 + Second),
                (EventKind.Extended, one.Slot, one.LeaseTime, T0 + (2 * Second)),
                (EventKind.Reassigned, one.Slot, one.LeaseTime, T0 + (3 * Second)),
                (EventKind.StatusReported, one.Slot, one.LeaseTime, T0 + (4 * Second)),
                (EventKind.Leased, other.Slot, other.LeaseTime, T0 + (5 * Second)),
                (EventKind.Released, one.Slot, one.LeaseTime, T0 + (7 * Second)),
                (EventKind.Expired, other.Slot, other.LeaseTime, T0 + (8 * Second)),
            }));
        Assert.That(changes.Events.Select(each => each.Block), Has.All.EqualTo(block.Id));
        Assert.That(changes.Events.Select(each => each.Change), Is.Ordered.And.Unique);
        Assert.That(changes.Last, Is.EqualTo(changes.Events[^1].Change));
    }

    [Test]
    public async Task They_are_read_on_from_where_the_last_read_ended()
    {
        var block = await AddBlockAsync(inStock: 10);
        for (var i = 0; i < 10; i++)
            await LeaseAsync($"l{i}", block.Id, T0 + (i * Second));

        var (position, read) = (default(EventPosition), new List<LeaseEvent>());
        while (await Events.ReadChangesAsync(block.Id, position, 3, None) is { } changes && changes.Last != position)
        {
            Assert.That(changes.MayLack, Is.False);
            position = changes.Last;
            read.AddRange(changes.Events);
        }

        Assert.That(read.Select(each => each.Time), Is.EqualTo(Enumerable.Range(0, 10).Select(i => T0 + (i * Second))));
    }

    [Test]
    public async Task A_log_that_was_cut_before_it_was_forwarded_says_so_and_one_that_was_forwarded_does_not()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("l", block.Id, T0);
        var begin = (await Events.ReadChangesAsync(block.Id, default, 100, None)).Last;
        await ExtendOftenAsync(lease, 0, 600);

        var cut = await Events.ReadChangesAsync(block.Id, begin, 1_000, None);
        Assert.That(cut.MayLack, Is.True);
        Assert.That(cut.Events, Has.Count.GreaterThanOrEqualTo(StoreUnderTest.LogLength).And.Count.LessThan(600));
        Assert.That((await Events.ReadChangesAsync(block.Id, default, 1_000, None)).MayLack, Is.True);

        await ExtendOftenAsync(lease, 600, 100);
        var next = await Events.ReadChangesAsync(block.Id, cut.Last, 1_000, None);
        Assert.That((next.MayLack, next.Events.Count), Is.EqualTo((false, 100)));
    }

    [Test]
    public async Task What_is_appended_is_read_in_order_behind_every_place()
    {
        var appended = await AppendAsync(5, default, Position(5));
        Assert.That(appended, Is.EqualTo(Position(5)));

        var all = await ReadAsync(default(EventPosition));
        Assert.That(all.Events.Select(each => each.Event), Is.EqualTo(Enumerable.Range(0, 5).Select(i => Event(5, i))));
        Assert.That(all.Events.Select(each => each.Position), Is.Ordered.And.Unique);
        Assert.That((all.Cut, all.End), Is.EqualTo((default(EventPosition), all.Events[^1].Position)));
        for (var i = 0; i < 5; i++)
            Assert.That((await ReadAsync(all.Events[i].Position)).Events, Is.EqualTo(all.Events.Skip(i + 1)));
        Assert.That((await Events.ReadEventsAsync(DigestOf(Stream), default(EventPosition), 2, None)).Events, Is.EqualTo(all.Events.Take(2)));
        Assert.That((await ReadAsync(null)).Events, Is.Empty);
        Assert.That((await Events.ReadEventsAsync(DigestOf("other"), default(EventPosition), 100, None)).End, Is.EqualTo(default(EventPosition)));
    }

    [Test]
    public async Task Of_two_who_forward_the_same_changes_one_is_told_that_the_other_was_faster()
    {
        Assert.That(await AppendAsync(3, default, Position(3)), Is.EqualTo(Position(3)));
        // The same again, as after a lost answer; somebody who has read less; and somebody who has read more.
        Assert.That(await AppendAsync(3, default, Position(3)), Is.EqualTo(Position(3)));
        Assert.That(await AppendAsync(2, default, Position(2)), Is.EqualTo(Position(3)));
        Assert.That(await AppendAsync(9, Position(8), Position(9)), Is.EqualTo(Position(3)));

        Assert.That((await ReadAsync(default(EventPosition))).Events, Has.Count.EqualTo(3));
        Assert.That(await Events.FindForwardedAsync(DigestOf(Stream), 7, None), Is.EqualTo(Position(3)));
        Assert.That(await Events.FindForwardedAsync(DigestOf(Stream), 8, None), Is.EqualTo(default(EventPosition)));
    }

    [Test]
    public async Task Changes_of_the_stock_alone_move_the_position()
    {
        Assert.That(await AppendAsync(0, default, Position(4)), Is.EqualTo(Position(4)));

        Assert.That(await Events.FindForwardedAsync(DigestOf(Stream), 7, None), Is.EqualTo(Position(4)));
        Assert.That((await ReadAsync(default(EventPosition))).End, Is.EqualTo(default(EventPosition)));
    }

    [Test]
    public async Task More_than_are_kept_go_the_oldest_first_and_it_is_known_up_to_which()
    {
        await AppendAsync(10, default, Position(1));
        var before = await ReadAsync(default(EventPosition));

        await AppendAsync(2, Position(1), Position(2), mostKept: 5);

        var after = await ReadAsync(default(EventPosition));
        Assert.That(after.Events, Has.Count.EqualTo(5));
        Assert.That(after.Events.Take(3), Is.EqualTo(before.Events.Skip(7)));
        Assert.That(after.Cut, Is.EqualTo(before.Events[6].Position));
        Assert.That((await ReadAsync(before.Events[6].Position)).Events, Is.EqualTo(after.Events));
    }

    [TestCase(1)]
    [TestCase(16)]
    [TestCase(17)]
    [TestCase(18)]
    [TestCase(40)]
    public async Task As_many_go_as_are_too_many(int tooMany)
    {
        await AppendAsync(60, default, Position(1));
        var before = await ReadAsync(default(EventPosition));

        await AppendAsync(0, Position(1), Position(2), mostKept: 60 - tooMany);

        var after = await ReadAsync(default(EventPosition));
        Assert.That(after.Events, Is.EqualTo(before.Events.Skip(tooMany)));
        Assert.That(after.Cut, Is.EqualTo(before.Events[tooMany - 1].Position));
    }

    [Test]
    public async Task What_is_too_old_goes_with_the_next_append_all_of_it_too()
    {
        await AppendAsync(3, default, Position(1));
        var before = await ReadAsync(default(EventPosition));

        // The time of an entry is the store's own, so what is too old is told by that.
        var late = DateTimeOffset.FromUnixTimeMilliseconds((long)before.End.Time + 1);
        await AppendAsync(0, Position(1), Position(2), keepFrom: late);

        var after = await ReadAsync(default(EventPosition));
        Assert.That(after.Events, Is.Empty);
        Assert.That((after.Cut, after.End), Is.EqualTo((before.End, before.End)));
    }

    private async Task ExtendOftenAsync(LeaseRecord lease, int first, int count)
    {
        for (var i = first; i < first + count; i++)
            await Steps.ApplyAsync(ClaimOf(lease), i + 1, new(T0 + Day, false), Cap, T0 + Second, None);
    }

    private ValueTask<EventPosition> AppendAsync(
        int count, EventPosition from, EventPosition to, int mostKept = 1_000, DateTimeOffset? keepFrom = null) => Events.AppendEventsAsync(
        new(DigestOf(Stream), 7, from, to, [.. Enumerable.Range(0, count).Select(i => Event(count, i))], keepFrom ?? DateTimeOffset.UnixEpoch, mostKept), T0, None);

    private ValueTask<EventPage> ReadAsync(EventPosition? after) => Events.ReadEventsAsync(DigestOf(Stream), after, 1_000, None);

    private static EventPosition Position(int number) => new(1_000, (ulong)number);

    private static LeaseEvent Event(int batch, int index) =>
        new((EventKind)(1 + (index % 6)), 7, new((ulong)batch, (ulong)index), T0 + (index * Second), (uint)index, T0 - Hour);
}
