using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>apply: every outcome in its precedence, and how expire time, floor, cap and now make the new expire time.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractReportTests(StoreUnderTest kind) : StoreTests(kind)
{
    [Test]
    public async Task Apply_sets_the_expire_time_later_or_earlier()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);

        var later = await ApplyAsync(ClaimOf(lease), 1, T0 + (60 * Day), T0 + Day);
        var earlier = await ApplyAsync(ClaimOf(lease), 2, T0 + (7 * Day), T0 + Day);

        Assert.That(later, Is.EqualTo(new ApplyAnswer(ApplyOutcome.Set, lease with { ExpireTime = T0 + (60 * Day), ReportNumber = 1 })));
        Assert.That(earlier, Is.EqualTo(new ApplyAnswer(ApplyOutcome.Set, lease with { ExpireTime = T0 + (7 * Day), ReportNumber = 2 })));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Reported, LogKind.Reported }));
    }

    [Test]
    public async Task Apply_to_a_claim_that_took_nothing_closes_it()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;

        Assert.That(await ApplyAsync(claim, 1, T0 + Day, T0), Is.EqualTo(new ApplyAnswer(ApplyOutcome.Unknown, null)));
        Assert.That((await TakeAsync(claim, T0)).Outcome, Is.EqualTo(TakeOutcome.Closed));
        Assert.That(await ChangesAsync(block.Id), Is.Empty);
    }

    [Test]
    public async Task Ended_comes_before_already()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);
        await ReleaseAsync(lease, T0 + Hour);

        var applied = await ApplyAsync(ClaimOf(lease), 0, T0 + Day, T0 + Hour);

        Assert.That((applied.Outcome, applied.Record!.End), Is.EqualTo((ApplyOutcome.Ended, EndReason.Released)));
    }

    [Test]
    public async Task A_floor_holds_against_an_earlier_instant_but_not_against_a_final_one()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0, expireTime: T0 + (10 * Day));
        await ExtendAsync(lease, "X1", T0, span: 15 * Day);

        var held = await ApplyAsync(ClaimOf(lease), 1, T0 + (7 * Day), T0);
        var final = await ApplyAsync(ClaimOf(lease), 2, T0 + Hour, T0, final: true);

        Assert.That(held.Record!.ExpireTime, Is.EqualTo(T0 + (25 * Day)));
        Assert.That(final.Record!.ExpireTime, Is.EqualTo(T0 + Hour));
    }

    [Test]
    public async Task A_floor_holds_again_after_a_cancellation_that_was_taken_back()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0, expireTime: T0 + (10 * Day));
        await ExtendAsync(lease, "X1", T0, span: 15 * Day);
        await ApplyAsync(ClaimOf(lease), 1, T0 + Hour, T0, final: true);

        var back = await ApplyAsync(ClaimOf(lease), 2, T0 + (3 * Day), T0 + Minute);

        Assert.That(back.Record!.ExpireTime, Is.EqualTo(T0 + (25 * Day)));
    }

    [Test]
    public async Task The_cap_holds_against_instant_and_floor()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0, expireTime: T0 + (80 * Day));
        await ExtendAsync(lease, "X1", T0, span: 30 * Day);

        var applied = await ApplyAsync(ClaimOf(lease), 1, T0 + (120 * Day), T0);

        Assert.That((applied.Record!.ExpireTime, applied.Record.Floor), Is.EqualTo((T0 + Cap, (DateTimeOffset?)(T0 + Cap))));
    }

    [Test]
    public async Task A_final_instant_that_has_passed_ends_the_lease_now()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);

        var applied = await ApplyAsync(ClaimOf(lease), 1, T0 + Hour, T0 + Day, final: true);

        Assert.That((applied.Outcome, applied.Record!.ExpireTime), Is.EqualTo((ApplyOutcome.Set, T0 + Day)));
        Assert.That((await ResolveAsync(lease, T0 + Day)).Outcome, Is.EqualTo(RouteOutcome.Ended));
    }

    [Test]
    public async Task A_report_with_a_higher_number_counts_even_where_it_changes_no_time()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);

        var set = await ApplyAsync(ClaimOf(lease), 2, lease.ExpireTime, T0);
        var late = await ApplyAsync(ClaimOf(lease), 1, T0 + Day, T0);

        Assert.That((set.Outcome, late.Outcome), Is.EqualTo((ApplyOutcome.Set, ApplyOutcome.Already)));
        Assert.That(late.Record!.ExpireTime, Is.EqualTo(lease.ExpireTime));
    }
}
