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
}
