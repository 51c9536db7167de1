using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Stock, counts, lists and Reclaim where numbers are shared: counts are of places, changes are of numbers.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractSharedStockTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    private ValueTask<ChangeNumbersAnswer> ChangeAsync(TestBlock block, StockChange change, params int[] indices) =>
        Stock.ChangeNumbersAsync(block.Pool, new([], [.. indices.Select(block.Number)]), change, T0, None);

    private Task<TestBlock> AddBlockOfAsync(PoolMode mode, int density, int inStock, TimeSpan? aging = null) =>
        mode == PoolMode.Pair ? AddPairBlockAsync(density, inStock, aging) : AddExtensionBlockAsync(density, inStock, aging);

    [Test]
    public async Task Adding_numbers_counts_numbers_and_stocks_places([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 3, inStock: 100);

        var answer = await Stock.AddNumbersAsync(block.Pool, new([block.Prefix, "7010000"], [RealNumber(1)]), T0, None);

        Assert.That((answer.Added, answer.Present), Is.EqualTo((101, 100)));
        var stats = await Stock.GetStatsAsync(block.Pool, 0, 9, T0, None);
        Assert.That(stats.Counts, Is.EqualTo(new NumberCounts(603, 0, 0, 0, 0, 0)));
        Assert.That(stats.Blocks.Select(part => (part.Prefix, part.Counts.Stocked)), Is.EqualTo(new[] { (block.Prefix, 300L), ("7010000", 300L), ("", 3L) }));
        var log = await Running.ReadLogAsync(block.Id);
        Assert.That(log[0], Is.EqualTo(new LogEntry(1, T0, LogKind.Stocked, null, null, Count: 100)));
    }

    [Test]
    public async Task A_place_goes_through_the_states_and_is_counted_in_one([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 3, inStock: 100);
        var lease = await ShareAsync("A", block, T0, "a", "b");
        await ShareAsync("B", block, T0, "c", "d", expireTime: T0 + Hour);
        Assert.That(await CountsOfAsync(block, T0), Is.EqualTo(new NumberCounts(298, 2, 0, 0, 0, 0)));
        Assert.That(await CountsOfAsync(block, T0 + Hour), Is.EqualTo(new NumberCounts(299, 1, 0, 0, 0, 0)), "Over, whether or not it is written down.");

        await ReleaseAsync(lease, T0 + Minute);
        Assert.That(await CountsOfAsync(block, T0 + Minute), Is.EqualTo(new NumberCounts(299, 1, 0, 0, 0, 0)), "A place needs no rest, its slot does.");

        await SuspendAsync(block, 0, 1);
        await ChangeAsync(block, StockChange.Retire, 2);
        Assert.That((await CountsOfAsync(block, T0 + Minute)).Stocked, Is.EqualTo(300));
        Assert.That((await CountsOfAsync(block, T0 + Minute)).Suspended, Is.EqualTo(6));
        Assert.That((await CountsOfAsync(block, T0 + Minute)).Retired, Is.EqualTo(3));
        await ChangeAsync(block, StockChange.Restore, 0, 1, 2);
        Assert.That(await CountsOfAsync(block, T0 + Minute), Is.EqualTo(new NumberCounts(299, 1, 0, 0, 0, 0)));
    }

    [Test]
    public async Task Places_age_only_where_too_many_slots_of_a_number_rest()
    {
        var block = await AddExtensionBlockAsync(density: 4, inStock: 1, aging: Hour, extensionLength: 1);
        var leases = new List<LeaseRecord>();
        for (var i = 0; i < 8; i++)
        {
            leases.Add(await ShareAsync($"R{i}", block, T0 + (i * Minute), expireTime: T0 + Day));
            if (i > 0)
                await ReleaseAsync(leases[i], T0 + (i * Minute));
        }

        // One lives, seven of the ten slots rest, two are free: of the other three places two are available.
        var now = T0 + (8 * Minute);
        Assert.That(await CountsOfAsync(block, now), Is.EqualTo(new NumberCounts(2, 1, 1, 99 * 4, 0, 0)));
        await ShareAsync("X", block, now, expireTime: T0 + Day);
        await ShareAsync("Y", block, now, expireTime: T0 + Day);
        var stats = await Stock.GetStatsAsync(block.Pool, 0, 9, now, None);
        Assert.That((stats.Counts, stats.NextAvailableTime), Is.EqualTo((new NumberCounts(0, 3, 1, 99 * 4, 0, 0), (DateTimeOffset?)(T0 + Minute + Hour))));
        Assert.That(stats.Blocks[0], Is.EqualTo(new BlockStats(block.Prefix, stats.Counts, stats.NextAvailableTime)));
        Assert.That((await TakeSharedAsync("Z", block, T0 + Minute + Hour - s_millisecond)).Outcome, Is.EqualTo(TakeOutcome.Full));
        await ShareAsync("Z2", block, T0 + Minute + Hour, expireTime: T0 + (2 * Day));

        // Four live: the next place is that of the first that ends.
        stats = await Stock.GetStatsAsync(block.Pool, 0, 9, T0 + Minute + Hour, None);
        Assert.That((stats.Counts.Leased, stats.Counts.Aging, stats.NextAvailableTime), Is.EqualTo((4, 0, (DateTimeOffset?)(T0 + Day))));
        var room = await Stock.GetRoomAsync(block.Pool, null, null, T0 + Minute + Hour, None);
        Assert.That(room, Is.EqualTo(new PoolRoom(stats.Counts, stats.NextAvailableTime, null)));
    }

    [Test]
    public async Task The_next_place_is_the_first_of_all_numbers_in_stock([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 1, inStock: 2);
        await ShareAsync("A", block, T0, "a", "b", expireTime: T0 + (2 * Day));
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 0, T0, None)).NextAvailableTime, Is.Null, "One is free.");
        var first = await ShareAsync("B", block, T0, "c", "d", expireTime: T0 + Day);
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 0, T0, None)).NextAvailableTime, Is.EqualTo(T0 + Day));

        await Stock.ChangeNumbersAsync(block.Pool, new([], [first.Number]), StockChange.Retire, T0, None);
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 0, T0, None)).NextAvailableTime, Is.EqualTo(T0 + (2 * Day)));
        await ChangeAsync(block, StockChange.Retire, 0, 1);
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 0, T0, None)).NextAvailableTime, Is.Null, "None will by itself.");
    }

    [Test]
    public async Task A_change_counts_numbers_and_their_live_leases([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 5, inStock: 1);
        await ShareAsync("A", block, T0, "a", "b", expireTime: T0 + Day);
        await ShareAsync("B", block, T0, "c", "d", expireTime: T0 + (3 * Day));
        await ReleaseAsync(await ShareAsync("C", block, T0, "e", "f", expireTime: T0 + (9 * Day)), T0);

        var answer = await ChangeAsync(block, StockChange.Retire, 0, 1);
        Assert.That((answer.Changed, answer.Leased, answer.LastExpireTime), Is.EqualTo((2, 2, (DateTimeOffset?)(T0 + (3 * Day)))));
        Assert.That(await CountsOfAsync(block, T0), Is.EqualTo(new NumberCounts(0, 0, 0, 98 * 5, 2 * 5, 2)));
        Assert.That(await CountsOfAsync(block, T0 + Day), Is.EqualTo(new NumberCounts(0, 0, 0, 98 * 5, 2 * 5, 1)), "It drains.");
        Assert.That((await Running.ReadLogAsync(block.Id))[^1], Is.EqualTo(new LogEntry(7, T0, LogKind.Retired, null, null, Count: 2)));

        var again = await ChangeAsync(block, StockChange.Suspend, 0, 1, 2);
        Assert.That((again.Changed, again.Leased), Is.EqualTo((0, 2)), "What is retired is not suspended, and the third is already.");
        var whole = await Stock.ChangeNumbersAsync(block.Pool, new([block.Prefix], []), StockChange.Restore, T0, None);
        Assert.That((whole.Changed, whole.Leased), Is.EqualTo((100, 2)));
        Assert.That(await CountsOfAsync(block, T0), Is.EqualTo(new NumberCounts(498, 2, 0, 0, 0, 0)));
    }

    [Test]
    public async Task Numbers_taken_out_are_not_leased_and_are_again_when_put_back(
        [Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode, [Values] bool retired)
    {
        var block = await AddBlockOfAsync(mode, density: 5, inStock: 2);
        var before = await ShareAsync("A", block, T0, "a", "b");
        await ChangeAsync(block, retired ? StockChange.Retire : StockChange.Suspend, 0);

        var beside = await ShareAsync("B", block, T0, "c", "d");
        Assert.That((PlaceOf(before, block), PlaceOf(beside, block)), Is.EqualTo((0, 1)));
        Assert.That((await ExtendAsync(before, "X1", T0)).Outcome, Is.EqualTo(HolderOutcome.Done), "A lease goes through its life all the same.");
        await ChangeAsync(block, retired ? StockChange.Retire : StockChange.Suspend, 1);
        Assert.That((await TakeSharedAsync("C", block, T0, "e", "f")).Outcome, Is.EqualTo(TakeOutcome.Full));

        await ChangeAsync(block, StockChange.Restore, 0);
        Assert.That(PlaceOf(await ShareAsync("D", block, T0, "g", "h"), block), Is.Zero);
    }

    [Test]
    public async Task Records_are_listed_by_slot_page_after_page([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 10, inStock: 3);
        for (var i = 0u; i < 20; i++)
            await ShareAsync($"R{i}", block, T0, $"holder {i}", $"peer {i}", choice: ChoiceOf(0, 7919 * i % 10_000));

        var listed = new List<LeaseRecord>();
        var pages = 0;
        for (RecordCursor? at = default(RecordCursor); at is { } from; pages++)
        {
            var page = await Stock.ListRecordsAsync(block.Pool, null, from, 6, T0, None);
            Assert.That(page.Records, Has.Count.LessThanOrEqualTo(6));
            listed.AddRange(page.Records);
            at = page.Next;
        }

        Assert.That(listed.Select(record => record.Slot), Is.Ordered.And.Unique.And.Exactly(20).Items);
        Assert.That(pages, Is.GreaterThanOrEqualTo(4));
    }

    [Test]
    public async Task A_walk_tells_live_leases_from_ended_ones([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 10, inStock: 1);
        var live = await ShareAsync("A", block, T0, "a", "b");
        var released = await ShareAsync("B", block, T0, "c", "d");
        var expired = await ShareAsync("C", block, T0, "e", "f", expireTime: T0 + Minute);
        await ReleaseAsync(released, T0 + Minute);

        async Task<IEnumerable<uint>> ListAsync(bool? wanted) =>
            (await Stock.ListRecordsAsync(block.Pool, wanted, default, 10, T0 + Minute, None)).Records.Select(record => record.Slot);

        Assert.That(await ListAsync(true), Is.EqualTo(new[] { live.Slot }));
        Assert.That(await ListAsync(false), Is.EquivalentTo(new[] { released.Slot, expired.Slot }));
        Assert.That(await ListAsync(null), Is.EquivalentTo(new[] { live.Slot, released.Slot, expired.Slot }));
    }

    [Test]
    public async Task A_walk_lists_each_standing_lease_once_while_others_come_and_go([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 50, inStock: 3);
        var standing = new List<LeaseRecord>();
        var passing = new Queue<LeaseRecord>();
        for (var i = 0u; i < 60; i++)
        {
            var lease = await ShareAsync($"R{i}", block, T0, $"holder {i}", $"peer {i}", choice: ChoiceOf(0, 7919 * i % 10_000));
            if (i % 3 == 0)
                passing.Enqueue(lease);
            else
                standing.Add(lease);
        }

        var listed = new List<LeaseRecord>();
        RecordCursor? at = default(RecordCursor);
        for (var page = 0u; at is { } from; page++)
        {
            var answer = await Stock.ListRecordsAsync(block.Pool, live: true, from, 7, T0, None);
            Assert.That(answer.Records, Has.Count.LessThanOrEqualTo(7));
            listed.AddRange(answer.Records);
            at = answer.Next;
            if (passing.TryDequeue(out var gone))
                await ReleaseAsync(gone, T0);
            await ShareAsync($"N{page}", block, T0, $"new holder {page}", $"new peer {page}", choice: ChoiceOf(0, 4001 * page % 10_000));
        }

        Assert.That(listed.Select(HolderOf), Is.Unique);
        Assert.That(listed.Select(HolderOf), Is.SupersetOf(standing.Select(HolderOf)));
    }

    [Test]
    public async Task Reclaim_writes_expiries_down_removes_what_has_rested_and_keeps_to_its_limit(
        [Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 10, inStock: 1, aging: Hour);
        var leases = new List<LeaseRecord>();
        for (var i = 0; i < 5; i++)
            leases.Add(await ShareAsync($"R{i}", block, T0, $"holder {i}", $"peer {i}", expireTime: T0 + ((5 - i) * Minute)));

        Assert.That(await ReclaimAsync(T0 + Minute - s_millisecond), Is.EqualTo(new ReclaimAnswer(0, 0, false)));
        Assert.That(await ReclaimAsync(T0 + Minute), Is.EqualTo(new ReclaimAnswer(1, 0, false)));
        var first = await ReclaimAsync(T0 + (5 * Minute), limit: 3);
        Assert.That((first.Expired, first.Removed, first.Backlog), Is.EqualTo((3, 0, true)));
        Assert.That((await ReclaimAsync(T0 + (5 * Minute), limit: 3)).Expired, Is.EqualTo(1));
        var told = (await Running.ReadLogAsync(block.Id)).Where(entry => entry.Kind == LogKind.Expired).Select(entry => entry.Slot);
        Assert.That(told, Is.EqualTo(leases.AsEnumerable().Reverse().Select(lease => (uint?)lease.Slot)), "The first to end comes first.");

        Assert.That((await ReclaimAsync(T0 + Hour + (2 * Minute))).Removed, Is.EqualTo(2));
        Assert.That(await GetAsync(leases[4]), Is.Null);
        Assert.That(await Steps.FindAsync(ClaimOf(leases[4]), None), Is.Null);
        Assert.That((await GetAsync(leases[2]))!.End, Is.EqualTo(EndReason.Expired));
        Assert.That((await ReclaimAsync(T0 + (2 * Hour))).Removed, Is.EqualTo(3));
        Assert.That((await Stock.ListRecordsAsync(block.Pool, null, default, 10, T0, None)).Records, Is.Empty);
        Assert.That(await CountsOfAsync(block, T0), Is.EqualTo(new NumberCounts(10, 0, 0, 990, 0, 0)));
    }

    [Test]
    public async Task Reclaim_forgets_closed_claims_in_their_time([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = await AddBlockOfAsync(mode, density: 1, inStock: 1);
        await ShareAsync("A", block, T0, "a", "b");
        Assert.That((await TakeSharedAsync("B", block, T0, "c", "d")).Outcome, Is.EqualTo(TakeOutcome.Full));

        Assert.That((await ReclaimAsync(T0 + Bounds.ClosedKept - s_millisecond)).Removed, Is.Zero);
        Assert.That((await ReclaimAsync(T0 + Bounds.ClosedKept)).Removed, Is.EqualTo(1));
    }
}
