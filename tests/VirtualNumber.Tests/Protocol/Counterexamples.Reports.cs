using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

public sealed partial class Counterexamples
{
    /// <summary>An instance that decides and is cut off before it applies.</summary>
    private LeaseVerbs CutBeforeApply() =>
        ServiceOver(new HookedPool(Steps) { Before = step => step == "apply" ? throw HookedPool.Cut() : Task.CompletedTask });

    [Test]
    public async Task C17_A_report_that_was_cut_off_after_it_was_decided_is_applied_by_its_repeat()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1");
        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await ReportAsync(DeliveryStatus.Delivered, T0, service: CutBeforeApply()));
        Assert.That((await GetAsync(lease))!.ExpireTime, Is.EqualTo(T0 + (30 * Day)), "Not applied yet.");

        var repeat = await ReportAsync(DeliveryStatus.Delivered, T0);

        Assert.That(repeat.Outcome, Is.EqualTo(ReportOutcome.Repeated));
        Assert.That((await GetAsync(lease))!.ExpireTime, Is.EqualTo(T0 + (7 * Day)), "The acknowledged report would be lost.");
    }

    [Test]
    public async Task C18_A_repeat_under_a_changed_policy_applies_the_terms_that_were_stored()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1");
        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await ReportAsync(DeliveryStatus.Delivered, T0, deliveredTerm: 3 * Day, service: CutBeforeApply()));

        await ReportAsync(DeliveryStatus.Delivered, T0, deliveredTerm: 20 * Day);

        Assert.That((await GetAsync(lease))!.ExpireTime, Is.EqualTo(T0 + (3 * Day)));
    }

    [Test]
    public async Task C18_An_older_event_applies_the_newer_ones_terms_never_its_own()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1");
        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await ReportAsync(DeliveryStatus.Delivered, T0, service: CutBeforeApply()));

        var older = await ReportAsync(DeliveryStatus.InTransit, T0 - Day);

        Assert.That((older.Outcome, older.Status), Is.EqualTo((ReportOutcome.Older, DeliveryStatus.Delivered)));
        Assert.That((await GetAsync(lease))!.ExpireTime, Is.EqualTo(T0 + (7 * Day)));
    }

    [Test]
    public async Task C19_A_lease_made_with_a_newer_report_is_not_changed_by_an_older_one()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        await TakeAsync(claim, T0, expireTime: T0 + (7 * Day), reportNumber: 2);

        var older = await ApplyAsync(claim, 1, T0 + (60 * Day), T0 + Second);
        var same = await ApplyAsync(claim, 2, T0 + (60 * Day), T0 + Second);

        Assert.That((older.Outcome, same.Outcome), Is.EqualTo((ApplyOutcome.Already, ApplyOutcome.Already)));
        Assert.That(same.Record!.ExpireTime, Is.EqualTo(T0 + (7 * Day)));
    }
}
