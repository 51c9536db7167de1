using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ExtendLeaseTests : ApiTests
{
    [Test]
    public async Task The_expire_time_moves_and_the_extension_counts([Values(7, 15, 30)] int days)
    {
        var lease = await LeaseAsync();
        var extended = await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId, days: days));

        var expected = lease.Clone();
        (expected.ExpireTime, expected.ExtensionCount) = (Now.AddDays(30 + days).ToTimestamp(), 1);
        Assert.That(extended, Is.EqualTo(new ExtendLeaseResponse { Lease = expected }));
    }

    [Test]
    public async Task A_repeat_extends_once()
    {
        var lease = await LeaseAsync();
        var first = await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId));
        Assert.That(await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId)), Is.EqualTo(first));
    }

    [Test]
    public async Task The_same_request_id_with_another_span_is_refused()
    {
        var lease = await LeaseAsync();
        await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId));
        var refusal = await RefusedCall.OfAsync(Leases.ExtendLeaseAsync, Requests.ExtendLease(lease.LeaseId, days: 15));
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.RequestIdReused, "request_id");
    }

    [Test]
    public async Task The_fourth_extension_is_refused_and_a_repeat_of_the_third_is_not()
    {
        var lease = await LeaseAsync();
        for (var i = 1; i <= 3; i++)
            await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId, $"e-{i}"));

        var refusal = await RefusedCall.OfAsync(Leases.ExtendLeaseAsync, Requests.ExtendLease(lease.LeaseId, "e-4"));

        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.ExtensionLimitReached);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["extension_limit"] = "3" }));
        var repeated = await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId, "e-3"));
        Assert.That(repeated.Lease.ExpireTime, Is.EqualTo(Now.AddDays(51).ToTimestamp()));
    }

    [Test]
    public async Task Nothing_goes_past_the_hard_cap()
    {
        var lease = await LeaseAsync();
        await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId, "e-1", days: 30));
        await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId, "e-2", days: 15));
        var capped = await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId, "e-3", days: 30));
        Assert.That(capped.Lease.ExpireTime, Is.EqualTo(Now.AddDays(90).ToTimestamp()));
    }

    [Test]
    public async Task What_an_extension_promises_is_a_floor_that_only_CANCELLED_goes_below()
    {
        var lease = await LeaseAsync();
        await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId));
        var delivered = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Delivered, Now));
        Assert.That(delivered.Leases.Single().ExpireTime, Is.EqualTo(Now.AddDays(37).ToTimestamp()));

        var other = await LeaseAsync(Requests.CreateLease("SF2"));
        await Leases.ExtendLeaseAsync(Requests.ExtendLease(other.LeaseId));
        var cancelled = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Cancelled, Now, "SF2"));
        Assert.That(cancelled.Leases.Single().ExpireTime, Is.EqualTo(Now.AddHours(1).ToTimestamp()));
    }

    [Test]
    public async Task A_lease_that_has_ended_is_not_extended()
    {
        var lease = await LeaseAsync();
        Service.Time.Advance(TimeSpan.FromDays(30));
        var refusal = await RefusedCall.OfAsync(Leases.ExtendLeaseAsync, Requests.ExtendLease(lease.LeaseId));
        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.LeaseEnded);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string>
        {
            ["lease_id"] = lease.LeaseId,
            ["end_time"] = "2026-04-01T08:00:00.000Z",
        }));
    }

    [Test]
    public async Task Another_span_is_refused([Values(0, 1, 8, 60, -7)] int days)
    {
        var lease = await LeaseAsync();
        var refusal = await RefusedCall.OfAsync(Leases.ExtendLeaseAsync, Requests.ExtendLease(lease.LeaseId, days: days));
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "extension");
    }
}
