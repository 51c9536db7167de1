using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>X is the one number in stock; a, b, c, d are parties.</summary>
public sealed partial class Counterexamples
{
    [Test]
    public async Task C26_A_party_that_is_on_a_number_is_not_put_on_it_again_with_another_one()
    {
        var block = await AddPairBlockAsync();
        await PairAsync(block, "c", "a", T0);

        Assert.That(await TryPairAsync(block, "b", "a", T0), Is.EqualTo(TakeOutcome.Full), "a would be on X twice: whom do its callers reach?");
        Assert.That((await ResolvePairAsync(block.Number(0), "b", T0)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
    }

    [Test]
    public async Task C27_Who_is_reassigned_away_rests_before_he_is_on_the_number_again()
    {
        var block = await AddPairBlockAsync(aging: Hour);
        var lease = await PairAsync(block, "b", "a", T0);
        var other = await PairAsync(block, "d", "e", T0);
        Assert.That((await ReassignPeerAsync(lease, "X1", "c", T0 + Minute)).Outcome, Is.EqualTo(HolderOutcome.Done));

        var resting = T0 + Minute + Hour - TimeSpan.FromMilliseconds(1);
        Assert.That(await TryPairAsync(block, "f", "a", resting), Is.EqualTo(TakeOutcome.Full), "Who calls back the a of yesterday would reach f's a.");
        Assert.That((await ReassignPeerAsync(other, "X2", "a", resting)).Outcome, Is.EqualTo(HolderOutcome.Busy));
        Assert.That((await ResolvePairAsync(block.Number(0), "a", resting)).Outcome, Is.EqualTo(RouteOutcome.Ended));

        Assert.That((await ReassignPeerAsync(other, "X2", "a", T0 + Minute + Hour)).Outcome, Is.EqualTo(HolderOutcome.Done));
    }

    [Test]
    public async Task C27_Who_joins_by_a_reassignment_must_not_be_on_the_number()
    {
        var block = await AddPairBlockAsync(aging: Hour);
        var lease = await PairAsync(block, "b", "a", T0);
        await PairAsync(block, "c", "d", T0);

        Assert.That((await ReassignPeerAsync(lease, "X1", "c", T0)).Outcome, Is.EqualTo(HolderOutcome.Busy));
        Assert.That((await ReassignHolderAsync(lease, "X2", "d", T0)).Outcome, Is.EqualTo(HolderOutcome.Busy));
        Assert.That(await GetAsync(lease), Is.EqualTo(lease));
    }

    [TestCase("extend")]
    [TestCase("apply")]
    [TestCase("release")]
    public async Task C28_A_step_after_a_reassignment_moves_the_rest_of_who_joined(string step)
    {
        var block = await AddPairBlockAsync(aging: Hour);
        var lease = await PairAsync(block, "b", "c", T0, expireTime: T0 + Day);
        await ReassignPeerAsync(lease, "X1", "d", T0 + Minute);

        // Sent by somebody who read the record when c was on it.
        var end = T0 + (2 * Day);
        _ = step switch
        {
            "extend" => (object)await ExtendAsync(lease, "X2", T0 + (2 * Minute), span: Day),
            "apply" => await ApplyAsync(ClaimOf(lease), 1, end, T0 + (2 * Minute)),
            _ => await ReleaseAsync(lease, end = T0 + (2 * Minute)),
        };

        Assert.That(await TryPairAsync(block, "a", "d", end + Hour - TimeSpan.FromMilliseconds(1)), Is.EqualTo(TakeOutcome.Full), "d would be on X twice.");
        Assert.That(await TryPairAsync(block, "a", "d", end + Hour), Is.EqualTo(TakeOutcome.Live));
    }
}
