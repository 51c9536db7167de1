using Google.Protobuf.WellKnownTypes;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ReleaseLeaseTests : ApiTests
{
    [Test]
    public async Task The_lease_ends_now_and_its_number_starts_to_rest()
    {
        var lease = await LeaseAsync();
        Service.Time.Advance(TimeSpan.FromHours(3));

        var released = await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));

        var expected = lease.Clone();
        (expected.State, expected.EndReason) = (LeaseState.Ended, EndReason.Released);
        expected.ExpireTime = expected.EndTime = Now.ToTimestamp();
        Assert.That(released, Is.EqualTo(new ReleaseLeaseResponse { Lease = expected }));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Reject));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, aging: 1)));
    }

    [Test]
    public async Task A_repeat_changes_nothing_whatever_its_request_id()
    {
        var lease = await LeaseAsync();
        var first = await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        Service.Time.Advance(TimeSpan.FromHours(3));
        var request = Requests.ReleaseLease(lease.LeaseId);
        request.RequestId = "again";
        Assert.That(await Leases.ReleaseLeaseAsync(request), Is.EqualTo(first));
    }

    [Test]
    public async Task A_lease_that_expired_before_tells_so()
    {
        var lease = await LeaseAsync();
        Service.Time.Advance(TimeSpan.FromDays(31));
        var released = (await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId))).Lease;
        Assert.That((released.EndReason, released.EndTime), Is.EqualTo((EndReason.Expired, lease.ExpireTime)));
    }

    [Test]
    public async Task A_report_that_comes_later_does_not_bring_the_lease_back()
    {
        var lease = await LeaseAsync();
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        var report = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.InTransit, Now));
        Assert.That(report.Outcome, Is.EqualTo(ReportOutcome.Applied));
        Assert.That(report.Leases, Is.Empty);
    }
}
