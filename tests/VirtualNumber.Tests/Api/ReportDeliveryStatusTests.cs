using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ReportDeliveryStatusTests : ApiTests
{
    [Test]
    public async Task A_report_moves_the_expire_times_of_all_live_leases()
    {
        var recipient = await LeaseAsync();
        var sender = await LeaseAsync(Requests.CreateLease(role: DeliveryRole.Sender));
        var eventTime = Now.AddHours(-2);

        var response = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Delivered, eventTime));

        var expected = new[] { recipient.Clone(), sender.Clone() };
        foreach (var lease in expected)
            lease.ExpireTime = eventTime.AddDays(7).ToTimestamp();
        Assert.That(response, Is.EqualTo(new ReportDeliveryStatusResponse
        {
            Outcome = ReportOutcome.Applied,
            Status = DeliveryStatus.Delivered,
            EventTime = eventTime.ToTimestamp(),
            Leases = { expected },
            VendorCodeKnown = true,
        }));
    }

    [TestCase(DeliveryStatus.LabelCreated, 30 * 24)]
    [TestCase(DeliveryStatus.PickedUp, 60 * 24)]
    [TestCase(DeliveryStatus.InTransit, 60 * 24)]
    [TestCase(DeliveryStatus.InCustoms, 60 * 24)]
    [TestCase(DeliveryStatus.AtDestination, 60 * 24)]
    [TestCase(DeliveryStatus.OutForDelivery, 60 * 24)]
    [TestCase(DeliveryStatus.AttemptFailed, 60 * 24)]
    [TestCase(DeliveryStatus.AwaitingPickup, 15 * 24)]
    [TestCase(DeliveryStatus.Exception, 60 * 24)]
    [TestCase(DeliveryStatus.Returning, 60 * 24)]
    [TestCase(DeliveryStatus.Refused, 3 * 24)]
    [TestCase(DeliveryStatus.Delivered, 7 * 24)]
    [TestCase(DeliveryStatus.Returned, 3 * 24)]
    [TestCase(DeliveryStatus.Lost, 15 * 24)]
    [TestCase(DeliveryStatus.Cancelled, 1)]
    public async Task Each_status_has_the_term_that_the_proto_says(DeliveryStatus status, int hours)
    {
        await LeaseAsync();
        var response = await Leases.ReportDeliveryStatusAsync(Requests.Report(status, Now));
        Assert.That(response.Leases.Single().ExpireTime, Is.EqualTo(Now.AddHours(hours).ToTimestamp()));
    }

    [Test]
    public async Task The_tenant_has_its_own_term_for_delivered()
    {
        // Beta set one day; the lease comes after the report.
        await Ops.CreatePoolAsync(Requests.CreatePool("own", tenant: TestService.Beta));
        var stock = Requests.AddBlocks("own", "162100200");
        stock.TenantId = TestService.Beta;
        await Ops.AddNumbersAsync(stock);
        await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Delivered, Now, tenant: TestService.Beta));
        var request = Requests.CreateLease();
        (request.TenantId, request.PoolId) = (TestService.Beta, "own");
        Assert.That((await LeaseAsync(request)).ExpireTime, Is.EqualTo(Now.AddDays(1).ToTimestamp()));
    }

    [Test]
    public async Task A_repeated_event_changes_nothing()
    {
        await LeaseAsync();
        var report = Requests.Report(DeliveryStatus.Delivered, Now);
        var first = await Leases.ReportDeliveryStatusAsync(report);
        Service.Time.Advance(TimeSpan.FromDays(1));
        var expected = first.Clone();
        expected.Outcome = ReportOutcome.Repeated;
        Assert.That(await Leases.ReportDeliveryStatusAsync(report), Is.EqualTo(expected));
    }

    [Test]
    public async Task An_older_event_changes_nothing_and_hears_the_latest()
    {
        await LeaseAsync();
        var latest = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Delivered, Now));
        var expected = latest.Clone();
        expected.Outcome = ReportOutcome.Older;
        Assert.That(await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.InTransit, Now.AddHours(-1))), Is.EqualTo(expected));
    }

    [Test]
    public async Task Of_two_events_at_one_time_the_higher_rank_is_the_newer()
    {
        await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.OutForDelivery, Now));
        var lower = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.InTransit, Now));
        var higher = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.AttemptFailed, Now));
        Assert.That((lower.Outcome, higher.Outcome), Is.EqualTo((ReportOutcome.Older, ReportOutcome.Applied)));
    }

    [Test]
    public async Task A_terminal_status_is_left_only_by_what_follows_it()
    {
        await LeaseAsync();
        var delivered = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Delivered, Now.AddHours(-2)));
        var expected = delivered.Clone();
        expected.Outcome = ReportOutcome.AfterTerminal;
        Assert.That(await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.InTransit, Now.AddHours(-1))), Is.EqualTo(expected));

        var returning = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Returning, Now));
        Assert.That((returning.Outcome, returning.Status), Is.EqualTo((ReportOutcome.Applied, DeliveryStatus.Returning)));
        Assert.That(returning.Leases.Single().ExpireTime, Is.EqualTo(Now.AddDays(60).ToTimestamp()));
    }

    [Test]
    public async Task A_report_without_a_lease_waits_for_one_and_for_30_days_only()
    {
        await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.AwaitingPickup, Now));
        await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.AwaitingPickup, Now, "SF2"));
        Assert.That((await LeaseAsync(Requests.CreateLease("SF2"))).ExpireTime, Is.EqualTo(Now.AddDays(15).ToTimestamp()));

        Service.Time.Advance(TimeSpan.FromDays(30));
        Assert.That((await LeaseAsync()).ExpireTime, Is.EqualTo(Now.AddDays(30).ToTimestamp()));
    }

    [Test]
    public async Task An_event_from_long_ago_ends_the_lease_now()
    {
        var lease = await LeaseAsync();
        var response = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Delivered, Now.AddDays(-8)));
        Assert.That(response.Leases, Is.Empty);
        var ended = (await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease;
        Assert.That((ended.State, ended.EndTime), Is.EqualTo((LeaseState.Ended, Now.ToTimestamp())));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Reject));
    }

    [TestCase(Vendor.Kuaidi100, "501", DeliveryStatus.AwaitingPickup)]
    [TestCase(Vendor.Cainiao, "SIGN", DeliveryStatus.Delivered)]
    [TestCase(Vendor.Aftership, "Exception_010", DeliveryStatus.Returned)]
    [TestCase(Vendor.Upu, "EMI", DeliveryStatus.Delivered)]
    public async Task A_vendors_code_is_mapped(Vendor vendor, string code, DeliveryStatus status)
    {
        var response = await Leases.ReportDeliveryStatusAsync(Requests.VendorReport(vendor, code, Now));
        Assert.That((response.Status, response.VendorCodeKnown), Is.EqualTo((status, true)));
    }

    [Test]
    public async Task An_unknown_code_counts_as_an_exception_and_says_so()
    {
        var response = await Leases.ReportDeliveryStatusAsync(Requests.VendorReport(Vendor.Cainiao, "TELEPORTED", Now));
        Assert.That(response, Is.EqualTo(new ReportDeliveryStatusResponse
        {
            Outcome = ReportOutcome.Applied,
            Status = DeliveryStatus.Exception,
            EventTime = Now.ToTimestamp(),
        }));
    }

    [TestCase(600_000, true)]
    [TestCase(600_001, false)]
    [TestCase(-180L * 24 * 3_600_000, true)]
    [TestCase((-180L * 24 * 3_600_000) - 1, false)]
    public async Task An_event_is_at_most_10_minutes_ahead_and_180_days_old(long milliseconds, bool good)
    {
        var report = Requests.Report(DeliveryStatus.InTransit, Now.AddMilliseconds(milliseconds));
        if (good)
            Assert.That((await Leases.ReportDeliveryStatusAsync(report)).Outcome, Is.EqualTo(ReportOutcome.Applied));
        else
            (await RefusedCall.OfAsync(Leases.ReportDeliveryStatusAsync, report)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "event_time");
    }
}
