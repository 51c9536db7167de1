using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Areas of numbers: which block a number comes to, and what is chosen and counted of one area.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractAreaTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static PhoneNumber Number(int index) => PhoneNumber.FromCanonical($"999:80100{index:0000}");

    private static List<PhoneNumber> Numbers(int from, int count) => [.. Enumerable.Range(from, count).Select(Number)];

    private async Task<Pool> PoolAsync(PoolMode mode, int density = 1, string id = "p") => (await Stock.CreatePoolAsync(
        mode switch
        {
            PoolMode.Extension => ExtensionPoolOf(id, Hour, density),
            PoolMode.Pair => PairPoolOf(id, Hour, density),
            _ => PoolOf(id, Hour),
        },
        None)).Pool;

    private ValueTask<AddNumbersAnswer> AddAsync(Pool pool, string area, IReadOnlyList<string>? blocks = null, IReadOnlyList<PhoneNumber>? numbers = null) =>
        Stock.AddNumbersAsync(pool, new(blocks ?? [], numbers ?? [], area), T0, None);

    [Test]
    public async Task The_same_numbers_again_are_present_with_the_same_area_and_overlap_with_another(
        [Values(PoolMode.Direct, PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var pool = await PoolAsync(mode);
        var single = Number(1);

        var first = await AddAsync(pool, "310000", ["7000000"], [single]);
        var again = await AddAsync(pool, "310000", ["7000000"], [single, PhoneNumber.FromCanonical("999:700000001")]);
        var elsewhere = await AddAsync(pool, "110000", ["7000001", "7000000"], [Number(2), single, PhoneNumber.FromCanonical("999:700000001")]);
        var nowhere = await AddAsync(pool, "", ["7000000"], [single]);

        Assert.That((first.Added, first.Present), Is.EqualTo((101, 0)));
        Assert.That((again.Added, again.Present, again.OverlappingBlocks.Count, again.OverlappingNumbers.Count), Is.EqualTo((0, 102, 0, 0)));
        Assert.That((elsewhere.Added, elsewhere.OverlappingBlocks, elsewhere.OverlappingNumbers), Is.EqualTo((0, new[] { 1 }, new[] { 1, 2 })));
        Assert.That((nowhere.OverlappingBlocks, nowhere.OverlappingNumbers), Is.EqualTo((new[] { 0 }, new[] { 0 })));
        Assert.That(await Stock.IsStockedAsync(Number(2), TimeSpan.FromSeconds(1), None), Is.False, "All or none.");
        Assert.That((await Stock.GetStatsAsync(pool, 0, 9, T0, None)).Blocks.Select(block => block.Area), Is.All.EqualTo("310000"));
    }

    [Test]
    public async Task Loose_numbers_of_different_areas_are_in_different_blocks(
        [Values(PoolMode.Direct, PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var pool = await PoolAsync(mode, density: mode == PoolMode.Direct ? 1 : 2);
        await AddAsync(pool, "310000", numbers: Numbers(0, 20));
        await AddAsync(pool, "110000", numbers: Numbers(20, 20));
        await AddAsync(pool, "310000", numbers: Numbers(40, 20));

        var stats = await Stock.GetStatsAsync(pool, 0, int.MaxValue, T0, None);
        foreach (var (area, numbers) in new[] { ("310000", 40), ("110000", 20) })
        {
            Assert.That(
                stats.Blocks.Where(block => block.Area == area).Sum(block => block.Counts.Stocked), Is.EqualTo(numbers * pool.Density), area);
            Assert.That((await Stock.GetRoomAsync(pool, area, null, T0, None)).Counts.Available, Is.EqualTo(numbers * pool.Density));
        }

        Assert.That(stats.Counts.Stocked, Is.EqualTo(60 * pool.Density));
    }

    [Test]
    public async Task A_block_is_chosen_of_the_area_alone(
        [Values(PoolMode.Direct, PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var pool = await PoolAsync(mode);
        foreach (var (area, place) in new[] { ("310000", 1), ("110000", 2), ("", 3) })
            await AddAsync(pool, area, numbers: [Number(place)]);

        foreach (var (area, place) in new[] { ("110000", 2), ("310000", 1), ("", 3) })
        {
            var chosen = await ChooseAsync(pool, $"a{area}", T0, "b", area);
            var lease = await ShareAsync($"R{area}", new TestBlock(pool, chosen!.Value, ""), T0, $"a{area}", "b");
            Assert.That(lease.Number, Is.EqualTo(Number(place)), area);
            Assert.That(await ChooseAsync(pool, "c", T0, "d", area, tried: [chosen.Value]), Is.Null);
        }

        Assert.That(await ChooseAsync(pool, "c", T0, "d", "440100"), Is.Null, "The pool has no such area.");
    }

    [Test]
    public async Task Room_is_that_of_the_area_or_of_the_whole_pool()
    {
        var pool = await PoolAsync(PoolMode.Pair, density: 1);
        await AddAsync(pool, "310000", numbers: [Number(1)]);
        await AddAsync(pool, "110000", numbers: [Number(2), Number(3)]);
        var shanghai = new TestBlock(pool, (await ChooseAsync(pool, "a", T0, "b", "310000"))!.Value, "");
        var beijing = new TestBlock(pool, (await ChooseAsync(pool, "a", T0, "b", "110000"))!.Value, "");
        await PairAsync(shanghai, "a", "b", T0, T0 + Day);
        await PairAsync(beijing, "a", "c", T0, T0 + (2 * Day));

        var parties = PartiesOf("a", "d");
        var one = await Stock.GetRoomAsync(pool, "310000", parties, T0, None);
        var other = await Stock.GetRoomAsync(pool, "110000", parties, T0, None);
        var all = await Stock.GetRoomAsync(pool, null, parties, T0, None);
        var none = await Stock.GetRoomAsync(pool, "440100", parties, T0, None);

        Assert.That(one, Is.EqualTo(new PoolRoom(new NumberCounts(0, 1, 0, 0, 0, 0), T0 + Day, new PairRoom(1, 0, 0, 0, 1, 0, T0 + Day + Hour))));
        Assert.That(other, Is.EqualTo(new PoolRoom(new NumberCounts(1, 1, 0, 0, 0, 0), null, new PairRoom(2, 1, 1, 1, 1, 0, null))));
        Assert.That(all, Is.EqualTo(new PoolRoom(new NumberCounts(1, 2, 0, 0, 0, 0), null, new PairRoom(3, 1, 1, 1, 2, 0, null))));
        Assert.That(none, Is.EqualTo(new PoolRoom(default, null, default(PairRoom))));
    }

    [Test]
    public async Task The_next_place_of_an_area_is_told_without_regard_to_others()
    {
        var pool = await PoolAsync(PoolMode.Direct);
        await AddAsync(pool, "310000", numbers: [Number(1)]);
        await AddAsync(pool, "110000", numbers: [Number(2)]);
        foreach (var (area, days) in new[] { ("310000", 3), ("110000", 2) })
            await LeaseAsync(area, (await ChooseAsync(pool, "", T0, area: area))!.Value, T0, T0 + (days * Day));

        Assert.That((await Stock.GetRoomAsync(pool, "310000", null, T0, None)).NextAvailableTime, Is.EqualTo(T0 + (3 * Day) + Hour));
        Assert.That((await Stock.GetRoomAsync(pool, null, null, T0, None)).NextAvailableTime, Is.EqualTo(T0 + (2 * Day) + Hour));
    }

    [TestCase(PoolMode.Pair, 5_000, 13)]
    [TestCase(PoolMode.Pair, 3_000, 13)]
    [TestCase(PoolMode.Extension, 5_000, 100)]
    public async Task A_block_of_loose_numbers_has_no_more_places_than_a_block_may_have(PoolMode mode, int density, int count)
    {
        var pool = await PoolAsync(mode, density);
        await AddAsync(pool, "310000", numbers: Numbers(0, count - 1));
        await AddAsync(pool, "310000", numbers: Numbers(count - 1, 1));

        var stats = await Stock.GetStatsAsync(pool, 0, int.MaxValue, T0, None);

        Assert.That(stats.Blocks.Select(block => block.Counts.Stocked), Has.All.LessThanOrEqualTo(Pool.MostPlacesPerBlock));
        Assert.That((stats.Counts.Stocked, stats.BlockCount), Is.EqualTo(((long)count * density, stats.Blocks.Count)));
        if (mode == PoolMode.Pair)
        {
            var perBlock = Pool.MostPlacesPerBlock / density;
            Assert.That(stats.BlockCount, Is.EqualTo((count + perBlock - 1) / perBlock), "Pairs fill one block after the other.");
        }
    }

    [Test]
    public async Task Numbers_of_every_block_of_a_bucket_are_leased_found_and_changed()
    {
        var pool = await PoolAsync(PoolMode.Pair, density: 5_000);
        var numbers = Numbers(0, 10);
        await AddAsync(pool, "", numbers: numbers);
        var tried = new List<uint>();
        var leases = new List<LeaseRecord>();
        while (leases.Count < 10)
        {
            var block = new TestBlock(pool, (await ChooseAsync(pool, "hub", T0, $"p{leases.Count}", tried: tried))!.Value, "");
            var take = await TakeSharedAsync($"R{leases.Count}-{tried.Count}", block, T0, "hub", $"p{leases.Count}");
            if (take.Record is { } record)
                leases.Add(record);
            else
                tried.Add(block.Id);
        }

        Assert.That(leases.Select(lease => lease.Number), Is.EqualTo(numbers), "First-fit, block after block.");
        foreach (var lease in leases)
            Assert.That((await ResolvePairAsync(lease.Number, "hub", T0)).Record, Is.EqualTo(lease));
        var changed = await Stock.ChangeNumbersAsync(pool, new([], numbers), StockChange.Retire, T0, None);
        Assert.That((changed.Changed, changed.Leased), Is.EqualTo((10, 10)));
    }
}
