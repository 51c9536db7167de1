using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>What others fell into, by the numbers of the domain note's list.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class TrapTests(StoreUnderTest kind) : VerbTests(kind)
{
    [Test]
    public async Task Trap_1_Two_leases_at_once_get_different_numbers()
    {
        var block = await AddBlockAsync(inStock: 2);
        // The second leases where the first has chosen its block and is about to take.
        Lease? second = null;
        var slow = new HookedPool(Steps)
        {
            Before = async step => second = step == "take" ? await LeasedAsync(block, "R2", delivery: DeliveryOf("WB2")) : second,
        };

        var first = await CreateAsync(block, "R1", service: ServiceOver(slow));

        Assert.That(first.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        Assert.That(first.Lease!.Number, Is.Not.EqualTo(second!.Number));
    }

    [Test]
    public async Task Trap_2_A_pool_does_not_run_dry_and_Trap_3_a_number_serves_again_and_again()
    {
        var block = await AddBlockAsync(inStock: 1);
        for (var i = 0; i < 50; i++)
        {
            var lease = await LeasedAsync(block, "R1", delivery: DeliveryOf($"WB{i}"));
            Assert.That((await ResolveAsync(lease)).Outcome, Is.EqualTo(ResolveOutcome.Connect));
            if (i % 2 == 0)
                await ReleaseAsync(lease);
            Time.Advance(lease.ExpireTime - T0 - (Time.Now - T0) + Hour);
            if (i % 3 == 0)
                await ReclaimAsync(Time.Now);
        }
    }

    [Test]
    public async Task Trap_4_A_look_up_that_finds_nothing_has_no_number_to_call()
    {
        var block = await AddBlockAsync(inStock: 3);
        var (ended, suspended) = (await LeasedAsync(block, "R1"), await LeasedAsync(block, "R2", delivery: DeliveryOf("WB2")));
        await ReleaseAsync(ended);
        await Stock.ChangeNumbersAsync(block.Pool, new([], [suspended.Number]), StockChange.Suspend, Time.Now, None);
        var shared = await AddExtensionBlockAsync(density: 5);
        var pairs = await AddPairBlockAsync();
        var pair = (await CreatePairAsync(pairs, "WB3", holder: 1, peer: 2)).Lease!;

        var calls = new Dictionary<CallQuery, ResolveOutcome>
        {
            [new(RealNumber(1), null, RealNumber(99))] = ResolveOutcome.NotStocked,
            [new(block.Number(2), null, RealNumber(99))] = ResolveOutcome.NotLeased,
            [new(ended.Number, null, RealNumber(99))] = ResolveOutcome.Ended,
            [new(ended.Number, null, RealNumber(1))] = ResolveOutcome.EndedForParty,
            [new(suspended.Number, null, RealNumber(99))] = ResolveOutcome.Suspended,
            [new(shared.Number(0), null, RealNumber(99))] = ResolveOutcome.CollectDigits,
            [new(shared.Number(0), "0000", RealNumber(99))] = ResolveOutcome.NotLeased,
            [new(pair.Number, null, RealNumber(99))] = ResolveOutcome.NotLeased,
            [new(pair.Number, null, null)] = ResolveOutcome.CallerWithheld,
        };
        foreach (var (call, expected) in calls)
        {
            var answer = await Verbs.ResolveAsync(call, None);
            Assert.That((answer.Outcome, answer.RealNumber), Is.EqualTo((expected, (PhoneNumber?)null)));
        }
    }

    [Test]
    public async Task Trap_5_There_is_no_lease_without_an_expire_time()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1");
        Assert.That(lease.ExpireTime, Is.EqualTo(T0 + (30 * Day)));

        // Whatever is reported and extended, ninety days are the end.
        for (var i = 0; i < 3; i++)
            await ExtendAsync(lease, $"X{i}", 30 * Day);
        Time.Advance(20 * Day);
        await ReportAsync(DeliveryStatus.InTransit, Time.Now);
        Time.Advance(Cap - (20 * Day) - TimeSpan.FromMilliseconds(1));
        Assert.That((await ResolveAsync(lease)).Outcome, Is.EqualTo(ResolveOutcome.Connect));
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That((await ResolveAsync(lease)).Outcome, Is.EqualTo(ResolveOutcome.Ended));
    }

    [Test]
    public async Task Trap_8_What_one_instance_leased_every_instance_knows()
    {
        var block = await AddBlockAsync(inStock: 1);
        var (one, other) = (ServiceOver(Steps), ServiceOver(Steps));
        var lease = (await CreateAsync(block, "R1", service: one)).Lease!;

        Assert.That((await CreateAsync(block, "R1", service: other)).Lease, Is.EqualTo(lease));
        Assert.That(
            (await CreateAsync(block, "R2", delivery: DeliveryOf("WB2"), service: other)).Outcome, Is.EqualTo(CreateLeaseOutcome.PoolEmpty));
        Assert.That((await other.ResolveAsync(lease.Number, null, None)).RealNumber, Is.EqualTo(RealNumber(1)));
        Assert.That((await other.ReleaseLeaseAsync(Tenant, lease.LeaseId, None)).Outcome, Is.EqualTo(LeaseOutcome.Done));
        Assert.That((await one.ResolveAsync(lease.Number, null, None)).Outcome, Is.EqualTo(ResolveOutcome.Ended));
    }

    [Test]
    public async Task Trap_9_What_ran_out_is_told_with_counts_and_a_time()
    {
        var block = await AddBlockAsync(inStock: 2);
        var first = await LeasedAsync(block, "R1");
        await LeasedAsync(block, "R1", role: DeliveryRole.Sender);

        var empty = await CreateAsync(block, "R1", role: DeliveryRole.Courier);
        await ReleaseAsync(first);
        var aging = await CreateAsync(block, "R1", role: DeliveryRole.Courier);
        await Stock.ChangeNumbersAsync(block.Pool, new([block.Prefix], []), StockChange.Suspend, Time.Now, None);
        var suspended = await CreateAsync(block, "R1", role: DeliveryRole.Courier);

        Assert.That(empty.Outcome, Is.EqualTo(CreateLeaseOutcome.PoolEmpty));
        Assert.That(empty.Shortage, Is.EqualTo(new Shortage(new NumberCounts(0, 2, 0, 98, 0, 0), T0 + (30 * Day) + Hour)));
        Assert.That(aging.Outcome, Is.EqualTo(CreateLeaseOutcome.NumbersAging));
        Assert.That(aging.Shortage, Is.EqualTo(new Shortage(new NumberCounts(0, 1, 1, 98, 0, 0), T0 + Hour)));
        Assert.That(suspended.Outcome, Is.EqualTo(CreateLeaseOutcome.PoolEmpty));
        Assert.That(suspended.Shortage, Is.EqualTo(new Shortage(new NumberCounts(0, 0, 0, 100, 0, 0), null)));
    }

    [Test]
    public async Task Trap_9_What_ran_out_for_a_pair_is_told_apart_from_an_empty_pool()
    {
        var block = await AddPairBlockAsync(density: 1, inStock: 2);
        await CreatePairAsync(block, "WB1", holder: 1, peer: 2);
        Time.Advance(Hour);
        var second = (await CreatePairAsync(block, "WB2", holder: 1, peer: 3)).Lease!;

        var everywhere = await CreatePairAsync(block, "WB3", holder: 1, peer: 4);
        var full = await CreatePairAsync(block, "WB4", holder: 4, peer: 5);
        await ReleaseAsync(second);
        var resting = await CreatePairAsync(block, "WB5", holder: 4, peer: 1);
        var room = await CreatePairAsync(block, "WB6", holder: 4, peer: 5);

        Assert.That(everywhere.Outcome, Is.EqualTo(CreateLeaseOutcome.PartySaturated));
        Assert.That((everywhere.Shortage!.HolderNumbers, everywhere.Shortage.PeerNumbers), Is.EqualTo((2, 0)));
        Assert.That(everywhere.Shortage.NextAvailableTime, Is.EqualTo(T0 + (30 * Day) + Hour));
        Assert.That(full.Outcome, Is.EqualTo(CreateLeaseOutcome.PoolEmpty));
        Assert.That(full.Shortage!.NextAvailableTime, Is.EqualTo(T0 + (30 * Day)), "a place frees up before its parties have rested");
        Assert.That(resting.Outcome, Is.EqualTo(CreateLeaseOutcome.PartySaturated));
        Assert.That((resting.Shortage!.PeerNumbers, resting.Shortage.NextAvailableTime), Is.EqualTo((2, T0 + (2 * Hour))));
        Assert.That(room.Lease!.Number, Is.EqualTo(second.Number));
    }

    [Test]
    public async Task Trap_9_A_quota_and_an_area_are_told_by_their_names()
    {
        var (pool, _) = await Stock.CreatePoolAsync(PoolOf("areas", Hour) with { Quota = new LeaseQuota(LiveLeases: 1, LeasesPerMinute: null) }, None);
        await Stock.AddNumbersAsync(pool, new([], [PhoneNumber.FromCanonical("999:70100000001")], "north"), T0, None);
        await Stock.AddNumbersAsync(pool, new([], [PhoneNumber.FromCanonical("999:70100000002")], "south"), T0, None);
        CreateLeaseCommand In(string waybill, string area) => new(DeliveryOf(waybill), DeliveryRole.Recipient, "areas", RealNumber(1), null, null)
        {
            Area = new AreaPreference(area, [], Strict: true),
        };

        var none = await Verbs.CreateLeaseAsync(In("WB1", "west"), None);
        var south = await Verbs.CreateLeaseAsync(In("WB2", "south"), None);
        var tooMany = await Verbs.CreateLeaseAsync(In("WB3", "north"), None);
        await Stock.UpdatePoolAsync(Tenant, "areas", new PoolUpdate(Quota: LeaseQuota.None), null, None);
        var dry = await Verbs.CreateLeaseAsync(In("WB3", "south"), None);

        Assert.That((none.Outcome, none.Shortage!.Area), Is.EqualTo((CreateLeaseOutcome.AreaEmpty, "west")));
        Assert.That((south.Lease!.Number.NationalNumber, south.Lease.AreaCode), Is.EqualTo(("70100000002", "south")));
        Assert.That(tooMany, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.QuotaExceeded, Refusal: new("pool", "live_leases", 1, null))));
        Assert.That((dry.Outcome, dry.Shortage!.Counts.Leased), Is.EqualTo((CreateLeaseOutcome.AreaEmpty, 1)));
    }

    [Test]
    public async Task Trap_10_A_store_in_trouble_connects_nobody()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1");
        var broken = ServiceOver(new HookedPool(Steps) { Before = _ => throw HookedPool.Cut() });
        Assert.That(async () => await broken.ResolveAsync(lease.Number, RealNumber(99), None), Throws.TypeOf<StoreUnavailableException>());

        var shared = await AddExtensionBlockAsync(density: 5);
        var extension = await LeasedAsync(shared, "R2", delivery: DeliveryOf("WB2"));
        foreach (var step in new[] { "find bar", "resolve", "count" })
        {
            // What cannot be counted as a guess is not answered, or guessing would cost nothing while the store is away.
            var limping = ServiceOver(new HookedPool(Steps) { Before = taken => taken == step ? throw HookedPool.Cut() : Task.CompletedTask });
            var digits = step != "count" ? extension.Extension : extension.Extension == "0000" ? "0001" : "0000";
            Assert.That(
                async () => await limping.ResolveAsync(new CallQuery(extension.Number, digits, RealNumber(99)), None),
                Throws.TypeOf<StoreUnavailableException>(), step);
        }
    }

    [Test]
    public async Task Trap_11_A_party_that_is_not_known_is_nobody_and_blocks_nothing()
    {
        var block = await AddPairBlockAsync(inStock: 1);
        for (var i = 0; i < 10; i++)
        {
            var lease = (await CreatePairAsync(block, $"WB{i}", holder: i, peer: null)).Lease!;
            Assert.That((await Verbs.ResolveAsync(lease.Number, RealNumber(i), None)).Outcome, Is.EqualTo(ResolveOutcome.PeerUnknown));
            var known = new ReassignLeaseCommand(Tenant, lease.LeaseId, "known", null, RealNumber(100 + i));
            Assert.That((await Verbs.ReassignLeaseAsync(known, None)).Outcome, Is.EqualTo(LeaseOutcome.Done));
            Assert.That((await Verbs.ResolveAsync(lease.Number, RealNumber(i), None)).RealNumber, Is.EqualTo(RealNumber(100 + i)));
        }
    }

    [Test]
    public async Task Trap_12_What_comes_late_for_an_earlier_holder_is_recognised_by_lease_id_and_epoch()
    {
        var block = await AddBlockAsync();
        var earlier = await LeasedAsync(block, "R1");
        var before = await ResolveAsync(earlier);
        await ReleaseAsync(earlier);
        Time.Advance(2 * Hour);
        var later = await LeasedAsync(block, "R2", number: 2, delivery: DeliveryOf("WB2"));
        var after = await ResolveAsync(later);

        Assert.That(later.Number, Is.EqualTo(earlier.Number));
        Assert.That((before.LeaseId, before.LeaseTime), Is.EqualTo((earlier.LeaseId, T0)));
        Assert.That((after.LeaseId, after.LeaseTime), Is.EqualTo((later.LeaseId, T0 + (2 * Hour))));
        Assert.That((await ReleaseAsync(earlier)).Outcome, Is.EqualTo(LeaseOutcome.LeaseUnknown));
        Assert.That((await ReassignAsync(earlier, "X1", 3)).Outcome, Is.EqualTo(LeaseOutcome.LeaseUnknown));
        Assert.That((await ExtendAsync(earlier, "X2")).Outcome, Is.EqualTo(LeaseOutcome.LeaseUnknown));
        Assert.That((await ResolveAsync(later)).RealNumber, Is.EqualTo(RealNumber(2)));
    }

    [Test]
    public async Task Trap_13_After_an_absence_what_is_due_ends_and_nothing_else()
    {
        var block = await AddBlockAsync(inStock: 100);
        for (var i = 0; i < 100; i++)
            await LeasedAsync(block, "R1", expireTime: T0 + ((i + 1) * Hour), delivery: DeliveryOf($"WB{i}"));

        // Nobody has tidied up for two days, and then several instances start at once.
        Time.Advance(2 * Day);
        var cycles = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Steps.ReclaimAsync(1_000, Time.Now, None).AsTask()));
        var live = (await Stock.ListRecordsAsync(block.Pool, live: true, default, 1_000, Time.Now, None)).Records;

        Assert.That(cycles.Sum(cycle => cycle.Expired), Is.EqualTo(48));
        Assert.That(live, Has.Count.EqualTo(52));
        Assert.That(live.Select(record => record.ExpireTime), Has.All.GreaterThan(Time.Now));
        Assert.That(
            live.Select(record => record.Number), Does.Not.Contain((await LeasedAsync(block, "R1", delivery: DeliveryOf("WB200"))).Number));
    }
}
