using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ListLeasesTests : ApiTests
{
    [Test]
    public async Task A_walk_lists_every_lease_once_as_GetLease_shows_it()
    {
        await Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "162100200"));
        var leases = new List<Lease>();
        for (var i = 0; i < 150; i++)
            leases.Add(await LeaseAsync(Requests.CreateLease($"SF{i}")));

        var walked = await WalkAsync(LeaseState.Unspecified, 40);

        Assert.That(walked, Is.EquivalentTo(leases));
    }

    [Test]
    public async Task The_state_filters()
    {
        var live = await LeaseAsync(Requests.CreateLease("SF1"));
        var other = await LeaseAsync(Requests.CreateLease("SF2"));
        var ended = (await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(other.LeaseId))).Lease;

        Assert.That(await WalkAsync(LeaseState.Live, 100), Is.EqualTo(new[] { live }));
        Assert.That(await WalkAsync(LeaseState.Ended, 100), Is.EqualTo(new[] { ended }));
        Assert.That(await WalkAsync(LeaseState.Unspecified, 100), Is.EqualTo(new[] { live, ended }));
    }

    [Test]
    public async Task A_lease_past_its_expire_time_counts_as_ended_before_anybody_wrote_it_down()
    {
        var lease = await LeaseAsync();
        Service.Time.Advance(TimeSpan.FromDays(30));
        Assert.That(await WalkAsync(LeaseState.Live, 100), Is.Empty);
        var ended = (await WalkAsync(LeaseState.Ended, 100)).Single();
        Assert.That((ended.LeaseId, ended.EndReason), Is.EqualTo((lease.LeaseId, EndReason.Expired)));
    }

    [Test]
    public async Task What_comes_and_goes_during_a_walk_hides_nothing_that_stays()
    {
        var staying = new List<string>();
        for (var i = 0; i < 60; i++)
            staying.Add((await LeaseAsync(Requests.CreateLease($"SF{i}"))).LeaseId);
        var going = await LeaseAsync(Requests.CreateLease("GOING"));

        var seen = new List<string>();
        var token = "";
        var round = 0;
        do
        {
            var page = await Ops.ListLeasesAsync(Requests.ListLeases(LeaseState.Live, 7, token));
            seen.AddRange(page.Leases.Select(lease => lease.LeaseId));
            token = page.NextPageToken;
            if (round++ == 0)
                await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(going.LeaseId));
            await LeaseAsync(Requests.CreateLease($"COMING{round}"));
        }
        while (token.Length > 0);

        Assert.That(seen, Is.Unique);
        Assert.That(staying, Is.SubsetOf(seen));
        Assert.That(seen, Has.No.Member(going.LeaseId));
    }

    [Test]
    public async Task Each_page_looks_at_a_bounded_part_so_a_page_may_be_empty_and_have_a_next_one()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("large", blockDigits: 4));
        await Ops.AddNumbersAsync(Requests.AddBlocks("large", "1621100", "1621101", "1621102"));
        var request = Requests.ListLeases();
        request.PoolId = "large";
        var first = await Ops.ListLeasesAsync(request);
        Assert.That(first.Leases, Is.Empty);
        request.PageToken = first.NextPageToken;
        Assert.That(request.PageToken, Is.Not.Empty);
        Assert.That((await Ops.ListLeasesAsync(request)).NextPageToken, Is.Empty);
    }

    [Test]
    public async Task The_token_holds_for_the_same_tenant_pool_and_state_only()
    {
        await StockAsync("other", "162100200");
        await LeaseAsync(Requests.CreateLease("SF1"));
        await LeaseAsync(Requests.CreateLease("SF2"));
        var token = (await Ops.ListLeasesAsync(Requests.ListLeases(LeaseState.Live, 1))).NextPageToken;
        Assert.That(token, Is.Not.Empty);

        var otherPool = Requests.ListLeases(LeaseState.Live, 1, token);
        otherPool.PoolId = "other";
        var otherTenant = Requests.ListLeases(LeaseState.Live, 1, token);
        otherTenant.TenantId = TestService.Beta;
        foreach (var request in new[] { otherPool, otherTenant, Requests.ListLeases(LeaseState.Unspecified, 1, token) })
            (await RefusedCall.OfAsync(Ops.ListLeasesAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
        var otherSize = await Ops.ListLeasesAsync(Requests.ListLeases(LeaseState.Live, 50, token));
        Assert.That(otherSize.Leases, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Faulty_fields_are_told_at_once() =>
        (await RefusedCall.OfAsync(Ops.ListLeasesAsync, Requests.ListLeases((LeaseState)9, 1_001, new string('t', 1_025))))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "state", "page_size", "page_token");

    [Test]
    public async Task An_unknown_pool_is_not_found()
    {
        var request = Requests.ListLeases();
        request.PoolId = "elsewhere";
        (await RefusedCall.OfAsync(Ops.ListLeasesAsync, request)).Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
    }

    private async Task<List<Lease>> WalkAsync(LeaseState state, int pageSize)
    {
        var walked = new List<Lease>();
        var token = "";
        do
        {
            var page = await Ops.ListLeasesAsync(Requests.ListLeases(state, pageSize, token));
            Assert.That(page.Leases, Has.Count.LessThanOrEqualTo(pageSize));
            walked.AddRange(page.Leases);
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        return walked;
    }
}
