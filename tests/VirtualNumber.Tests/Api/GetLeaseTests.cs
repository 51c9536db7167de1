using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class GetLeaseTests : ApiTests
{
    [Test]
    public async Task A_live_lease_is_answered_as_it_was_made()
    {
        var lease = await LeaseAsync();
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
    }

    [Test]
    public async Task A_lease_id_may_be_written_in_upper_case()
    {
        var lease = await LeaseAsync();
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId.ToUpperInvariant()))).Lease, Is.EqualTo(lease));
    }

    [Test]
    public async Task A_lease_ends_with_the_very_millisecond_of_its_expire_time()
    {
        var lease = await LeaseAsync();
        Service.Time.Advance(TimeSpan.FromDays(30) - Millisecond);
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));

        Service.Time.Advance(Millisecond);
        var ended = lease.Clone();
        (ended.State, ended.EndReason, ended.EndTime) = (LeaseState.Ended, EndReason.Expired, Now.ToTimestamp());
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(ended));
    }

    [Test]
    public async Task A_lease_can_be_read_until_its_number_has_rested()
    {
        var lease = await LeaseAsync();
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        Service.Time.Advance(TimeSpan.FromDays(7) - Millisecond);
        await ReclaimAsync();
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease.EndReason, Is.EqualTo(EndReason.Released));

        Service.Time.Advance(Millisecond);
        await ReclaimAsync();
        var refusal = await RefusedCall.OfAsync(Leases.GetLeaseAsync, Requests.GetLease(lease.LeaseId));
        refusal.Expect(StatusCode.NotFound, ErrorReason.LeaseUnknown);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["field"] = "lease_id" }));
    }

    [Test]
    public async Task The_id_of_an_earlier_holder_never_shows_the_next_one()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("small"));
        await Ops.AddNumbersAsync(Requests.AddNumbers("small", "16210020001"));
        var request = Requests.CreateLease();
        request.PoolId = "small";
        var first = await LeaseAsync(request);
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(first.LeaseId));
        Service.Time.Advance(TimeSpan.FromDays(7));
        var second = await LeaseAsync(request);

        Assert.That(second.VirtualNumber, Is.EqualTo(first.VirtualNumber));
        Assert.That(second.Epoch, Is.GreaterThan(first.Epoch));
        (await RefusedCall.OfAsync(Leases.GetLeaseAsync, Requests.GetLease(first.LeaseId))).Expect(StatusCode.NotFound, ErrorReason.LeaseUnknown);
    }
}
