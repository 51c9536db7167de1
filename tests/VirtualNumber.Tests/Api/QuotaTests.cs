using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>How much a tenant and a pool may lease.</summary>
[TestFixture]
public sealed class QuotaTests : ApiTests
{
    private protected override Task<TestService> StartServiceAsync() =>
        TestService.StartAsync(settings: [("Tenants:0:LiveLeaseLimit", "5"), ("Tenants:0:LeasesPerMinuteLimit", "8")]);

    [Test]
    public async Task A_tenant_has_so_many_live_leases_in_all_its_pools_together()
    {
        await StockAsync("second", "162100300");
        for (var i = 0; i < 5; i++)
            await LeaseAsync(In(i % 2 == 0 ? Requests.PoolId : "second", $"SF{i}"));

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, In("second", "SF9"));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.QuotaExceeded);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["scope"] = "tenant", ["quota"] = "live_leases", ["limit"] = "5" }));
        Assert.That(refusal.RetryDelay, Is.Null);
    }

    [Test]
    public async Task A_lease_that_has_ended_makes_room_at_once()
    {
        var leases = new List<Lease>();
        for (var i = 0; i < 5; i++)
            leases.Add(await LeaseAsync(Requests.CreateLease($"SF{i}")));
        await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF9"));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(leases[0].LeaseId));
        Assert.That((await LeaseAsync(Requests.CreateLease("SF9"))).LeaseId, Is.Not.Empty);
        await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF10"));
    }

    [Test]
    public async Task A_request_that_has_its_lease_is_never_refused()
    {
        var first = await Leases.CreateLeaseAsync(Requests.CreateLease("SF0", requestId: "r-0"));
        for (var i = 1; i < 5; i++)
            await LeaseAsync(Requests.CreateLease($"SF{i}"));
        var repeated = await Leases.CreateLeaseAsync(Requests.CreateLease("SF0", requestId: "r-0"));
        var again = await Leases.CreateLeaseAsync(Requests.CreateLease("SF0"));
        Assert.That((repeated.Existing, repeated.Lease.LeaseId), Is.EqualTo((true, first.Lease.LeaseId)));
        Assert.That((again.Existing, again.Lease.LeaseId), Is.EqualTo((true, first.Lease.LeaseId)));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(first.Lease.LeaseId));
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF0", requestId: "r-0")))
            .Expect(StatusCode.FailedPrecondition, ErrorReason.LeaseEnded);
    }

    [Test]
    public async Task So_many_leases_begin_in_a_minute()
    {
        for (var i = 0; i < 8; i++)
        {
            var lease = await LeaseAsync(Requests.CreateLease($"SF{i}"));
            await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
            Service.Time.Advance(TimeSpan.FromSeconds(5));
        }

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF9"));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.QuotaExceeded);
        Assert.That((refusal.Metadata["scope"], refusal.Metadata["quota"], refusal.Metadata["limit"]), Is.EqualTo(("tenant", "leases_per_minute", "8")));
        Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromSeconds(20)), "the minute began with the first lease");
        Service.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.That((await LeaseAsync(Requests.CreateLease("SF9"))).LeaseId, Is.Not.Empty);
    }

    [Test]
    public async Task A_pool_has_a_quota_of_its_own_which_can_be_changed()
    {
        await UpdateAsync(new LeaseQuota { LiveLeaseLimit = 2 });
        for (var i = 0; i < 2; i++)
            await LeaseAsync(Requests.CreateLease($"SF{i}"));
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF2"));
        Assert.That((refusal.Reason, refusal.Metadata["scope"], refusal.Metadata["limit"]), Is.EqualTo(("QUOTA_EXCEEDED", "pool", "2")));

        Assert.That((await UpdateAsync(new LeaseQuota { LiveLeaseLimit = 3, LeasesPerMinuteLimit = 1 })).Quota.LiveLeaseLimit, Is.EqualTo(3));
        await LeaseAsync(Requests.CreateLease("SF2"));
        await UpdateAsync(new LeaseQuota { LeasesPerMinuteLimit = 1 });
        var tooFast = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF3"));
        Assert.That((tooFast.Metadata["scope"], tooFast.Metadata["quota"]), Is.EqualTo(("pool", "leases_per_minute")));
        Assert.That((await UpdateAsync(new LeaseQuota())).Quota, Is.Null);
        await LeaseAsync(Requests.CreateLease("SF3"));
    }

    [Test]
    public async Task Many_at_once_never_pass_a_limit()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(async i =>
        {
            try
            {
                return (await Leases.CreateLeaseAsync(Requests.CreateLease($"SF{i}"))).Lease.LeaseId;
            }
            catch (RpcException refusal) when (refusal.StatusCode == StatusCode.ResourceExhausted)
            {
                return null;
            }
        }));
        Assert.That(answers.Count(id => id is not null), Is.InRange(1, 5));
        Assert.That((await CountAsync()).LeasedCount, Is.EqualTo(answers.Count(id => id is not null)));
    }

    [TestCase("pool.quota.live_lease_limit", -1, 0)]
    [TestCase("pool.quota.leases_per_minute_limit", 0, -1)]
    public async Task A_negative_limit_is_refused(string field, int live, int perMinute)
    {
        var request = Requests.CreatePool("odd");
        request.Pool.Quota = new LeaseQuota { LiveLeaseLimit = live, LeasesPerMinuteLimit = perMinute };
        (await RefusedCall.OfAsync(Ops.CreatePoolAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, field);
    }

    private async Task<Pool> UpdateAsync(LeaseQuota quota)
    {
        var request = Requests.UpdatePool();
        request.Quota = quota;
        return (await Ops.UpdatePoolAsync(request)).Pool;
    }

    private static CreateLeaseRequest In(string poolId, string waybill)
    {
        var request = Requests.CreateLease(waybill);
        request.PoolId = poolId;
        return request;
    }
}
