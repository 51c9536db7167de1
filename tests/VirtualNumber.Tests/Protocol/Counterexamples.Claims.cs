using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>
/// The anomalies that simpler protocols have, one test each, in the interleaving that shows it: every test fails when the step that
/// it is about is left out. C01 stands for the first row of the table in the design note, and so on. T1, T2 are claims, R1, R2
/// requests for one role, Z is another delivery; a, b are instances, whose clocks may differ.
/// </summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed partial class Counterexamples(StoreUnderTest kind) : VerbTests(kind)
{
    [Test]
    public async Task C01_A_claim_that_is_taken_twice_gets_its_slot_again()
    {
        var block = await AddBlockAsync(inStock: 2);
        var first = await ClaimAsync("R1", "T1", block.Id, T0);
        var taken = await TakeAsync(first.Claim!, T0);

        var again = await ClaimAsync("R1", "T2", block.Id, T0 + Second);
        Assert.That((again.Kind, again.Claim), Is.EqualTo((ClaimKind.Bound, first.Claim)));
        var takenAgain = await TakeAsync(again.Claim!, T0 + Second);

        Assert.Multiple(() =>
        {
            Assert.That((takenAgain.Outcome, takenAgain.New), Is.EqualTo((TakeOutcome.Live, false)));
            Assert.That(HolderOf(takenAgain.Record!), Is.EqualTo(HolderOf(taken.Record!)));
        });
        var stats = await Stock.GetStatsAsync(block.Pool, 0, 0, T0 + Second, None);
        Assert.That((stats.Counts.Leased, stats.Counts.Available), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task C02_A_claim_that_was_full_takes_no_slot_later()
    {
        var (b0, b1) = (await AddBlockAsync(), await AddBlockAsync());
        // The only slot of b0 ends its rest at T0 + 1 s.
        await LeaseAsync("Z", b0.Id, T0 - Hour, expireTime: T0 - Hour + Second);
        var a = await ClaimAsync("R1", "T1", b0.Id, T0);
        var b = await ClaimAsync("R1", "T9", b0.Id, T0);
        Assert.That(b.Claim, Is.EqualTo(a.Claim));

        Assert.That((await TakeAsync(a.Claim!, T0)).Outcome, Is.EqualTo(TakeOutcome.Full));
        var replaced = await ReplaceAsync("R1", "T1", ended: false, "T2", b1.Id, T0 + Second);
        Assert.That(replaced.Kind, Is.EqualTo(ClaimKind.Created));
        var late = await TakeAsync(b.Claim!, T0 + (2 * Second));

        Assert.That(late.Outcome, Is.EqualTo(TakeOutcome.Closed), "A lease that the ledger does not know.");
        Assert.That(await Steps.FindAsync(b.Claim!, None), Is.Null);
    }

    [Test]
    public async Task C03_A_report_that_meets_no_lease_keeps_the_claim_from_taking_with_older_terms()
    {
        var block = await AddBlockAsync();
        var claim = await ClaimAsync("R1", "T1", block.Id, T0);
        Assert.That(claim.ReportNumber, Is.Zero);

        var (_, view) = await DecideAsync(DeliveryStatus.Delivered, T0, T0 + Second);
        var applied = await ApplyAsync(view.Claims[0].Claim, view.ReportNumber, view.Terms!.Value.Instant, T0 + Second);
        Assert.That(applied.Outcome, Is.EqualTo(ApplyOutcome.Unknown));
        var take = await TakeAsync(claim.Claim!, T0 + (2 * Second));
        Assert.That(take.Outcome, Is.EqualTo(TakeOutcome.Closed), "The acknowledged DELIVERED would be without effect.");

        var replaced = await ReplaceAsync("R1", "T1", ended: false, "T2", block.Id, T0 + (3 * Second));
        Assert.That((replaced.Kind, replaced.ReportNumber, replaced.Terms), Is.EqualTo((ClaimKind.Created, 1, view.Terms)));
    }

    [Test]
    public async Task C04_A_report_that_a_lease_was_made_with_does_not_change_it_when_repeated()
    {
        var block = await AddBlockAsync();
        await ReportAsync(DeliveryStatus.PickedUp, T0);
        var lease = await LeasedAsync(block, "R1", expireTime: T0 + Day);

        var repeat = await ReportAsync(DeliveryStatus.PickedUp, T0);

        Assert.That(repeat.Outcome, Is.EqualTo(ReportOutcome.Repeated));
        Assert.That((await GetAsync(lease))!.ExpireTime, Is.EqualTo(T0 + Day));
    }

    [Test]
    public async Task C05_A_claim_older_than_the_take_window_takes_nothing()
    {
        var block = await AddBlockAsync(aging: Hour);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        var lease = (await TakeAsync(claim, T0)).Record!;
        await ReleaseAsync(lease, T0 + Minute);
        var paused = await ClaimAsync("R1", "T9", block.Id, T0 + (2 * Minute));
        Assert.That(paused.Claim, Is.EqualTo(claim));

        var rested = T0 + Minute + Hour;
        await ReclaimAsync(rested);
        Assert.That(await GetAsync(lease), Is.Null);
        var late = await TakeAsync(paused.Claim!, rested);

        Assert.That(late.Outcome, Is.EqualTo(TakeOutcome.Closed), "The lease that ended would live again.");
    }

    [Test]
    public async Task C05_A_claim_whose_slot_was_leased_on_takes_nothing()
    {
        var block = await AddBlockAsync(aging: Hour);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        await ReleaseAsync((await TakeAsync(claim, T0)).Record!, T0 + Minute);
        var z = await LeaseAsync("Z", block.Id, T0 + Minute + Hour);
        await ReleaseAsync(z, T0 + (2 * Hour));

        var late = await TakeAsync(claim, T0 + (4 * Hour));

        Assert.That(late.Outcome, Is.EqualTo(TakeOutcome.Closed));
    }

    [Test]
    public async Task C06_A_claim_that_one_instance_found_too_old_is_closed_for_an_instance_whose_clock_is_behind()
    {
        var block = await AddBlockAsync();
        var a = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        var b = await ClaimAsync("R2", "T9", block.Id, T0 + Second);
        Assert.That((b.Kind, b.Claim), Is.EqualTo((ClaimKind.Standing, a)));

        var tooOld = T0 + Bounds.TakeWindow + TimeSpan.FromMilliseconds(1);
        Assert.That((await TakeAsync(b.Claim!, tooOld)).Outcome, Is.EqualTo(TakeOutcome.Closed));
        var behind = await TakeAsync(a, T0 + Bounds.TakeWindow - Second);
        Assert.That(behind.Outcome, Is.EqualTo(TakeOutcome.Closed), "b is about to replace it.");

        var replaced = await ReplaceAsync("R2", "T1", ended: false, "T2", block.Id, tooOld);
        Assert.That(replaced.Kind, Is.EqualTo(ClaimKind.Created));
    }

    [Test]
    public void C07_An_aging_within_which_an_old_claim_may_still_take_is_refused_at_start()
    {
        var bounds = new ProtocolBounds();
        Assert.That(bounds.Validate(), Is.Empty);

        bounds.LeastAging = bounds.TakeWindow + bounds.CommandDelay + (3 * bounds.ClockSkew);
        Assert.That(bounds.Validate().Count(), Is.EqualTo(1), "More than that, not as much.");

        bounds.LeastAging += TimeSpan.FromMilliseconds(1);
        Assert.That(bounds.Validate(), Is.Empty);
    }

    [Test]
    public async Task C07_At_the_least_aging_a_paused_repeat_of_an_ended_lease_takes_nothing()
    {
        var block = await AddBlockAsync(aging: Bounds.LeastAging);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        // Released at once, by a clock that is behind; reclaimed as early as a clock that is ahead may.
        await ReleaseAsync((await TakeAsync(claim, T0)).Record!, T0 - Bounds.ClockSkew);
        var reclaimed = await ReclaimAsync(T0 - Bounds.ClockSkew + Bounds.LeastAging);
        Assert.That(reclaimed.Removed, Is.EqualTo(1));

        // The real time is S less, the command was sent N before that, by a clock that is S behind.
        var sent = T0 + Bounds.LeastAging - (3 * Bounds.ClockSkew) - Bounds.CommandDelay;
        var late = await TakeAsync(claim, sent);

        Assert.That(late.Outcome, Is.EqualTo(TakeOutcome.Closed));
    }

    [Test]
    public async Task C08_A_closed_claim_is_remembered_until_no_take_of_it_can_arrive()
    {
        var (b0, b1) = (await AddBlockAsync(), await AddBlockAsync());
        // The only slot of b0 ends its rest one minute after T0.
        await LeaseAsync("Z", b0.Id, T0 - Hour, expireTime: T0 - Hour + Minute);
        var claim = (await ClaimAsync("R1", "T1", b0.Id, T0)).Claim!;
        Assert.That((await TakeAsync(claim, T0)).Outcome, Is.EqualTo(TakeOutcome.Full));
        await ReplaceAsync("R1", "T1", ended: false, "T2", b1.Id, T0);

        // Just within D + N + 3 S by the clock that is most ahead, b's take arrives, as late as it may be, from a clock behind.
        await ReclaimAsync(T0 + Bounds.TakeWindow + Bounds.CommandDelay + (3 * Bounds.ClockSkew) - TimeSpan.FromMilliseconds(1));
        var late = await TakeAsync(claim, T0 + Bounds.TakeWindow);

        Assert.That(late.Outcome, Is.EqualTo(TakeOutcome.Closed));
    }
}
