using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>take and resolve where numbers are shared by extension.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractExtensionTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    private readonly long _simulatedSteps = kind.SimulatedSteps;

    [Test]
    public async Task Take_gives_the_first_candidate_that_is_free()
    {
        var block = await AddExtensionBlockAsync(density: 200);

        var first = await ShareAsync("A", block, T0, "n1", choice: ChoiceOf(0, 1234, 7));
        var second = await ShareAsync("B", block, T0, "n2", choice: ChoiceOf(0, 1234, 7));

        Assert.That((first.Slot, first.Number, first.Pair), Is.EqualTo((1234u, block.Number(0), (PairSide?)null)));
        Assert.That((second.Slot, second.Number, second.NumberDigest), Is.EqualTo((7u, block.Number(0), DigestOf("n2"))));
        Assert.That(await GetAsync(first), Is.EqualTo(first));
        Assert.That(await Steps.FindAsync(ClaimOf(second), None), Is.EqualTo(second));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased }));
    }

    /// <summary>So that whoever reads lease times alone may see less than the rest between two leases; by the clock on the wall it was whole.</summary>
    [Test]
    public async Task A_take_that_is_done_late_by_its_own_time_gets_what_has_rested_by_the_time_of_whoever_tidied_up()
    {
        var block = await AddExtensionBlockAsync(density: 200, aging: Hour);
        var first = await ShareAsync("A", block, T0, choice: ChoiceOf(0, 1234));
        await ReleaseAsync(first, T0);

        var sent = T0 + Hour - Minute;
        Assert.That((await ShareAsync("B", block, sent, choice: ChoiceOf(0, 1234, 7))).Slot, Is.EqualTo(7u), "It rests.");
        await ReclaimAsync(T0 + Hour);
        var late = await ShareAsync("C", block, sent, choice: ChoiceOf(0, 1234, 8));

        Assert.That((late.Slot, late.LeaseTime), Is.EqualTo((1234u, sent)));
    }

    [Test]
    public async Task Where_no_candidate_is_free_the_pick_chooses_among_the_free_ones_in_ascending_order()
    {
        var block = await AddExtensionBlockAsync(density: 5, extensionLength: 1);
        await ShareAsync("A", block, T0, choice: ChoiceOf(0, 3));
        await ShareAsync("B", block, T0, choice: ChoiceOf(0, 0));

        // Left are 1, 2, 4, 5, 6, 7, 8, 9: nine is one modulo eight.
        var picked = await ShareAsync("C", block, T0, choice: ChoiceOf(9, 3, 0, 3));
        var last = await ShareAsync("D", block, T0, choice: ChoiceOf(6));

        Assert.That((picked.Slot, last.Slot), Is.EqualTo((2u, 9u)));
    }

    [Test]
    public async Task The_pick_reaches_every_slot_of_a_number_that_is_nearly_used_up()
    {
        var block = await AddExtensionBlockAsync(density: 50, aging: Day, extensionLength: 2);
        var taken = new HashSet<uint>();
        for (var i = 0u; i < 100; i++)
        {
            var free = Enumerable.Range(0, 100).Select(slot => (uint)slot).Except(taken).ToList();
            var lease = await ShareAsync($"R{i}", block, T0, choice: ChoiceOf(pick: 7 * i));
            Assert.That(lease.Slot, Is.EqualTo(free[(int)(7 * i) % free.Count]));
            taken.Add(lease.Slot);
            await ReleaseAsync(lease, T0);
        }

        Assert.That((await TakeSharedAsync("Z", block, T0)).Outcome, Is.EqualTo(TakeOutcome.Full), "All of them rest.");
    }

    [Test]
    public async Task The_number_with_the_fewest_slots_in_use_comes_first_and_the_first_of_equals()
    {
        var block = await AddExtensionBlockAsync(density: 5, inStock: 3, aging: Hour, extensionLength: 1);
        var leases = new List<LeaseRecord>();
        for (var i = 0; i < 6; i++)
            leases.Add(await ShareAsync($"R{i}", block, T0, choice: ChoiceOf(0, 5, 6)));
        Assert.That(leases.Select(lease => PlaceOf(lease, block)), Is.EqualTo(new[] { 0, 1, 2, 0, 1, 2 }));
        Assert.That(leases.Select(lease => PartOf(lease, block)), Is.EqualTo(new uint[] { 5, 5, 5, 6, 6, 6 }));

        await ReleaseAsync(leases[1], T0 + Minute);
        var resting = await ShareAsync("X", block, T0 + Minute);
        var rested = await ShareAsync("Y", block, T0 + Minute + Hour);

        Assert.That((PlaceOf(resting, block), PlaceOf(rested, block)), Is.EqualTo((0, 1)), "What rests is in use.");
    }

    [Test]
    public async Task Two_hundred_live_on_a_number_and_never_one_more()
    {
        var block = await AddExtensionBlockAsync(density: 200);
        var random = new SeededRandom(Seed);
        var leases = new List<LeaseRecord>();
        for (var i = 0; i < 200; i++)
            leases.Add(await ShareAsync($"R{i}", block, T0, choice: SlotChoice.Draw(random, 10_000)));

        Assert.That(leases.Select(lease => lease.Slot), Is.Unique.And.All.LessThan(10_000u));
        Assert.That(await CountsOfAsync(block, T0), Is.EqualTo(new NumberCounts(0, 200, 0, 99 * 200, 0, 0)));
        Assert.That(await TakeSharedAsync("over", block, T0), Is.EqualTo(new TakeAnswer(TakeOutcome.Full)));
        Assert.That((await TakeSharedAsync("over", block, T0)).Outcome, Is.EqualTo(TakeOutcome.Closed), "It may take nothing later either.");

        await ReleaseAsync(leases[57], T0 + Minute);
        var next = await ShareAsync("next", block, T0 + Minute, choice: ChoiceOf(0, leases[57].Slot));
        Assert.That(next.Slot, Is.Not.EqualTo(leases[57].Slot), "The place is free at once, the extension rests.");
        Assert.That((await TakeSharedAsync("over again", block, T0 + Minute)).Outcome, Is.EqualTo(TakeOutcome.Full));
    }

    [Test]
    public async Task What_a_take_by_a_fast_clock_ended_makes_room_for_one_and_is_over_for_a_slow_clock_too()
    {
        var block = await AddExtensionBlockAsync(density: 2);
        var a = await ShareAsync("A", block, T0, expireTime: T0 + Day);
        await ShareAsync("B", block, T0);

        await ShareAsync("C", block, T0 + Day);
        var behind = T0 + Day - (5 * Second);

        Assert.That((await TakeSharedAsync("D", block, behind)).Outcome, Is.EqualTo(TakeOutcome.Full), "Three would live for the slow clock.");
        Assert.That((await ExtendAsync(a, "X1", behind)).Outcome, Is.EqualTo(HolderOutcome.Ended));
        Assert.That((await ResolveExtensionAsync(a.Number, a.Slot, behind)).Outcome, Is.EqualTo(RouteOutcome.Ended));
        Assert.That(
            await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased, LogKind.Expired, LogKind.Leased }));
    }

    [Test]
    public async Task A_take_writes_down_every_expiry_that_is_due_before_its_own_lease()
    {
        var block = await AddExtensionBlockAsync(density: 3);
        var (late, early) = (await ShareAsync("A", block, T0, expireTime: T0 + (2 * Hour)), await ShareAsync("B", block, T0, expireTime: T0 + Hour));
        await ShareAsync("C", block, T0);

        var next = await ShareAsync("D", block, T0 + (2 * Hour));

        var told = (await Running.ReadLogAsync(block.Id)).TakeLast(3).Select(entry => (entry.Kind, entry.Slot, entry.LeaseTime));
        Assert.That(told, Is.EqualTo(new[]
        {
            (LogKind.Expired, (uint?)early.Slot, (DateTimeOffset?)T0), (LogKind.Expired, late.Slot, T0), (LogKind.Leased, next.Slot, T0 + (2 * Hour)),
        }));
    }

    [Test]
    public async Task A_take_removes_what_has_rested_and_its_claim_with_it()
    {
        var block = await AddExtensionBlockAsync(density: 3, aging: Hour);
        var rested = await ShareAsync("A", block, T0, expireTime: T0 + Minute);
        var resting = await ShareAsync("B", block, T0, expireTime: T0 + (2 * Minute));

        await ShareAsync("C", block, T0 + Minute + Hour);

        Assert.That(await GetAsync(rested), Is.Null);
        Assert.That(await Steps.FindAsync(ClaimOf(rested), None), Is.Null);
        Assert.That((await GetAsync(resting))!.End, Is.EqualTo(EndReason.Expired));
    }

    [Test]
    public async Task No_extension_returns_before_its_rest_is_over()
    {
        var block = await AddExtensionBlockAsync(density: 1, aging: Hour, extensionLength: 1);
        var used = new List<uint>();
        for (var i = 0; i < 10; i++)
        {
            var lease = await ShareAsync($"R{i}", block, T0 + (i * Minute), choice: ChoiceOf((uint)(5 * i), used.FirstOrDefault(3u)));
            used.Add(lease.Slot);
            await ReleaseAsync(lease, T0 + (i * Minute));
        }

        Assert.That(used, Is.Unique);
        var rested = T0 + Hour;
        var early = await TakeSharedAsync("early", block, rested - s_millisecond, choice: ChoiceOf(0, used[0]));
        Assert.That(early.Outcome, Is.EqualTo(TakeOutcome.Full), "All ten rest.");
        var stats = await Stock.GetStatsAsync(block.Pool, 0, 1, rested - s_millisecond, None);
        Assert.That((stats.Counts, stats.NextAvailableTime), Is.EqualTo((new NumberCounts(0, 0, 1, 99, 0, 0), (DateTimeOffset?)rested)));

        var back = await ShareAsync("back", block, rested, choice: ChoiceOf(0, used[1], used[0]));
        Assert.That(back.Slot, Is.EqualTo(used[0]), "The second one rests for a minute more.");
    }

    [Test]
    public async Task No_extension_returns_early_in_a_long_run_of_leases_that_come_and_go()
    {
        var block = await AddExtensionBlockAsync(density: 5, inStock: 2, aging: Hour, extensionLength: 1);
        var random = new SeededRandom(Seed);
        var (live, ends, taken) = (new List<LeaseRecord>(), new Dictionary<uint, DateTimeOffset>(), 0);
        var now = T0;
        for (var i = 0; i < 400; i++, now += TimeSpan.FromSeconds(random.Next(600)))
        {
            live.RemoveAll(lease => lease.ExpireTime <= now);
            if (live.Count > 0 && random.Next(2) == 0)
            {
                var ended = live[random.Next(live.Count)];
                live.Remove(ended);
                await ReleaseAsync(ended, now);
                ends[ended.Slot] = now;
                continue;
            }

            var take = await TakeSharedAsync(
                $"R{i}", block, now, expireTime: now + TimeSpan.FromMinutes(1 + random.Next(90)), choice: SlotChoice.Draw(random, 10));
            if (take.Record is not { } record)
                continue;
            Assert.That(!ends.TryGetValue(record.Slot, out var end) || end <= now - Hour, Is.True, $"Seed {Seed}: slot {record.Slot} is back too early.");
            live.Add(record);
            ends[record.Slot] = record.ExpireTime;
            taken++;
            Assert.That(live.GroupBy(lease => lease.Number).Max(number => number.Count()), Is.LessThanOrEqualTo(5), $"Seed {Seed}");
        }

        Assert.That(taken, Is.GreaterThan(100), "Slots were taken again and again.");
    }

    [Test]
    public async Task Extensions_are_uniform_by_a_chi_square_test()
    {
        // Of 99 degrees of freedom the figure is above 148.23 in one of a thousand cases if they are.
        const int Bins = 100;
        const double Critical = 148.23;
        var leases = (int)(_simulatedSteps / 3);
        var block = await AddExtensionBlockAsync(density: 200, aging: Hour);
        var random = new SeededRandom(Seed);
        var live = new Queue<LeaseRecord>();
        var counts = new int[Bins];
        var now = T0;
        for (var i = 0; i < leases; i++, now += TimeSpan.FromSeconds(20))
        {
            // As in service: two hundred live, as many again resting.
            if (live.Count == 200)
                await ReleaseAsync(live.Dequeue(), now);
            var lease = await ShareAsync($"R{i}", block, now, choice: SlotChoice.Draw(random, 10_000));
            live.Enqueue(lease);
            counts[lease.Slot / Bins]++;
        }

        var expected = (double)leases / Bins;
        var chiSquare = counts.Sum(count => (count - expected) * (count - expected) / expected);
        await TestContext.Out.WriteLineAsync($"{leases} leases, seed {Seed}: chi-square {chiSquare:0.00}, critical {Critical} at the level of 0.001");
        Assert.That(chiSquare, Is.LessThan(Critical), $"VN_SEED={Seed}");
    }

    [Test]
    public async Task The_steps_on_a_lease_are_those_of_any_other()
    {
        var block = await AddExtensionBlockAsync(density: 2);
        var lease = await ShareAsync("A", block, T0, expireTime: T0 + (10 * Day), choice: ChoiceOf(0, 4321));
        var other = await ShareAsync("B", block, T0, choice: ChoiceOf(0, 4322));

        Assert.That((await ApplyAsync(ClaimOf(lease), 1, T0 + (20 * Day), T0)).Record!.ExpireTime, Is.EqualTo(T0 + (20 * Day)));
        Assert.That((await ExtendAsync(lease, "X1", T0)).Record!.ExpireTime, Is.EqualTo(T0 + (27 * Day)));
        Assert.That((await ReassignAsync(lease, "X2", "n2", T0)).Record!.NumberDigest, Is.EqualTo(DigestOf("n2")));
        Assert.That((await ReassignAsync(lease, "X2", "n2", T0)).Outcome, Is.EqualTo(HolderOutcome.Repeated));
        Assert.That((await ReleaseAsync(lease, T0 + Day)).Record!.End, Is.EqualTo(EndReason.Released));

        Assert.That(await GetAsync(other), Is.EqualTo(other), "Untouched.");
        Assert.That(
            await ChangesAsync(block.Id),
            Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased, LogKind.Reported, LogKind.Extended, LogKind.Reassigned, LogKind.Released }));
    }

    [Test]
    public async Task Resolve_finds_a_lease_by_its_extension_alone()
    {
        var block = await AddExtensionBlockAsync(density: 200, inStock: 2, aging: Hour);
        var (zeros, other) = (await ShareAsync("A", block, T0, choice: ChoiceOf(0, 0)), await ShareAsync("B", block, T0, choice: ChoiceOf(0, 9_999)));

        Assert.That(await ResolveExtensionAsync(block.Number(0), 0, T0), Is.EqualTo(new RouteAnswer(RouteOutcome.Route, zeros, true)));
        Assert.That(await ResolveExtensionAsync(block.Number(1), 9_999, T0), Is.EqualTo(new RouteAnswer(RouteOutcome.Route, other, true)));
        foreach (var (place, part) in new[] { (0, 1u), (0, 9_999u), (1, 0u), (0, 10_000u), (0, 19_999u), (1, uint.MaxValue) })
            Assert.That(await ResolveExtensionAsync(block.Number(place), part, T0), Is.EqualTo(new RouteAnswer(RouteOutcome.NotLeased)), $"{place} {part}");
        Assert.That((await ResolveExtensionAsync(RealNumber(1), 0, T0)).Outcome, Is.EqualTo(RouteOutcome.NotStocked));
    }

    [Test]
    public async Task Resolve_says_ended_until_the_record_is_removed_after_its_rest()
    {
        var block = await AddExtensionBlockAsync(density: 200, aging: Hour);
        var lease = await ShareAsync("A", block, T0, expireTime: T0 + Day);

        Assert.That((await ResolveExtensionAsync(lease.Number, lease.Slot, T0 + Day - s_millisecond)).Outcome, Is.EqualTo(RouteOutcome.Route));
        Assert.That((await ResolveExtensionAsync(lease.Number, lease.Slot, T0 + Day)).Outcome, Is.EqualTo(RouteOutcome.Ended));
        await ReclaimAsync(T0 + Day + Hour);
        Assert.That((await ResolveExtensionAsync(lease.Number, lease.Slot, T0 + Day + Hour)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
    }

    [Test]
    public async Task A_suspended_number_is_told_from_one_that_is_not_only_by_who_has_a_record()
    {
        var block = await AddExtensionBlockAsync(density: 200);
        var (live, ended) = (await ShareAsync("A", block, T0, choice: ChoiceOf(0, 1)), await ShareAsync("B", block, T0, choice: ChoiceOf(0, 2)));
        await ReleaseAsync(ended, T0);
        await SuspendAsync(block, 0);

        Assert.That((await ResolveExtensionAsync(live.Number, 1, T0)).Outcome, Is.EqualTo(RouteOutcome.Suspended));
        Assert.That((await ResolveExtensionAsync(live.Number, 2, T0)).Outcome, Is.EqualTo(RouteOutcome.Suspended));
        Assert.That((await ResolveExtensionAsync(live.Number, 3, T0)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));

        await Stock.ChangeNumbersAsync(block.Pool, new([], [live.Number]), StockChange.Retire, T0, None);
        Assert.That((await ResolveExtensionAsync(live.Number, 1, T0)).Record, Is.EqualTo(live), "What is retired drains.");
        Assert.That((await ResolveExtensionAsync(live.Number, 2, T0)).Outcome, Is.EqualTo(RouteOutcome.Ended));
    }

    [Test]
    public async Task A_block_is_chosen_while_it_has_room_also_where_that_is_not_written_down_yet()
    {
        var block = await AddExtensionBlockAsync(density: 1, aging: Hour, extensionLength: 1);
        await ShareAsync("A", block, T0, expireTime: T0 + Day);

        Assert.That(await ChooseAsync(block.Pool, "n", T0 + Day), Is.EqualTo(block.Id), "Its lease has expired.");
        Assert.That(await ChooseAsync(block.Pool, "n", T0 + Day, tried: [block.Id]), Is.Null);
        await ShareAsync("B", block, T0 + Day);
        Assert.That(await ChooseAsync(block.Pool, "n", T0 + Day, tried: [block.Id]), Is.Null);
    }

    [Test]
    public async Task A_longer_aging_holds_for_extensions_that_rest_already()
    {
        var block = await AddExtensionBlockAsync(density: 1, aging: Hour, extensionLength: 1);
        var lease = await ShareAsync("A", block, T0, choice: ChoiceOf(0, 5));
        await ReleaseAsync(lease, T0);
        await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, aging: Day, null, null, None);

        Assert.That((await ShareAsync("B", block, T0 + (2 * Hour), choice: ChoiceOf(0, 5, 6), expireTime: T0 + (3 * Hour))).Slot, Is.EqualTo(6u));
        Assert.That((await ShareAsync("C", block, T0 + Day, choice: ChoiceOf(0, 5))).Slot, Is.EqualTo(5u));
    }

    private static ulong Seed =>
        Environment.GetEnvironmentVariable("VN_SEED") is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : 1;
}
