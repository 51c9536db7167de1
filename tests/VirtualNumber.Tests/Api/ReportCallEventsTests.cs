using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ReportCallEventsTests : ApiTests
{
    private const string CallId = "call-1";

    private Task<ReportCallEventsResponse> ReportAsync(Lease lease, params CallEvent[] events) =>
        Routing.ReportCallEventsAsync(CallRequests.Report(lease, CallId, events)).ResponseAsync;

    private async Task<IReadOnlyList<Call>> CallsOfAsync(Lease lease)
    {
        var request = CallRequests.List();
        request.LeaseId = lease.LeaseId;
        return [.. (await Ops.ListCallsAsync(request)).Calls];
    }

    [Test]
    public async Task What_became_of_a_call_is_attached_to_it_in_any_order_and_once()
    {
        var lease = await LeaseAsync();
        await ResolveAsync(lease.VirtualNumber);
        var talk = CallRequests.Talk(Now, 60);

        Assert.That(await ReportAsync(lease, talk[2], talk[1]), Is.EqualTo(new ReportCallEventsResponse { NewEventCount = 2, EventCount = 2 }));
        Assert.That(await ReportAsync(lease, talk), Is.EqualTo(new ReportCallEventsResponse { NewEventCount = 1, EventCount = 3 }));
        Assert.That(await ReportAsync(lease, talk), Is.EqualTo(new ReportCallEventsResponse { NewEventCount = 0, EventCount = 3 }));

        var call = (await CallsOfAsync(lease)).Single();
        Assert.That(call.Events, Is.EqualTo(talk));
        Assert.That((call.LeaseId, call.Epoch, call.Outcome), Is.EqualTo((lease.LeaseId, lease.Epoch, ResolveOutcome.Connect)));
    }

    [Test]
    public async Task A_call_in_progress_survives_the_end_of_its_lease_and_the_next_one_is_refused()
    {
        var lease = await LeaseAsync();
        await ResolveAsync(lease.VirtualNumber);
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));

        Service.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.That((await ReportAsync(lease, CallRequests.Talk(Now.AddMinutes(-20), 900))).NewEventCount, Is.EqualTo(3));
        Assert.That((await Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, callId: "call-2"))).Action, Is.EqualTo(RoutingAction.Reject));
    }

    [Test]
    public async Task A_late_report_never_lands_on_the_next_holder()
    {
        var first = await LeaseAsync();
        await ResolveAsync(first.VirtualNumber);
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(first.LeaseId));
        var update = Requests.UpdatePool();
        update.Aging = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromMinutes(5));
        await Ops.UpdatePoolAsync(update);
        // Until the number is leased again: all others first, which have rested for ever.
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers([.. Enumerable.Range(0, 100).Select(i => $"162100100{i:00}").Where(number => number != first.VirtualNumber)])));
        Service.Time.Advance(TimeSpan.FromMinutes(6));
        var next = await LeaseAsync(Requests.CreateLease("SF2", Requests.OtherReal));
        Assert.That(next.VirtualNumber, Is.EqualTo(first.VirtualNumber));
        await Routing.ResolveAsync(Requests.Resolve(next.VirtualNumber, callId: "call-2"));

        Assert.That((await ReportAsync(first, CallRequests.Talk(Now, 60))).NewEventCount, Is.EqualTo(3), "to its own");

        (await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, CallRequests.Report(first, "call-2", CallRequests.Talk(Now, 60))))
            .Expect(StatusCode.FailedPrecondition, ErrorReason.CallOfOtherLease);
        (await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, CallRequests.Report(next, CallId, CallRequests.Talk(Now, 60))))
            .Expect(StatusCode.FailedPrecondition, ErrorReason.CallOfOtherLease);
        Assert.That((await CallsOfAsync(next)).Single().Events, Is.Empty);
        Assert.That((await CallsOfAsync(first)).Single().Events, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task A_call_whose_look_up_nobody_saw_is_recorded_by_its_events()
    {
        var lease = await LeaseAsync();
        await Routing.ReportCallEventsAsync(CallRequests.Report(lease, "13913800138-x", CallRequests.Talk(Now, 1)));

        var call = (await CallsOfAsync(lease)).Single();
        Assert.That(
            (call.CallId, call.CallKind, call.MaskedCaller, call.Outcome, call.VirtualNumber, call.Events.Count),
            Is.EqualTo(("***********-x", CallKind.Unspecified, "", ResolveOutcome.Unspecified, lease.VirtualNumber, 3)));
    }

    [TestCase("139-1380-0138", "*************")]
    [TestCase("139%201380%2D0138;x", "*****************;x")]
    [TestCase("13%91%38%00%13%8", "****************")]
    [TestCase("%31%33%39%31%33%38%30%30%31%33%38@gw", "*********************************@gw")]
    [TestCase("138001-%33%3A-8000", "******************")]
    [TestCase("111313-%38%3A-%30%30%30%38", "**************************")]
    [TestCase("86:139~1380:0138", "****************")]
    [TestCase("(139).13.80.01.38@gw", "(****************@gw")]
    [TestCase("call-123456-x7", "call-123456-x7")]
    public async Task What_may_be_a_number_in_a_call_id_is_hidden(string callId, string shown)
    {
        var lease = await LeaseAsync();
        await Routing.ReportCallEventsAsync(CallRequests.Report(lease, callId, CallRequests.Talk(Now, 1)));
        Assert.That((await CallsOfAsync(lease)).Single().CallId, Is.EqualTo(shown));
    }

    [Test]
    public async Task The_epoch_must_be_that_of_the_lease()
    {
        var request = CallRequests.Report(await LeaseAsync(), CallId, CallRequests.Talk(Now, 1));
        request.Epoch++;
        (await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "epoch");
    }

    [Test]
    public async Task A_gateway_reports_on_calls_to_its_own_numbers_only()
    {
        await using var service = await TestService.StartAsync(settings: [("Gateways:0:Numbers:0", "86:171"), ("Gateways:1:Id", "all")]);
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        var report = CallRequests.Report((await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease, CallId, CallRequests.Talk(service.Time.Now, 1));

        (await RefusedCall.OfAsync(service.Routing.ReportCallEventsAsync, report)).Expect(StatusCode.NotFound, ErrorReason.LeaseUnknown);
        Assert.That((await service.Ops.ListCallsAsync(CallRequests.List())).Calls, Is.Empty);
        report.GatewayId = "all";
        Assert.That((await service.Routing.ReportCallEventsAsync(report)).NewEventCount, Is.EqualTo(3));
    }

    [Test]
    public async Task A_lease_id_that_is_none_is_refused()
    {
        var request = CallRequests.Report(await LeaseAsync(), CallId, CallRequests.Talk(Now, 1));
        request.LeaseId = "not-a-lease-id";
        (await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.LeaseIdInvalid, "lease_id");
    }

    [Test]
    public async Task More_than_fifty_distinct_events_of_a_call_are_refused()
    {
        var lease = await LeaseAsync();
        await ReportAsync(lease, [.. Enumerable.Range(0, 50).Select(i => CallRequests.Event(CallEventKind.Ringing, Now.AddSeconds(i)))]);

        var refusal = await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, CallRequests.Report(lease, CallId, CallRequests.Talk(Now, 1)));

        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.CallEventLimitReached);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["event_limit"] = "50" }));
    }

    [Test]
    public async Task All_faulty_fields_are_told_at_once()
    {
        var request = new ReportCallEventsRequest
        {
            GatewayId = "no gateway",
            CallId = "",
            LeaseId = "",
            Events =
            {
                new CallEvent { Kind = CallEventKind.Unspecified, ReleasedBy = (CallSide)9, Q850Cause = 128, SipStatus = 99 },
                CallRequests.Event(CallEventKind.Ringing, Now.AddMinutes(10).AddMilliseconds(1)),
                CallRequests.Event(CallEventKind.Ringing, Now.AddDays(-7).AddMilliseconds(-1)),
                CallRequests.Event(CallEventKind.Ringing, Now.AddMinutes(10)),
                CallRequests.Event(CallEventKind.Ringing, Now.AddDays(-7)),
            },
        };
        (await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, request)).Expect(
            StatusCode.InvalidArgument,
            ErrorReason.FieldsInvalid,
            "gateway_id", "call_id", "lease_id", "events[0].kind", "events[0].released_by", "events[0].q850_cause", "events[0].sip_status",
            "events[0].event_time", "events[1].event_time", "events[2].event_time");
    }

    [TestCase(0)]
    [TestCase(51)]
    public async Task A_report_has_one_to_fifty_events(int count)
    {
        var request = CallRequests.Report(await LeaseAsync(), CallId, [.. Enumerable.Range(0, count).Select(i => CallRequests.Event(CallEventKind.Ringing, Now.AddSeconds(i)))]);
        (await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "events");
    }
}
