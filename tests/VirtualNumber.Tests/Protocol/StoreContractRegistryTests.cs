using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Pools, and which numbers are in which: what overlaps is refused, what is repeated does no harm.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractRegistryTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static PhoneNumber Number(string national, string country = "999") => PhoneNumber.FromCanonical($"{country}:{national}");

    private async Task<Pool> PoolAsync(string id, int blockDigits = 2, string tenant = Tenant, string country = "999") =>
        (await Stock.CreatePoolAsync(PoolOf(id, Hour, tenant, blockDigits, country), None)).Pool;

    private ValueTask<AddNumbersAnswer> AddAsync(Pool pool, string[]? blocks = null, PhoneNumber[]? numbers = null) =>
        Stock.AddNumbersAsync(pool, new(blocks ?? [], numbers ?? []), T0, None);

    [Test]
    public async Task A_pool_is_made_once_and_told_apart_from_one_with_other_properties()
    {
        var (pool, same) = await Stock.CreatePoolAsync(PoolOf("p", Hour), None);
        var (repeated, stillSame) = await Stock.CreatePoolAsync(PoolOf("p", Hour) with { CreateTime = T0 + Day }, None);
        var (standing, other) = await Stock.CreatePoolAsync(PoolOf("p", 2 * Hour), None);
        var (elsewhere, _) = await Stock.CreatePoolAsync(PoolOf("p", 2 * Hour, "tenant-2"), None);

        Assert.That((same, stillSame, other), Is.EqualTo((true, true, false)));
        Assert.That((repeated, standing, elsewhere.Aging), Is.EqualTo((pool, pool, 2 * Hour)));
        Assert.That(await Stock.FindPoolAsync(Tenant, "p", None), Is.EqualTo(pool));
        Assert.That(await Stock.FindPoolAsync("tenant-3", "p", None), Is.Null);
    }

    [Test]
    public async Task An_update_counts_the_version_and_respects_the_expected_one()
    {
        await PoolAsync("p");

        var first = await Stock.UpdatePoolAsync(Tenant, "p", 2 * Hour, null, expectedVersion: 1, None);
        var late = await Stock.UpdatePoolAsync(Tenant, "p", 3 * Hour, null, expectedVersion: 1, None);
        var nothing = await Stock.UpdatePoolAsync(Tenant, "p", 2 * Hour, null, expectedVersion: null, None);
        var withheld = await Stock.UpdatePoolAsync(Tenant, "p", null, false, expectedVersion: 2, None);

        Assert.That((first!.Value.Changed, first.Value.Pool.Aging, first.Value.Pool.Version), Is.EqualTo((true, 2 * Hour, 2)));
        Assert.That((late!.Value.Changed, late.Value.Pool), Is.EqualTo((false, first.Value.Pool)));
        Assert.That(nothing!.Value.Pool.Version, Is.EqualTo(2), "Nothing changed.");
        Assert.That((withheld!.Value.Pool.WithheldCallersAllowed, withheld.Value.Pool.Version), Is.EqualTo((false, 3)));
        Assert.That(await Stock.UpdatePoolAsync(Tenant, "q", Hour, null, null, None), Is.Null);
    }

    [Test]
    public async Task Pools_are_listed_in_ordinal_order_page_by_page()
    {
        foreach (var id in new[] { "b", "B", "a", "b1" })
            await PoolAsync(id);
        await PoolAsync("c", tenant: "tenant-2");

        var first = await Stock.ListPoolsAsync(Tenant, null, 2, None);
        var second = await Stock.ListPoolsAsync(Tenant, first[^1].PoolId, 9, None);

        Assert.That(first.Concat(second).Select(pool => pool.PoolId), Is.EqualTo(new[] { "B", "a", "b", "b1" }));
    }

    [Test]
    public async Task Adding_again_adds_nothing()
    {
        var pool = await PoolAsync("p");
        var single = Number("801000001");

        var first = await AddAsync(pool, ["7000000"], [single]);
        var again = await AddAsync(pool, ["7000000", "7000001", "7000001"], [single, Number("700000001"), Number("801000002")]);

        Assert.That((first.Added, first.Present), Is.EqualTo((101, 0)));
        Assert.That((again.Added, again.Present), Is.EqualTo((101, 202)));
        Assert.That((await Stock.GetStatsAsync(pool, 0, 9, T0, None)).Counts.Stocked, Is.EqualTo(202));
    }

    [TestCase("7000000", 2, true, TestName = "The_same_block_of_another_pool_overlaps")]
    [TestCase("700000", 3, true, TestName = "A_larger_block_over_a_block_overlaps")]
    [TestCase("70000", 4, true, TestName = "A_much_larger_block_over_a_block_overlaps")]
    [TestCase("7000001", 2, false, TestName = "A_block_beside_a_block_does_not_overlap")]
    [TestCase("7000000", 3, false, TestName = "A_block_of_longer_numbers_does_not_overlap")]
    [TestCase("700000", 2, false, TestName = "A_block_of_shorter_numbers_does_not_overlap")]
    public async Task Blocks_overlap(string prefix, int blockDigits, bool overlaps)
    {
        foreach (var tenant in new[] { Tenant, "tenant-2" })
        {
            await using var fresh = await StartAnotherAsync();
            var (first, _) = await fresh.Stock.CreatePoolAsync(PoolOf("p", Hour), None);
            var (second, _) = await fresh.Stock.CreatePoolAsync(PoolOf("q", Hour, tenant, blockDigits), None);
            await fresh.Stock.AddNumbersAsync(first, new(["7000000"], []), T0, None);

            var answer = await fresh.Stock.AddNumbersAsync(second, new(["8000000", prefix], [Number("811111111")]), T0, None);

            Assert.That(answer.OverlappingBlocks, Is.EqualTo(overlaps ? new[] { 1 } : []));
            Assert.That(answer.OverlappingNumbers, Is.Empty);
            Assert.That(await fresh.Stock.IsStockedAsync(Number("811111111"), TimeSpan.FromSeconds(1), None), Is.Not.EqualTo(overlaps), "All or none.");
        }
    }

    [Test]
    public async Task A_smaller_block_inside_a_block_of_another_pool_overlaps()
    {
        var (large, small) = (await PoolAsync("p", blockDigits: 4), await PoolAsync("q", blockDigits: 2));
        await AddAsync(large, ["70000"]);

        Assert.That((await AddAsync(small, ["7000012"])).OverlappingBlocks, Is.EqualTo(new[] { 0 }));
        Assert.That((await AddAsync(small, ["7000099"])).OverlappingBlocks, Is.EqualTo(new[] { 0 }));
        Assert.That((await AddAsync(small, ["7000100"])).OverlappingBlocks, Is.Empty);
    }

    [Test]
    public async Task A_single_number_in_another_pools_block_or_stock_overlaps()
    {
        var (pool, other) = (await PoolAsync("p"), await PoolAsync("q", tenant: "tenant-2"));
        await AddAsync(pool, ["7000000"], [Number("801000001")]);

        var answer = await AddAsync(other, numbers: [Number("700000100"), Number("700000099"), Number("801000001")]);

        Assert.That((answer.Added, answer.OverlappingBlocks), Is.EqualTo((0, Array.Empty<int>())));
        Assert.That(answer.OverlappingNumbers, Is.EqualTo(new[] { 1, 2 }));
        Assert.That(await Stock.IsStockedAsync(Number("700000100"), TimeSpan.FromSeconds(1), None), Is.False);
    }

    [Test]
    public async Task A_block_over_a_single_number_overlaps_even_in_its_own_pool()
    {
        var (pool, other) = (await PoolAsync("p"), await PoolAsync("q"));
        await AddAsync(pool, numbers: [Number("700000042")]);

        Assert.That((await AddAsync(pool, ["7000000"])).OverlappingBlocks, Is.EqualTo(new[] { 0 }));
        Assert.That((await AddAsync(other, ["7000000"])).OverlappingBlocks, Is.EqualTo(new[] { 0 }));
        Assert.That((await AddAsync(other, ["7000001"])).Added, Is.EqualTo(100));
    }

    [Test]
    public async Task The_same_digits_of_another_country_do_not_overlap()
    {
        await AddAsync(await PoolAsync("p"), ["7000000"]);

        Assert.That((await AddAsync(await PoolAsync("q", country: "86"), ["170000000"])).Added, Is.EqualTo(100));
        Assert.That((await AddAsync(await PoolAsync("r", country: "1"), ["7000000"])).Added, Is.EqualTo(100));
    }

    [TestCase("70012345678", 4, "700123456789012", "700123456799012", TestName = "A_700_number_of_fifteen_digits_is_found_in_its_block")]
    [TestCase("1701234", 4, "17012345678", "17012355678", TestName = "A_mobile_number_of_eleven_digits_is_found_in_its_block")]
    [TestCase("17012345", 3, "17012345678", "17012346678", TestName = "A_mobile_number_is_found_in_a_block_of_a_thousand")]
    public async Task Numbers_are_located_by_their_digits_alone(string prefix, int blockDigits, string inside, string outside)
    {
        var pool = await PoolAsync("p", blockDigits, country: "86");
        var added = await AddAsync(pool, [prefix]);
        Assert.That(added.Added, Is.EqualTo((int)Math.Pow(10, blockDigits)));

        Assert.That(await Stock.IsStockedAsync(Number(inside, "86"), TimeSpan.FromSeconds(1), None), Is.True);
        Assert.That(await Stock.IsStockedAsync(Number(outside, "86"), TimeSpan.FromSeconds(1), None), Is.False);
        Assert.That((await Steps.ResolveAsync(Number(inside, "86"), T0, None)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
        Assert.That((await Steps.ResolveAsync(Number(outside, "86"), T0, None)).Outcome, Is.EqualTo(RouteOutcome.NotStocked));

        // Every number goes to its own slot: each lease is found by the number that it was given.
        var block = (await Steps.ChooseBlockAsync(Tenant, "p", [], T0, None))!.Value;
        for (var i = 0; i < 20; i++)
        {
            var record = await LeaseAsync($"R{i}", block, T0);
            Assert.That((await ResolveAsync(record, T0)).Record, Is.EqualTo(record));
        }
    }

    [Test]
    public async Task Single_numbers_are_leased_and_found_like_any()
    {
        var pool = await PoolAsync("p");
        var numbers = Enumerable.Range(0, 40).Select(i => Number($"80100{i:0000}")).ToArray();
        await AddAsync(pool, numbers: numbers);

        var leased = new List<LeaseRecord>();
        while (await Steps.ChooseBlockAsync(Tenant, "p", [], T0, None) is { } block && leased.Count < 40)
            leased.Add(await LeaseAsync($"R{leased.Count}", block, T0));

        Assert.That(leased.Select(record => record.Number), Is.EquivalentTo(numbers));
        foreach (var record in leased)
            Assert.That((await ResolveAsync(record, T0)).Record, Is.EqualTo(record));
    }
}
