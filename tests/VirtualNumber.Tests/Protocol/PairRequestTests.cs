using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>A request that was answered with a pair's lease is answered with it again, whoever has come and gone since.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class PairRequestTests(StoreUnderTest kind) : VerbTests(kind)
{
    private TestBlock _block = null!;

    /// <summary>1 and 2, leased by another request.</summary>
    private Lease _lease = null!;

    [SetUp]
    public async Task LeaseAsync()
    {
        _block = await AddPairBlockAsync(inStock: 2);
        _lease = (await CreatePairAsync("R1", 1, 2)).Lease!;
    }

    private ValueTask<CreateLeaseAnswer> CreatePairAsync(string request, int holder, int? peer, TestBlock? block = null) =>
        Verbs.CreateLeaseAsync(
            new CreateLeaseCommand(Delivery, DeliveryRole.Recipient, (block ?? _block).Pool.PoolId, RealNumber(holder), request, null)
            {
                PeerNumber = peer is { } index ? RealNumber(index) : null,
            },
            None);

    private async Task<LeaseOutcome> ReassignAsync(string request, int? holder, int? peer)
    {
        var command = new ReassignLeaseCommand(
            Tenant, _lease.LeaseId, request, holder is { } one ? RealNumber(one) : null, peer is { } other ? RealNumber(other) : null);
        return (await Verbs.ReassignLeaseAsync(command, None)).Outcome;
    }

    [Test]
    public async Task A_request_that_did_not_name_the_peer_is_answered_again_with_the_lease_that_it_met()
    {
        var met = await CreatePairAsync("R2", 1, null);
        var again = await CreatePairAsync("R2", 1, null);

        Assert.That((met.Outcome, again.Outcome), Is.EqualTo((CreateLeaseOutcome.Leased, CreateLeaseOutcome.Leased)));
        Assert.That((met.Lease!.LeaseId, again.Lease!.LeaseId), Is.EqualTo((_lease.LeaseId, _lease.LeaseId)));
    }

    [Test]
    public async Task A_request_that_met_a_lease_after_a_reassignment_keeps_it_through_the_next([Values] bool nextHolder)
    {
        Assert.That(await ReassignAsync("X1", null, 3), Is.EqualTo(LeaseOutcome.Done));
        var met = await CreatePairAsync("R2", 1, 3);
        Assert.That(await ReassignAsync("X2", nextHolder ? 4 : null, nextHolder ? null : 4), Is.EqualTo(LeaseOutcome.Done));

        var again = await CreatePairAsync("R2", 1, 3);

        Assert.That((met.Outcome, again.Outcome), Is.EqualTo((CreateLeaseOutcome.Leased, CreateLeaseOutcome.Leased)));
        Assert.That(again.Lease!.LeaseId, Is.EqualTo(_lease.LeaseId));
    }

    [Test]
    public async Task A_request_gets_no_second_lease_when_the_one_that_it_met_is_over([Values] bool reassigned)
    {
        if (reassigned)
            await ReassignAsync("X1", null, 3);
        Assert.That((await CreatePairAsync("R2", 1, null)).Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        await ReleaseAsync(_lease);

        var again = await CreatePairAsync("R2", 1, null);

        Assert.That((again.Outcome, again.Lease!.LeaseId), Is.EqualTo((CreateLeaseOutcome.LeaseEnded, _lease.LeaseId)));
    }

    [Test]
    public async Task A_request_for_other_parties_meets_a_conflict()
    {
        foreach (var (request, holder, peer) in new[] { ("R2", 1, 3), ("R3", 3, 2), ("R4", 2, 1) })
            Assert.That((await CreatePairAsync(request, holder, peer)).Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken), request);
    }

    [Test]
    public async Task A_request_for_a_pair_is_not_answered_with_a_whole_number_nor_the_other_way_round()
    {
        var whole = await AddBlockAsync();
        var instead = await Verbs.CreateLeaseAsync(
            new CreateLeaseCommand(Delivery, DeliveryRole.Recipient, whole.Pool.PoolId, RealNumber(1), "R2", null), None);
        Assert.That(instead.Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken));

        await ReleaseAsync(_lease);
        await LeasedAsync(whole, "R3");
        foreach (var (request, peer) in new (string, int?)[] { ("R4", 2), ("R5", null) })
            Assert.That((await CreatePairAsync(request, 1, peer)).Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken), request);
    }
}
