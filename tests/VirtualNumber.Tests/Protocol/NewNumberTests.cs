using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>What becomes of a lease whose number somebody cannot join, where another number is asked for.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class NewNumberTests(StoreUnderTest kind) : VerbTests(kind)
{
    [Test]
    public async Task Where_no_other_number_can_be_had_the_lease_stays()
    {
        var block = await AddPairBlockAsync(inStock: 1);
        await CreatePairAsync(block, "WB1", holder: 3, peer: 4);
        var lease = (await CreatePairAsync(block, "WB2", holder: 1, peer: 2)).Lease!;

        var answer = await ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true);

        Assert.That((answer.Outcome, answer.Missed?.Outcome), Is.EqualTo((LeaseOutcome.NoOtherNumber, (CreateLeaseOutcome?)CreateLeaseOutcome.PartySaturated)));
        Assert.That(await GetAsync(lease), Is.EqualTo(lease));
    }

    [Test]
    public async Task A_lease_that_moves_to_another_number_keeps_the_end_that_was_asked_for()
    {
        var block = await AddPairBlockAsync(inStock: 2);
        await CreatePairAsync(block, "WB1", holder: 3, peer: 4);
        var command = new CreateLeaseCommand(DeliveryOf("WB2"), DeliveryRole.Courier, block.Pool.PoolId, RealNumber(1), null, T0 + (2 * Hour))
        {
            PeerNumber = RealNumber(2),
        };
        var lease = (await Verbs.CreateLeaseAsync(command, None)).Lease!;

        var moved = await ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true);

        Assert.That((moved.Outcome, moved.NewNumber, moved.Lease!.ExpireTime), Is.EqualTo((LeaseOutcome.Done, true, T0 + (2 * Hour))));
    }

    [Test]
    public async Task A_lease_that_moves_to_another_number_keeps_what_extensions_promised()
    {
        var block = await AddPairBlockAsync(inStock: 2);
        await CreatePairAsync(block, "OTHER", holder: 3, peer: 4);
        var lease = (await CreatePairAsync(block, "WB1", holder: 1, peer: 2)).Lease!;
        await ReportAsync(DeliveryStatus.Delivered, T0);
        var extended = (await ExtendAsync(lease, "E1", 30 * Day)).Lease!;
        // The delivery's own terms are over by now.
        Time.Advance(20 * Day);

        var moved = await ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true);

        Assert.That((moved.Outcome, moved.NewNumber, moved.Lease?.ExpireTime), Is.EqualTo((LeaseOutcome.Done, true, (DateTimeOffset?)extended.ExpireTime)));
        Assert.That(moved.Lease!.ExtensionCount, Is.EqualTo(1));
        await ReportAsync(DeliveryStatus.Returning, T0 + Day);
        await ReportAsync(DeliveryStatus.Returned, T0 + (2 * Day));
        Assert.That((await GetAsync(moved.Lease))!.ExpireTime, Is.EqualTo(extended.ExpireTime), "a report does not shorten what was promised");
    }

    [Test]
    public async Task The_repeat_of_a_move_makes_no_second_lease_however_the_id_is_spelled()
    {
        var block = await AddPairBlockAsync(inStock: 3);
        await CreatePairAsync(block, "WB1", holder: 3, peer: 4);
        var lease = (await CreatePairAsync(block, "WB2", holder: 1, peer: 2)).Lease!;
        var moved = await ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true);
        await ReleaseAsync(moved.Lease!);

        var late = await ReassignPairAsync(lease with { LeaseId = lease.LeaseId.ToUpperInvariant() }, "X1", holder: 3, newNumberIfBusy: true);

        Assert.That((late.Outcome, late.Lease!.LeaseId), Is.EqualTo((LeaseOutcome.LeaseEnded, moved.Lease!.LeaseId)));
    }

    [Test]
    public async Task A_move_to_another_number_that_is_cut_off_anywhere_is_done_once_by_its_repeats()
    {
        var steps = 0;
        for (var cutAt = 0; cutAt <= steps; cutAt++)
        {
            foreach (var after in new[] { false, true })
            {
                var block = await AddPairBlockAsync(inStock: 2);
                var waybill = $"WB{block.Id}";
                await CreatePairAsync(block, $"OTHER{block.Id}", holder: 3, peer: 4);
                var lease = (await CreatePairAsync(block, waybill, holder: 1, peer: 2, "R1")).Lease!;
                var at = 0;
                Task CutAsync(string step) => at++ == cutAt ? throw HookedPool.Cut() : Task.CompletedTask;
                var service = ServiceOver(after ? new HookedPool(Steps) { After = CutAsync } : new HookedPool(Steps) { Before = CutAsync });

                // A store in trouble is what the first try meets; the repeats meet none.
                try
                {
                    await ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true, service: service);
                }
                catch (StoreUnavailableException)
                {
                    steps = Math.Max(steps, at);
                }

                Time.Advance(Minute);
                var moved = await ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true);
                var again = await ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true);

                Assert.That((moved.Outcome, moved.NewNumber), Is.EqualTo((LeaseOutcome.Done, true)), $"cut at {cutAt}");
                Assert.That(again, Is.EqualTo(moved));
                Assert.That((await CountsOfAsync(block, Time.Now)).Leased, Is.EqualTo(2));
                Assert.That((await CallAsync(moved.Lease!.Number, 3)).RealNumber, Is.EqualTo(RealNumber(2)));
                Assert.That((await CallAsync(moved.Lease.Number, 2)).RealNumber, Is.EqualTo(RealNumber(3)));
                Assert.That((await CallAsync(lease.Number, 3)).RealNumber, Is.EqualTo(RealNumber(4)));
                Assert.That((await CallAsync(lease.Number, 2)).Outcome, Is.EqualTo(ResolveOutcome.EndedForParty));
                Assert.That((await CallAsync(lease.Number, 1)).Outcome, Is.EqualTo(ResolveOutcome.EndedForParty));
            }
        }

        Assert.That(steps, Is.GreaterThan(4));
    }

    private ValueTask<ResolveAnswer> CallAsync(PhoneNumber called, int caller) => Verbs.ResolveAsync(new CallQuery(called, null, RealNumber(caller)), None);

    [TestCase("claim", false)]
    [TestCase("replace", false)]
    [TestCase("take", true)]
    public async Task A_move_that_was_cut_off_binds_no_number_of_a_kind_that_the_pool_takes_no_more(string step, bool taken)
    {
        var block = await AddPairBlockAsync(inStock: 3);
        await CreatePairAsync(block, "WB1", holder: 3, peer: 4);
        var lease = (await CreatePairAsync(block, "WB2", holder: 1, peer: 2)).Lease!;
        ValueTask<ReassignAnswer> Move(LeaseVerbs? service = null) => ReassignPairAsync(lease, "X1", holder: 3, newNumberIfBusy: true, service: service);
        // The first take finds the lease that is given up, the second one makes the other.
        var left = taken ? 2 : 1;
        var cut = new HookedPool(Steps) { After = at => at == step && --left == 0 ? throw HookedPool.Cut() : Task.CompletedTask };
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await Move(ServiceOver(cut)));
        Assert.That((await CallAsync(lease.Number, 2)).Outcome, Is.EqualTo(ResolveOutcome.EndedForParty), "the old number is given up");

        await AllowAsync(PhoneNumberKind.Mobile);
        var refused = await Move();
        Assert.That((refused.Outcome, refused.NewNumber), Is.EqualTo(taken ? (LeaseOutcome.Done, true) : (LeaseOutcome.LeaseEnded, false)));
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 10, T0, None)).Counts.Leased, Is.EqualTo(taken ? 2 : 1));

        await AllowAsync(PhoneNumberKind.Other);
        var moved = await Move();
        Assert.That((moved.Outcome, moved.NewNumber), Is.EqualTo((LeaseOutcome.Done, true)));
        await AllowAsync(PhoneNumberKind.Mobile);
        Assert.That(await Move(), Is.EqualTo(moved), "what was done is answered again");

        async Task AllowAsync(PhoneNumberKind kind) =>
            await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, new PoolUpdate { AllowedKinds = PhoneNumberKindSet.Of(kind) }, null, None);
    }

    private ValueTask<ReassignAnswer> ReassignPairAsync(
        Lease lease, string request, int? holder, int? peer = null, bool newNumberIfBusy = false, LeaseVerbs? service = null) =>
        (service ?? Verbs).ReassignLeaseAsync(
            new ReassignLeaseCommand(
                Tenant, lease.LeaseId, request, holder is { } one ? RealNumber(one) : null, peer is { } other ? RealNumber(other) : null, newNumberIfBusy),
            None);
}
