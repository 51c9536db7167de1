using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

public sealed partial class Counterexamples
{
    [Test]
    public async Task C09_An_expiry_that_one_instance_acted_on_holds_for_an_instance_whose_clock_is_behind()
    {
        var block = await AddBlockAsync(inStock: 2);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        var lease = (await TakeAsync(claim, T0, expireTime: T0 + Day)).Record!;

        // b is ahead: for it the lease has expired, and it replaces the claim.
        var b = await ClaimAsync("R2", "T9", block.Id, T0 + Day);
        Assert.That((await TakeAsync(b.Claim!, T0 + Day)).Outcome, Is.EqualTo(TakeOutcome.Ended));
        var replaced = await ReplaceAsync("R2", "T1", ended: true, "T2", block.Id, T0 + Day);
        Assert.That((await TakeAsync(replaced.Claim!, T0 + Day)).Outcome, Is.EqualTo(TakeOutcome.Live));

        // a is behind: for it the lease would live for some seconds more.
        var behind = T0 + Day - (5 * Second);
        var extended = await ExtendAsync(lease, "X1", behind);
        var applied = await ApplyAsync(claim, 1, T0 + (9 * Day), behind);
        var repeated = await TakeAsync(claim, behind);

        Assert.Multiple(() =>
        {
            Assert.That(extended.Outcome, Is.EqualTo(HolderOutcome.Ended), "Two leases of one role would live.");
            Assert.That(applied.Outcome, Is.EqualTo(ApplyOutcome.Ended));
            Assert.That(repeated.Outcome, Is.EqualTo(TakeOutcome.Ended));
        });
    }

    [TestCase("take")]
    [TestCase("apply")]
    [TestCase("extend")]
    [TestCase("reassign")]
    [TestCase("release")]
    [TestCase("reclaim")]
    public async Task C09_Every_step_that_acts_on_an_expiry_writes_it_down(string step)
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0, expireTime: T0 + Day);

        var now = T0 + Day;
        _ = step switch
        {
            "take" => (object)await TakeAsync(ClaimOf(lease), now),
            "apply" => await ApplyAsync(ClaimOf(lease), 1, now + Day, now),
            "extend" => await ExtendAsync(lease, "X1", now),
            "reassign" => await ReassignAsync(lease, "X1", "n2", now),
            "release" => await ReleaseAsync(lease, now),
            _ => await ReclaimAsync(now),
        };

        Assert.That((await GetAsync(lease))!.End, Is.EqualTo(EndReason.Expired));
        Assert.That((await ResolveAsync(lease, now - Second)).Outcome, Is.EqualTo(RouteOutcome.Ended), "A clock behind brings it back.");
        Assert.That(await ChangesAsync(block.Id), Has.Exactly(1).EqualTo(VirtualNumber.Memory.LogKind.Expired));
    }

    [Test]
    public async Task C10_A_released_lease_has_no_route_for_an_instance_whose_clock_is_behind()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);

        var released = await ReleaseAsync(lease, T0 + Hour + Second);
        Assert.That(released.Outcome, Is.EqualTo(HolderOutcome.Done));
        var route = await ResolveAsync(lease, T0 + Hour);

        Assert.That(route.Outcome, Is.EqualTo(RouteOutcome.Ended));
    }

    [Test]
    public async Task C20_An_event_of_days_ago_ends_the_lease_now_so_that_its_number_rests_from_now_on()
    {
        var block = await AddBlockAsync(aging: Day);
        var lease = await LeaseAsync("R1", block.Id, T0);
        var now = T0 + (20 * Day);

        // Delivered nine days ago: the terms ended two days ago, longer than the aging.
        var applied = await ApplyAsync(ClaimOf(lease), 1, now - (2 * Day), now);
        var z = await ClaimAsync("Z", "TZ", block.Id, now, delivery: "z");
        var early = await TakeAsync(z.Claim!, now, delivery: "z");

        Assert.Multiple(() =>
        {
            Assert.That((applied.Outcome, applied.Record!.ExpireTime), Is.EqualTo((ApplyOutcome.Set, now)));
            Assert.That(early.Outcome, Is.EqualTo(TakeOutcome.Full), "The slot would be leased before its rest ended.");
        });
        await LeaseAsync("Z2", block.Id, now + Day);
    }

    [Test]
    public async Task C20_What_a_report_ended_is_over_for_a_clock_that_is_behind_too()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);
        var now = T0 + (20 * Day);

        await ApplyAsync(ClaimOf(lease), 1, now - Day, now);

        Assert.That((await ResolveAsync(lease, now - TimeSpan.FromSeconds(9))).Outcome, Is.EqualTo(RouteOutcome.Ended));
        Assert.That((await ApplyAsync(ClaimOf(lease), 2, now + Day, now - TimeSpan.FromSeconds(9))).Outcome, Is.EqualTo(ApplyOutcome.Ended));
    }

    [Test]
    public async Task C21_An_expired_lease_is_not_revived_by_a_later_report()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0, expireTime: T0 + Day);

        var applied = await ApplyAsync(ClaimOf(lease), 1, T0 + (60 * Day), T0 + Day);

        Assert.That(applied.Outcome, Is.EqualTo(ApplyOutcome.Ended));
        Assert.That(applied.Record!.ExpireTime, Is.EqualTo(T0 + Day));
        Assert.That((await ResolveAsync(lease, T0 + Day)).Outcome, Is.EqualTo(RouteOutcome.Ended));
    }

    [Test]
    public async Task C22_A_late_step_for_an_earlier_holder_does_nothing_to_the_next_one()
    {
        var block = await AddBlockAsync(aging: Hour);
        var y = await LeaseAsync("Y", block.Id, T0);
        await ReleaseAsync(y, T0 + Minute);
        var z = await LeaseAsync("Z", block.Id, T0 + (2 * Hour));
        Assert.That(z.Slot, Is.EqualTo(y.Slot));

        var now = T0 + (3 * Hour);
        var (released, extended) = (await ReleaseAsync(y, now), await ExtendAsync(y, "X1", now));
        var (reassigned, got) = (await ReassignAsync(y, "X2", "n9", now), await GetAsync(y));

        Assert.Multiple(() =>
        {
            Assert.That(released.Outcome, Is.EqualTo(HolderOutcome.Gone));
            Assert.That(extended.Outcome, Is.EqualTo(HolderOutcome.Gone));
            Assert.That(reassigned.Outcome, Is.EqualTo(HolderOutcome.Gone));
            Assert.That(got, Is.Null);
        });
        Assert.That(await GetAsync(z), Is.EqualTo(z), "Untouched.");
    }

    [Test]
    public async Task C25_A_record_stays_until_its_number_has_rested()
    {
        var block = await AddBlockAsync(aging: Hour);
        var released = T0 + Minute;
        var lease = await LeaseAsync("R3", block.Id, T0);
        await ReleaseAsync(lease, released);

        var early = await ReclaimAsync(released + Hour - TimeSpan.FromMilliseconds(1));
        Assert.That(early.Removed, Is.Zero, "An acknowledged lease would not be there.");
        Assert.That((await GetAsync(lease))!.End, Is.EqualTo(EndReason.Released));

        var rested = await ReclaimAsync(released + Hour);
        Assert.That(rested.Removed, Is.EqualTo(1));
        Assert.That(await GetAsync(lease), Is.Null);
    }
}
