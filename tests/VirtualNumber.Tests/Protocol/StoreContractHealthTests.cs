using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>health: what gateways say of numbers, in each mode.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractHealthTests(StoreUnderTest kind) : StoreTests(kind)
{
    private const int Density = 3;

    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>A block with two numbers in stock, the others suspended.</summary>
    private Task<TestBlock> AddAsync(PoolMode mode, TimeSpan? aging = null) => mode switch
    {
        PoolMode.Extension => AddExtensionBlockAsync(Density, inStock: 2, aging),
        PoolMode.Pair => AddPairBlockAsync(Density, inStock: 2, aging),
        _ => AddBlockAsync(inStock: 2, aging),
    };

    private static int PlacesOf(TestBlock block) => block.Pool.Density;

    private ValueTask<HealthAnswer> ReportAsync(
        TestBlock block, NumberHealth health, DateTimeOffset eventTime, int index = 0, DateTimeOffset? now = null, TimeSpan? probation = null) =>
        Steps.ReportHealthAsync(new HealthStep(block.Number(index), health, eventTime, "no-answer", probation ?? Hour), now ?? eventTime, None);

    private async Task<TakeAnswer> TryAsync(TestBlock block, string name, DateTimeOffset now)
    {
        if (block.Pool.Mode != PoolMode.Direct)
            return await TakeSharedAsync(name, block, now, $"{name} 1", $"{name} 2");
        var claim = await ClaimAsync(name, name, block.Id, now, delivery: name);
        return await TakeAsync(claim.Claim!, now, number: $"{name} 1", delivery: name);
    }

    private async Task<LeaseRecord> LeaseOnAsync(TestBlock block, string name, DateTimeOffset now)
    {
        var take = await TryAsync(block, name, now);
        Assert.That(take.New, "A slot was to be had.");
        return take.Record!;
    }

    private ValueTask<ChangeNumbersAnswer> ChangeAsync(TestBlock block, StockChange change, DateTimeOffset now, params int[] indexes) =>
        Stock.ChangeNumbersAsync(block.Pool, new([], [.. indexes.Select(block.Number)]), change, now, None);

    /// <summary>Available, leased and faulty places; of the 98 suspended numbers nothing is said.</summary>
    private async Task<(long Available, long Leased, long Faulty)> CountAsync(TestBlock block, DateTimeOffset now)
    {
        var counts = await CountsOfAsync(block, now);
        Assert.That(counts.Stocked, Is.EqualTo(100 * PlacesOf(block)), "The counts add up.");
        return (counts.Available, counts.Leased, counts.Faulty);
    }

    private ValueTask<RouteAnswer> CallAsync(TestBlock block, LeaseRecord record, string name, DateTimeOffset now) => block.Pool.Mode switch
    {
        PoolMode.Extension => ResolveExtensionAsync(record.Number, PartOf(record, block), now),
        PoolMode.Pair => ResolvePairAsync(record.Number, $"{name} 2", now),
        _ => ResolveAsync(record, now),
    };

    [Test]
    public async Task A_faulty_number_is_leased_to_nobody_and_its_leases_go_on([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        var lease = await LeaseOnAsync(block, "a", T0);
        Assert.That(lease.Number, Is.EqualTo(block.Number(0)));
        Assert.That(await ReportAsync(block, NumberHealth.Faulty, T0), Is.EqualTo(new HealthAnswer(HealthOutcome.Done, NumberHealth.Faulty, T0)));

        Assert.That((await CallAsync(block, lease, "a", T0)).Outcome, Is.EqualTo(RouteOutcome.Route));
        Assert.That((await ExtendAsync(lease, "longer", T0)).Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That(await CountAsync(block, T0), Is.EqualTo((PlacesOf(block), 1, PlacesOf(block) - 1)));
        for (var i = 0; i < PlacesOf(block); i++)
            Assert.That((await LeaseOnAsync(block, $"b{i}", T0 + (i * Second))).Number, Is.EqualTo(block.Number(1)));
        Assert.That((await TryAsync(block, "c", T0 + Minute)).Outcome, Is.EqualTo(TakeOutcome.Full));

        Assert.That((await ReleaseAsync(lease, T0 + Minute)).Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That(await CountAsync(block, T0 + Minute), Is.EqualTo((0, PlacesOf(block), PlacesOf(block))));
        await ReclaimAsync(T0 + Day);
        Assert.That((await TryAsync(block, "d", T0 + Day)).Outcome, Is.EqualTo(TakeOutcome.Full), "Its rest is over, its fault is not.");
    }

    [Test]
    public async Task A_number_that_is_well_is_back_after_its_probation_by_the_time_alone([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        await ReportAsync(block, NumberHealth.Faulty, T0, index: 0);
        await ReportAsync(block, NumberHealth.Faulty, T0, index: 1);
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 0, T0, None)).NextAvailableTime, Is.Null, "Nobody can tell when.");
        // That nothing can be had there an instance that asks Redis learns by trying.
        Assert.That((await TryAsync(block, "before", T0)).Outcome, Is.EqualTo(TakeOutcome.Full));
        // A pair's only block is not asked before the take.
        if (mode != PoolMode.Pair)
            Assert.That(await Steps.ChooseBlockAsync(ChoiceFor(block), T0, None), Is.Null);

        var back = T0 + Minute + Hour;
        Assert.That(
            await ReportAsync(block, NumberHealth.Well, T0 + Minute, now: T0 + (2 * Minute)),
            Is.EqualTo(new HealthAnswer(HealthOutcome.Done, NumberHealth.Well, T0 + Minute, back)));
        Assert.That(await CountAsync(block, back - s_millisecond), Is.EqualTo((0, 0, 2 * PlacesOf(block))));
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 0, T0 + Minute, None)).NextAvailableTime, Is.EqualTo(back));
        Assert.That((await TryAsync(block, "early", back - s_millisecond)).Outcome, Is.EqualTo(TakeOutcome.Full));

        Assert.That(await CountAsync(block, back), Is.EqualTo((PlacesOf(block), 0, PlacesOf(block))));
        Assert.That(await Steps.ChooseBlockAsync(ChoiceFor(block), back, None), Is.EqualTo(block.Id));
        Assert.That((await LeaseOnAsync(block, "a", back)).Number, Is.EqualTo(block.Number(0)));
        Assert.That(await CountAsync(block, back), Is.EqualTo((PlacesOf(block) - 1, 1, PlacesOf(block))));
    }

    [Test]
    public async Task Reclaim_puts_a_number_back_too([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        await ReportAsync(block, NumberHealth.Faulty, T0);
        await ReportAsync(block, NumberHealth.Well, T0 + Minute);
        Assert.That((await ReclaimAsync(T0 + Hour)).Removed, Is.Zero);
        Assert.That((await ReclaimAsync(T0 + Minute + Hour)).Removed, Is.EqualTo(1));
        Assert.That(await CountAsync(block, T0 + Minute + Hour), Is.EqualTo((2 * PlacesOf(block), 0, 0)));
        Assert.That((await ReclaimAsync(T0 + Minute + Hour)).Removed, Is.Zero);
    }

    [Test]
    public async Task A_fault_in_the_probation_starts_it_over([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        await ReportAsync(block, NumberHealth.Faulty, T0);
        await ReportAsync(block, NumberHealth.Well, T0 + Minute);
        Assert.That((await ReportAsync(block, NumberHealth.Faulty, T0 + (30 * Minute))).ReturnTime, Is.Null);
        Assert.That(await CountAsync(block, T0 + Day), Is.EqualTo((PlacesOf(block), 0, PlacesOf(block))));
        Assert.That((await ReportAsync(block, NumberHealth.Well, T0 + (40 * Minute))).ReturnTime, Is.EqualTo(T0 + (100 * Minute)));
        Assert.That(
            (await ReportAsync(block, NumberHealth.Well, T0 + (50 * Minute))).ReturnTime, Is.EqualTo(T0 + (100 * Minute)), "It goes on as it began.");
        Assert.That(await CountAsync(block, T0 + (100 * Minute)), Is.EqualTo((2 * PlacesOf(block), 0, 0)));
    }

    [Test]
    public async Task An_older_or_repeated_report_changes_nothing_and_is_not_logged([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        Assert.That(await ReportAsync(block, NumberHealth.Well, T0), Is.EqualTo(new HealthAnswer(HealthOutcome.Unchanged)), "It never was faulty.");
        await ReportAsync(block, NumberHealth.Faulty, T0);
        await ReportAsync(block, NumberHealth.Well, T0 + Minute);
        var log = await Running.ReadLogAsync(block.Id);
        Assert.That(log.TakeLast(2).Select(entry => (entry.Kind, entry.Count)), Is.EqualTo(new[] { (LogKind.Faulty, 1), (LogKind.Well, 1) }));

        HealthAnswer Stands(HealthOutcome outcome) => new(outcome, NumberHealth.Well, T0 + Minute, T0 + Minute + Hour);
        Assert.That(await ReportAsync(block, NumberHealth.Faulty, T0, now: T0 + Hour), Is.EqualTo(Stands(HealthOutcome.Older)));
        Assert.That(await ReportAsync(block, NumberHealth.Well, T0, now: T0 + Hour), Is.EqualTo(Stands(HealthOutcome.Older)));
        Assert.That(await ReportAsync(block, NumberHealth.Well, T0 + Minute, now: T0 + Hour), Is.EqualTo(Stands(HealthOutcome.Repeated)));
        Assert.That(await Running.ReadLogAsync(block.Id), Is.EqualTo(log));
    }

    [Test]
    public async Task Of_two_reports_of_one_time_the_fault_counts([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        await ReportAsync(block, NumberHealth.Faulty, T0);
        Assert.That((await ReportAsync(block, NumberHealth.Well, T0)).Outcome, Is.EqualTo(HealthOutcome.Older));
        await ReportAsync(block, NumberHealth.Well, T0 + Minute);
        Assert.That((await ReportAsync(block, NumberHealth.Faulty, T0 + Minute)).Outcome, Is.EqualTo(HealthOutcome.Done));
        Assert.That((await CountAsync(block, T0 + Day)).Faulty, Is.EqualTo(PlacesOf(block)));
    }

    [Test]
    public async Task Who_looks_at_a_lease_sees_since_when_its_number_is_faulty([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        var lease = await LeaseOnAsync(block, "a", T0);
        async Task<DateTimeOffset?[]> SeenAsync() =>
        [
            (await GetAsync(lease))!.FaultySince,
            (await Steps.FindAsync(ClaimOf(lease), None))!.FaultySince,
            (await Stock.ListRecordsAsync(block.Pool, null, default, 10, T0, None)).Records.Single().FaultySince,
        ];
        Assert.That(await SeenAsync(), Is.All.Null);
        await ReportAsync(block, NumberHealth.Faulty, T0 + Second);
        await ReportAsync(block, NumberHealth.Faulty, T0 + Minute);
        Assert.That(await SeenAsync(), Is.All.EqualTo(T0 + Second), "The fault began with the first one.");
        await ReportAsync(block, NumberHealth.Well, T0 + (2 * Minute));
        Assert.That(await SeenAsync(), Is.All.Null);
        await ReportAsync(block, NumberHealth.Faulty, T0 + (3 * Minute));
        Assert.That(await SeenAsync(), Is.All.EqualTo(T0 + (3 * Minute)));
    }

    [Test]
    public async Task What_an_operator_has_taken_out_stays_out([Values] PoolMode mode, [Values] bool forGood)
    {
        var change = forGood ? StockChange.Retire : StockChange.Suspend;
        var block = await AddAsync(mode);
        await ReportAsync(block, NumberHealth.Faulty, T0, index: 0);
        await ChangeAsync(block, change, T0, 0, 1);
        await ReportAsync(block, NumberHealth.Faulty, T0, index: 1);
        Assert.That(await CountAsync(block, T0), Is.EqualTo((0, 0, 0)));
        for (var index = 0; index < 2; index++)
            Assert.That((await ReportAsync(block, NumberHealth.Well, T0 + Minute, index)).ReturnTime, Is.Null);
        Assert.That(await CountAsync(block, T0 + Day), Is.EqualTo((0, 0, 0)));
        await ReclaimAsync(T0 + Day);
        Assert.That((await TryAsync(block, "a", T0 + Day)).Outcome, Is.EqualTo(TakeOutcome.Full));

        Assert.That((await ChangeAsync(block, StockChange.Restore, T0 + Day, 0, 1)).Changed, Is.EqualTo(2));
        Assert.That(await CountAsync(block, T0 + Day), Is.EqualTo((2 * PlacesOf(block), 0, 0)));
    }

    [Test]
    public async Task A_suspension_in_the_probation_ends_it([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        await ReportAsync(block, NumberHealth.Faulty, T0);
        await ReportAsync(block, NumberHealth.Well, T0 + Minute);
        await ChangeAsync(block, StockChange.Suspend, T0 + Minute, 0);
        await ReclaimAsync(T0 + Day);
        Assert.That((await CountAsync(block, T0 + Day)).Available, Is.EqualTo(PlacesOf(block)));
    }

    [Test]
    public async Task What_an_operator_restores_is_well_from_then_on([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        var lease = await LeaseOnAsync(block, "a", T0);
        await ReportAsync(block, NumberHealth.Faulty, T0, index: 0);
        await ReportAsync(block, NumberHealth.Faulty, T0, index: 1);
        await ReportAsync(block, NumberHealth.Well, T0 + Second, index: 1);
        Assert.That((await ChangeAsync(block, StockChange.Restore, T0 + Minute, 0, 1)).Changed, Is.EqualTo(2), "On probation too.");

        Assert.That(await CountAsync(block, T0 + Minute), Is.EqualTo(((2 * PlacesOf(block)) - 1, 1, 0)));
        Assert.That((await GetAsync(lease))!.FaultySince, Is.Null);
        Assert.That((await ReportAsync(block, NumberHealth.Faulty, T0 + Second, now: T0 + Hour)).Outcome, Is.EqualTo(HealthOutcome.Older));
        Assert.That((await ReportAsync(block, NumberHealth.Faulty, T0 + Hour)).Outcome, Is.EqualTo(HealthOutcome.Done));
        Assert.That((await ChangeAsync(block, StockChange.Restore, T0 + Hour, 1)).Changed, Is.Zero);
    }

    [Test]
    public async Task The_rest_of_a_number_goes_on_while_it_is_faulty()
    {
        var block = await AddAsync(PoolMode.Direct);
        var lease = await LeaseOnAsync(block, "a", T0);
        await ReportAsync(block, NumberHealth.Faulty, T0);
        await ReleaseAsync(lease, T0 + (2 * Hour));
        await ReportAsync(block, NumberHealth.Well, T0 + Hour, now: T0 + (2 * Hour));
        Assert.That(await CountsOfAsync(block, T0 + (3 * Hour) - s_millisecond), Is.EqualTo(new NumberCounts(1, 0, 1, 98, 0, 0)), "Its probation is over, its rest is not.");
        Assert.That(await CountsOfAsync(block, T0 + (3 * Hour)), Is.EqualTo(new NumberCounts(2, 0, 0, 98, 0, 0)));
    }

    [Test]
    public async Task Numbers_added_again_stay_faulty([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        await ReportAsync(block, NumberHealth.Faulty, T0);
        await Stock.AddNumbersAsync(block.Pool, new([block.Prefix], []), T0, None);
        Assert.That(await CountAsync(block, T0), Is.EqualTo((PlacesOf(block), 0, PlacesOf(block))));
    }

    [Test]
    public async Task Faulty_numbers_are_listed_and_those_on_probation_until_they_are_back([Values] PoolMode mode)
    {
        var block = await AddAsync(mode);
        foreach (var index in new[] { 50, 1, 0 })
            await ReportAsync(block, NumberHealth.Faulty, T0 + (index * Second), index);
        await ReportAsync(block, NumberHealth.Well, T0 + Minute, index: 1);
        await ReportAsync(block, NumberHealth.Well, T0 + Minute, index: 2);
        var all = new FaultyNumber[]
        {
            new(block.Number(0), T0, "no-answer", null),
            new(block.Number(1), null, "", T0 + Minute + Hour),
            new(block.Number(50), T0 + (50 * Second), "no-answer", null),
        };

        Assert.That(await Stock.ListFaultyNumbersAsync(block.Pool, default, 3, T0 + Minute, None), Is.EqualTo(new FaultyPage(all, null)));
        var first = await Stock.ListFaultyNumbersAsync(block.Pool, default, 2, T0 + Minute, None);
        Assert.That(first.Numbers, Is.EqualTo(all[..2]));
        Assert.That((await Stock.ListFaultyNumbersAsync(block.Pool, first.Next!.Value, 2, T0 + Minute, None)).Numbers, Is.EqualTo(all[2..]));
        Assert.That((await Stock.ListFaultyNumbersAsync(block.Pool, default, 3, T0 + Minute + Hour, None)).Numbers, Is.EqualTo(new[] { all[0], all[2] }));
    }

    [Test]
    public async Task A_number_of_no_pool_is_neither() => Assert.That(
        await Steps.ReportHealthAsync(new HealthStep(RealNumber(1), NumberHealth.Faulty, T0, "", Hour), T0, None),
        Is.EqualTo(new HealthAnswer(HealthOutcome.NotStocked)));

    private static BlockChoice ChoiceFor(TestBlock block) =>
        new(Tenant, block.Pool.PoolId, [], null, block.Pool.Mode == PoolMode.Pair ? PartiesOf("x", "y") : null);
}
