using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

public sealed partial class Counterexamples
{
    [Test]
    public async Task C11_A_request_answered_with_another_requests_lease_does_not_make_a_second_one_after_its_end()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeasedAsync(block, "R1");
        var shared = await LeasedAsync(block, "R2");
        Assert.That(shared.LeaseId, Is.EqualTo(lease.LeaseId));
        await ReleaseAsync(lease);

        var repeated = await CreateAsync(block, "R2");

        Assert.That((repeated.Outcome, repeated.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.LeaseEnded, lease.LeaseId)));
    }

    [Test]
    public async Task C12_A_new_request_that_finds_an_ended_claim_gets_a_lease_of_its_own()
    {
        var block = await AddBlockAsync(inStock: 2);
        var ended = await LeasedAsync(block, "R1");
        await ReleaseAsync(ended);

        var answer = await CreateAsync(block, "R2");

        Assert.That(answer.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased), "It would be told for ever that its lease has ended.");
        Assert.That(answer.Lease!.LeaseId, Is.Not.EqualTo(ended.LeaseId));
    }

    [Test]
    public async Task C12_A_claim_that_stands_is_not_bound_before_it_is_known_to_live()
    {
        var block = await AddBlockAsync();
        await ClaimAsync("R1", "T1", block.Id, T0);

        var first = await ClaimAsync("R2", "T2", block.Id, T0);
        var second = await ClaimAsync("R2", "T3", block.Id, T0);

        Assert.That((first.Kind, second.Kind), Is.EqualTo((ClaimKind.Standing, ClaimKind.Standing)));
    }

    [Test]
    public async Task C13_A_request_that_was_bound_meanwhile_replaces_nothing()
    {
        var block = await AddBlockAsync(inStock: 2);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        var lease = (await TakeAsync(claim, T0)).Record!;
        var a = await ClaimAsync("R2", "TA", block.Id, T0 + Second);
        var b = await ClaimAsync("R2", "TB", block.Id, T0 + Second);
        Assert.That((a.Kind, b.Kind), Is.EqualTo((ClaimKind.Standing, ClaimKind.Standing)));
        Assert.That((await TakeAsync(a.Claim!, T0 + Second)).Outcome, Is.EqualTo(TakeOutcome.Live));
        await ReleaseAsync(lease, T0 + (2 * Second));

        Assert.That(await BindAsync("R2", a.Claim!, T0 + (3 * Second)), Is.True, "a answers T1.");
        Assert.That((await TakeAsync(b.Claim!, T0 + (3 * Second))).Outcome, Is.EqualTo(TakeOutcome.Ended));
        var replaced = await ReplaceAsync("R2", "T1", ended: true, "T2", block.Id, T0 + (3 * Second));

        Assert.That(replaced.Kind, Is.EqualTo(ClaimKind.Moved), "One request would have two leases.");
    }

    [Test]
    public async Task C13_A_request_that_is_bound_to_a_third_claim_replaces_nothing()
    {
        var block = await AddBlockAsync();
        var t1 = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        await ReplaceAsync(null, "T1", ended: false, "T2", block.Id, T0);

        // The role's claim is T2; R1 is bound to T1 still.
        var replaced = await ReplaceAsync("R1", "T2", ended: false, "T3", block.Id, T0);
        var bound = await ClaimAsync("R1", "T9", block.Id, T0);

        Assert.That((replaced.Kind, bound.Kind, bound.Claim), Is.EqualTo((ClaimKind.Moved, ClaimKind.Bound, t1)));
    }

    [Test]
    public async Task C14_A_late_duplicate_of_a_request_does_not_bring_its_released_lease_back()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeasedAsync(block, "R1");
        await ReleaseAsync(lease);

        var duplicate = await CreateAsync(block, "R1");

        Assert.That((duplicate.Outcome, duplicate.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.LeaseEnded, lease.LeaseId)));
        Assert.That((await Stock.GetStatsAsync(block.Pool, 0, 0, T0, None)).Counts.Leased, Is.Zero);
    }

    [Test]
    public async Task C15_A_claim_that_was_replaced_meanwhile_is_not_replaced_again()
    {
        var (b0, b1) = (await AddBlockAsync(), await AddBlockAsync());
        await LeaseAsync("Z", b0.Id, T0);
        var t1 = (await ClaimAsync("R1", "T1", b0.Id, T0)).Claim!;
        var b = await ClaimAsync("R2", "T9", b0.Id, T0);
        Assert.That((await TakeAsync(t1, T0)).Outcome, Is.EqualTo(TakeOutcome.Full));
        var t2 = (await ReplaceAsync("R1", "T1", ended: false, "T2", b1.Id, T0)).Claim!;
        Assert.That((await TakeAsync(t2, T0)).Outcome, Is.EqualTo(TakeOutcome.Live));

        Assert.That((await TakeAsync(b.Claim!, T0)).Outcome, Is.EqualTo(TakeOutcome.Closed));
        var replaced = await ReplaceAsync("R2", "T1", ended: false, "T3", b0.Id, T0);

        Assert.That(replaced.Kind, Is.EqualTo(ClaimKind.Moved));
        var ledger = await Steps.ReadLedgerAsync(DigestOf("delivery"), T0, None);
        Assert.That(ledger!.Claims, Is.EqualTo(new[] { (DeliveryRole.Recipient, t2) }), "T2 lives, so the ledger must know it.");
    }

    [Test]
    public async Task C16_A_request_bound_to_a_closed_claim_forgets_it_and_is_answered()
    {
        var block = await AddBlockAsync(inStock: 2);
        // R1 is cut off before its take; a report closes its claim; R2 replaces the claim and leases.
        var cut = new HookedPool(Steps) { Before = step => step == "take" ? throw HookedPool.Cut() : Task.CompletedTask };
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await CreateAsync(block, "R1", service: ServiceOver(cut)));
        await ReportAsync(DeliveryStatus.InTransit, T0);
        var lease = await LeasedAsync(block, "R2");

        var answer = await CreateAsync(block, "R1");

        Assert.That((answer.Outcome, answer.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.Leased, lease.LeaseId)));
    }

    [Test]
    public async Task C16_A_request_whose_claim_another_number_took_is_free_again_after_that_lease()
    {
        var block = await AddBlockAsync(inStock: 3);
        // Between R1's claim and its take R2 takes R1's claim for another number.
        Lease? taken = null;
        var overtaken = new HookedPool(Steps)
        {
            Before = async step => taken ??= step == "take" ? await LeasedAsync(block, "R2", number: 2) : null,
        };
        var conflict = await CreateAsync(block, "R1", number: 1, service: ServiceOver(overtaken));
        Assert.That((conflict.Outcome, conflict.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.RoleTaken, taken!.LeaseId)));
        await ReleaseAsync(taken);

        var answer = await CreateAsync(block, "R1", number: 1);

        Assert.That(answer.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased), "It would be told for ever that a lease which it never had is over.");
        Assert.That(answer.Lease!.LeaseId, Is.Not.EqualTo(taken.LeaseId));
        Assert.That((await CreateAsync(block, "R1", number: 1)).Lease?.LeaseId, Is.EqualTo(answer.Lease.LeaseId));
    }

    [Test]
    public async Task C16_A_request_whose_claim_another_number_took_finds_the_lease_that_came_after()
    {
        var block = await AddBlockAsync(inStock: 3);
        Lease? taken = null;
        var overtaken = new HookedPool(Steps)
        {
            Before = async step => taken ??= step == "take" ? await LeasedAsync(block, "R2", number: 2) : null,
        };
        await CreateAsync(block, "R1", number: 1, service: ServiceOver(overtaken));
        await ReleaseAsync(taken!);
        var next = await LeasedAsync(block, "R3", number: 1);

        var answer = await CreateAsync(block, "R1", number: 1);

        Assert.That((answer.Outcome, answer.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.Leased, next.LeaseId)));
    }

    [Test]
    public async Task C16_Only_a_binding_to_a_claim_that_the_role_no_longer_has_is_forgotten()
    {
        var block = await AddBlockAsync();
        var t1 = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;

        var kept = await ClaimAsync("R1", "T2", block.Id, T0, forget: "T1");
        Assert.That((kept.Kind, kept.Claim), Is.EqualTo((ClaimKind.Bound, t1)), "It is the role's claim.");

        var t3 = (await ReplaceAsync("R2", "T1", ended: false, "T3", block.Id, T0)).Claim!;
        var other = await ClaimAsync("R1", "T4", block.Id, T0, forget: "T9");
        Assert.That((other.Kind, other.Claim), Is.EqualTo((ClaimKind.Bound, t1)), "It is bound to another claim than that.");

        var forgotten = await ClaimAsync("R1", "T4", block.Id, T0, forget: "T1");
        Assert.That((forgotten.Kind, forgotten.Claim), Is.EqualTo((ClaimKind.Standing, t3)));
    }

    [Test]
    public async Task C23_A_repeated_extension_extends_once()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0, expireTime: T0 + (10 * Day));

        var first = await ExtendAsync(lease, "X1", T0 + Day);
        var second = await ExtendAsync(lease, "X1", T0 + (2 * Day));

        Assert.That(first.Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That((second.Outcome, second.Record!.ExpireTime), Is.EqualTo((HolderOutcome.Repeated, T0 + (17 * Day))));
    }

    [Test]
    public async Task C24_A_late_repeat_of_a_reassignment_does_not_undo_a_later_one()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);
        await ReassignAsync(lease, "a", "n1", T0 + Second);
        await ReassignAsync(lease, "b", "n2", T0 + (2 * Second));

        var late = await ReassignAsync(lease, "a", "n1", T0 + (3 * Second));

        Assert.That(late.Outcome, Is.EqualTo(HolderOutcome.Repeated));
        Assert.That((await GetAsync(lease))!.NumberDigest, Is.EqualTo(DigestOf("n2")));
    }
}
