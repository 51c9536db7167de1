using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Suspending, restoring and retiring numbers, their counts, and the walk over a pool's records.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractStockTests(StoreUnderTest kind) : StoreTests(kind)
{
    private async Task<NumberCounts> CountsAsync(TestBlock block, DateTimeOffset now) =>
        (await Stock.GetStatsAsync(block.Pool, 0, 0, now, None)).Counts;

    private ValueTask<ChangeNumbersAnswer> ChangeAsync(TestBlock block, StockChange change, params int[] slots) =>
        Stock.ChangeNumbersAsync(block.Pool, new([], [.. slots.Select(block.Number)]), change, T0, None);

    [Test]
    public async Task A_number_goes_through_the_states_and_is_counted_in_one()
    {
        var block = await AddBlockAsync(inStock: 100);
        var lease = await LeaseAsync("R1", block.Id, T0);
        Assert.That(await CountsAsync(block, T0), Is.EqualTo(new NumberCounts(99, 1, 0, 0, 0, 0)));

        await ReleaseAsync(lease, T0 + Minute);
        Assert.That(await CountsAsync(block, T0 + Minute), Is.EqualTo(new NumberCounts(99, 0, 1, 0, 0, 0)));
        Assert.That(await CountsAsync(block, T0 + Minute + Hour - TimeSpan.FromMilliseconds(1)), Is.EqualTo(new NumberCounts(99, 0, 1, 0, 0, 0)));
        Assert.That(await CountsAsync(block, T0 + Minute + Hour), Is.EqualTo(new NumberCounts(100, 0, 0, 0, 0, 0)));

        await ChangeAsync(block, StockChange.Suspend, 0, 1);
        await ChangeAsync(block, StockChange.Retire, 2);
        Assert.That(await CountsAsync(block, T0 + Minute), Is.EqualTo(new NumberCounts(97, 0, 0, 2, 1, 0)));
        await ChangeAsync(block, StockChange.Restore, 0, 1, 2);
        Assert.That(await CountsAsync(block, T0 + Minute), Is.EqualTo(new NumberCounts(99, 0, 1, 0, 0, 0)), "Its rest goes on.");
    }

    [Test]
    public async Task A_retired_number_drains_until_its_lease_ends()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeaseAsync("R1", block.Id, T0);

        var answer = await ChangeAsync(block, StockChange.Retire, 0, 1);

        Assert.That((answer.Changed, answer.Leased, answer.LastExpireTime), Is.EqualTo((2, 1, (DateTimeOffset?)lease.ExpireTime)));
        Assert.That(await CountsAsync(block, T0), Is.EqualTo(new NumberCounts(0, 0, 0, 98, 2, 1)));
        Assert.That(await CountsAsync(block, lease.ExpireTime), Is.EqualTo(new NumberCounts(0, 0, 0, 98, 2, 0)));
    }

    [Test]
    public async Task What_is_retired_is_not_suspended()
    {
        var block = await AddBlockAsync();
        await ChangeAsync(block, StockChange.Retire, 0);

        Assert.That((await ChangeAsync(block, StockChange.Suspend, 0)).Changed, Is.Zero);
        Assert.That((await CountsAsync(block, T0)).Retired, Is.EqualTo(1));
    }

    [Test]
    public async Task What_is_suspended_may_be_retired_and_both_are_restored()
    {
        var block = await AddBlockAsync(inStock: 2);
        await ChangeAsync(block, StockChange.Suspend, 0, 1);

        Assert.That((await ChangeAsync(block, StockChange.Retire, 0)).Changed, Is.EqualTo(1));
        Assert.That((await ChangeAsync(block, StockChange.Restore, 0, 1)).Changed, Is.EqualTo(2));
        Assert.That((await CountsAsync(block, T0)).Available, Is.EqualTo(2));
    }

    [Test]
    public async Task A_repeated_change_changes_nothing_and_is_not_logged()
    {
        var block = await AddBlockAsync(inStock: 2);
        await ChangeAsync(block, StockChange.Suspend, 0);
        var before = await Running.ReadLogAsync(block.Id);

        Assert.That((await ChangeAsync(block, StockChange.Suspend, 0)).Changed, Is.Zero);

        Assert.That(await Running.ReadLogAsync(block.Id), Is.EqualTo(before));
        Assert.That(before[^1], Is.EqualTo(new LogEntry(before.Count, T0, LogKind.Suspended, null, null, Count: 1)));
    }

    [Test]
    public async Task A_number_named_twice_or_by_its_block_too_is_changed_once()
    {
        var block = await AddBlockAsync(inStock: 100);
        await LeaseAsync("R1", block.Id, T0);

        var twice = await ChangeAsync(block, StockChange.Suspend, 5, 5);
        var both = await Stock.ChangeNumbersAsync(
            block.Pool, new([block.Prefix, block.Prefix], [block.Number(0), block.Number(5)]), StockChange.Suspend, T0, None);

        Assert.That((twice.Changed, both.Changed, both.Leased), Is.EqualTo((1, 99, 1)));
    }

    [Test]
    public async Task When_one_is_unknown_none_is_changed()
    {
        var (block, other) = (await AddBlockAsync(inStock: 2), await AddBlockAsync());

        var answer = await Stock.ChangeNumbersAsync(
            block.Pool,
            new([block.Prefix, other.Prefix, "123456"], [block.Number(0), RealNumber(1), other.Number(0)]),
            StockChange.Retire, T0, None);

        Assert.That((answer.UnknownBlocks, answer.UnknownNumbers), Is.EqualTo((new[] { 1, 2 }, new[] { 1, 2 })));
        Assert.That((answer.Changed, (await CountsAsync(block, T0)).Retired), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Stats_tell_when_the_next_number_frees_up()
    {
        var block = await AddBlockAsync(inStock: 2);
        await LeaseAsync("R1", block.Id, T0, expireTime: T0 + (2 * Day));
        var stats = await Stock.GetStatsAsync(block.Pool, 0, 9, T0, None);
        Assert.That((stats.NextAvailableTime, stats.BlockCount), Is.EqualTo(((DateTimeOffset?)null, 1)), "One is free.");

        await LeaseAsync("R2", block.Id, T0, expireTime: T0 + Day);
        stats = await Stock.GetStatsAsync(block.Pool, 0, 9, T0, None);
        Assert.That(stats.NextAvailableTime, Is.EqualTo(T0 + Day + Hour));
        Assert.That(stats.Blocks, Is.EqualTo(new[] { new BlockStats(block.Prefix, stats.Counts, stats.NextAvailableTime) }));

        await ChangeAsync(block, StockChange.Retire, 0, 1);
        stats = await Stock.GetStatsAsync(block.Pool, 1, 9, T0, None);
        Assert.That((stats.NextAvailableTime, stats.Blocks.Count), Is.EqualTo(((DateTimeOffset?)null, 0)), "None will by itself.");
    }

    [Test]
    public async Task A_walk_lists_each_standing_lease_once_while_others_come_and_go()
    {
        var block = await AddBlockAsync(inStock: 100);
        await Stock.AddNumbersAsync(block.Pool, new(["701000001", "701000002"], []), T0, None);
        var standing = new List<LeaseRecord>();
        var passing = new Queue<LeaseRecord>();
        for (var i = 0; i < 150; i++)
        {
            var chosen = (await Steps.ChooseBlockAsync(Tenant, block.Pool.PoolId, [], T0, None))!.Value;
            var lease = await LeaseAsync($"R{i}", chosen, T0);
            if (i % 3 == 0)
                passing.Enqueue(lease);
            else
                standing.Add(lease);
        }

        var listed = new List<LeaseRecord>();
        RecordCursor? at = default(RecordCursor);
        for (var page = 0; at is { } from; page++)
        {
            var answer = await Stock.ListRecordsAsync(block.Pool, live: true, from, 7, T0, None);
            Assert.That(answer.Records, Has.Count.LessThanOrEqualTo(7));
            listed.AddRange(answer.Records);
            at = answer.Next;
            if (passing.TryDequeue(out var gone))
                await ReleaseAsync(gone, T0);
            var chosen = (await Steps.ChooseBlockAsync(Tenant, block.Pool.PoolId, [], T0, None))!.Value;
            await LeaseAsync($"N{page}", chosen, T0);
        }

        Assert.That(listed.Select(HolderOf), Is.Unique);
        Assert.That(listed.Select(HolderOf), Is.SupersetOf(standing.Select(HolderOf)));
    }

    [Test]
    public async Task A_walk_tells_live_leases_from_ended_ones()
    {
        var block = await AddBlockAsync(inStock: 3);
        var live = await LeaseAsync("R1", block.Id, T0);
        var released = await LeaseAsync("R2", block.Id, T0);
        var expired = await LeaseAsync("R3", block.Id, T0, expireTime: T0 + Minute);
        await ReleaseAsync(released, T0 + Minute);

        async Task<IEnumerable<uint>> ListAsync(bool? wanted) =>
            (await Stock.ListRecordsAsync(block.Pool, wanted, default, 10, T0 + Minute, None)).Records.Select(record => record.Slot);

        Assert.That(await ListAsync(true), Is.EqualTo(new[] { live.Slot }));
        Assert.That(await ListAsync(false), Is.EquivalentTo(new[] { released.Slot, expired.Slot }));
        Assert.That((await ListAsync(null)).Count(), Is.EqualTo(3));
    }
}
