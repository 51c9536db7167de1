using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>claim, replace, bind and the reading of a ledger: every outcome, in the documented precedence.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractLedgerTests(StoreUnderTest kind) : StoreTests(kind)
{
    private const uint Block = 1;

    [Test]
    public async Task Claim_without_a_proposed_block_writes_nothing()
    {
        var answer = await ClaimAsync("R1", "T1", block: null, T0);

        Assert.That(answer, Is.EqualTo(new ClaimAnswer(ClaimKind.None, null, SameContent: true, ReportNumber: 0, Terms: null)));
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("delivery"), T0, None), Is.Null);
    }

    [Test]
    public async Task Claim_creates_the_proposed_one_and_binds_the_request()
    {
        var created = await ClaimAsync("R1", "T1", Block, T0);
        var bound = await ClaimAsync("R1", "T2", Block, T0 + Second);

        Assert.That((created.Kind, created.Claim), Is.EqualTo((ClaimKind.Created, new Claim(ClaimIdOf("T1"), Block, T0))));
        Assert.That((bound.Kind, bound.Claim, bound.SameContent), Is.EqualTo((ClaimKind.Bound, created.Claim, true)));
    }

    [Test]
    public async Task Claim_by_a_bound_request_without_a_block_answers_its_claim_all_the_same()
    {
        var created = await ClaimAsync("R1", "T1", Block, T0);

        var bound = await ClaimAsync("R1", "T2", block: null, T0);

        Assert.That((bound.Kind, bound.Claim), Is.EqualTo((ClaimKind.Bound, created.Claim)));
    }

    [Test]
    public async Task Claim_without_a_block_answers_a_standing_claim_all_the_same()
    {
        var created = await ClaimAsync("R1", "T1", Block, T0);

        var standing = await ClaimAsync("R2", "T2", block: null, T0);

        Assert.That((standing.Kind, standing.Claim), Is.EqualTo((ClaimKind.Standing, created.Claim)));
    }

    [Test]
    public async Task Claim_tells_that_a_bound_request_had_other_content()
    {
        await ClaimAsync("R1", "T1", Block, T0);

        var bound = await ClaimAsync("R1", "T2", Block, T0, content: "other");

        Assert.That((bound.Kind, bound.SameContent), Is.EqualTo((ClaimKind.Bound, false)));
    }

    [Test]
    public async Task Claim_prefers_what_the_request_is_bound_to_over_what_the_role_has()
    {
        var t1 = (await ClaimAsync("R1", "T1", Block, T0)).Claim;
        await ReplaceAsync("R2", "T1", ended: true, "T2", Block, T0);

        var bound = await ClaimAsync("R1", "T3", Block, T0);

        Assert.That((bound.Kind, bound.Claim), Is.EqualTo((ClaimKind.Bound, t1)));
    }

    [Test]
    public async Task Claim_without_a_request_binds_nothing_and_finds_the_standing_one()
    {
        var created = await ClaimAsync(null, "T1", Block, T0);
        var standing = await ClaimAsync(null, "T2", Block, T0);

        Assert.That((created.Kind, standing.Kind, standing.Claim), Is.EqualTo((ClaimKind.Created, ClaimKind.Standing, created.Claim)));
    }

    [Test]
    public async Task Claims_of_roles_and_of_deliveries_have_nothing_to_do_with_each_other()
    {
        await ClaimAsync("R1", "T1", Block, T0);

        var sender = await ClaimAsync("R2", "T2", Block, T0, role: DeliveryRole.Sender);
        var other = await ClaimAsync("R1", "T3", Block, T0, delivery: "other");

        Assert.That((sender.Kind, other.Kind), Is.EqualTo((ClaimKind.Created, ClaimKind.Created)));
        var ledger = await Steps.ReadLedgerAsync(DigestOf("delivery"), T0, None);
        Assert.That(ledger!.Claims.Select(claim => claim.Role), Is.EqualTo(new[] { DeliveryRole.Recipient, DeliveryRole.Sender }));
    }

    [Test]
    public async Task Claim_answers_the_report_number_and_terms_that_stand()
    {
        var (_, view) = await DecideAsync(DeliveryStatus.PickedUp, T0, T0);

        var created = await ClaimAsync("R1", "T1", Block, T0);
        var replaced = await ReplaceAsync("R1", "T1", ended: false, "T2", Block, T0);

        Assert.That((created.ReportNumber, created.Terms), Is.EqualTo((1, view.Terms)));
        Assert.That((replaced.ReportNumber, replaced.Terms), Is.EqualTo((1, view.Terms)));
    }

    [Test]
    public async Task Replace_writes_the_new_claim_and_binds_the_request_to_it()
    {
        await ClaimAsync("R1", "T1", Block, T0);

        var replaced = await ReplaceAsync("R1", "T1", ended: false, "T2", Block + 1, T0 + Second);
        var bound = await ClaimAsync("R1", "T3", Block, T0 + Second);

        Assert.That(replaced.Claim, Is.EqualTo(new Claim(ClaimIdOf("T2"), Block + 1, T0 + Second)));
        Assert.That((bound.Kind, bound.Claim), Is.EqualTo((ClaimKind.Bound, replaced.Claim)));
    }

    [Test]
    public async Task Replace_of_an_ended_claim_to_which_the_request_is_bound_is_moved()
    {
        await ClaimAsync("R1", "T1", Block, T0);

        Assert.That((await ReplaceAsync("R1", "T1", ended: true, "T2", Block, T0)).Kind, Is.EqualTo(ClaimKind.Moved));
        Assert.That((await ReplaceAsync("R2", "T1", ended: true, "T2", Block, T0)).Kind, Is.EqualTo(ClaimKind.Created));
    }

    [Test]
    public async Task Replace_in_a_ledger_that_is_not_there_is_moved()
    {
        var replaced = await ReplaceAsync("R1", "T1", ended: false, "T2", Block, T0);

        Assert.That((replaced.Kind, replaced.Claim), Is.EqualTo((ClaimKind.Moved, (Claim?)null)));
    }

    [Test]
    public async Task Bind_is_ok_twice_and_refused_for_another_claim()
    {
        var t1 = (await ClaimAsync("R1", "T1", Block, T0)).Claim!;

        Assert.That(await BindAsync("R2", t1, T0), Is.True);
        Assert.That(await BindAsync("R2", t1, T0), Is.True);
        Assert.That(await BindAsync("R2", t1 with { Id = ClaimIdOf("T2") }, T0), Is.False);
        Assert.That((await ClaimAsync("R2", "T3", Block, T0)).Claim, Is.EqualTo(t1));
    }

    [Test]
    public async Task A_ledger_remembers_sixteen_requests_and_drops_the_oldest()
    {
        var t1 = (await ClaimAsync("R1", "T1", Block, T0)).Claim!;
        for (var i = 2; i <= 16; i++)
            await BindAsync($"R{i}", t1, T0);
        Assert.That((await ClaimAsync("R1", "T9", Block, T0)).Kind, Is.EqualTo(ClaimKind.Bound), "Sixteen.");

        await BindAsync("R17", t1, T0);

        Assert.That((await ClaimAsync("R1", "T9", Block, T0)).Kind, Is.EqualTo(ClaimKind.Standing), "The oldest of seventeen.");
        Assert.That((await ClaimAsync("R2", "T9", Block, T0)).Kind, Is.EqualTo(ClaimKind.Bound));
    }

    [Test]
    public async Task A_ledger_is_gone_at_the_instant_until_which_it_is_kept()
    {
        var keepUntil = T0 + Day;
        await ClaimAsync("R1", "T1", Block, T0, keepUntil: keepUntil);

        Assert.That(await Steps.ReadLedgerAsync(DigestOf("delivery"), keepUntil - TimeSpan.FromMilliseconds(1), None), Is.Not.Null);
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("delivery"), keepUntil, None), Is.Null);
        Assert.That((await ClaimAsync("R1", "T2", Block, keepUntil)).Kind, Is.EqualTo(ClaimKind.Created));
    }

    [Test]
    public async Task A_ledger_is_kept_for_the_longest_that_any_step_asked_for()
    {
        await ClaimAsync("R1", "T1", Block, T0, keepUntil: T0 + (9 * Day));
        await DecideAsync(DeliveryStatus.PickedUp, T0, T0, keepUntil: T0 + (3 * Day));

        Assert.That(await Steps.ReadLedgerAsync(DigestOf("delivery"), T0 + (8 * Day), None), Is.Not.Null);

        await DecideAsync(DeliveryStatus.InTransit, T0 + (8 * Day), T0 + (8 * Day), keepUntil: T0 + (20 * Day));
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("delivery"), T0 + (19 * Day), None), Is.Not.Null);
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("delivery"), T0 + (20 * Day), None), Is.Null);
    }

    [Test]
    public async Task Reading_a_ledger_that_is_not_there_answers_null()
    {
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("delivery"), T0, None), Is.Null);
    }
}
