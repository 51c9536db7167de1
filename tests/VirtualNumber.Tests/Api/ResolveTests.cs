using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ResolveTests : ApiTests
{
    private static readonly ResolveResponse s_notInService = new()
    {
        Action = RoutingAction.Reject,
        Refusal = new V1.Refusal { Q850Cause = 1, SipStatus = 404, Reason = RefusalReason.NotInService },
    };

    [Test]
    public async Task A_call_to_a_live_lease_is_connected_and_shows_the_virtual_number()
    {
        var lease = await LeaseAsync();
        Assert.That(await ResolveAsync(lease.VirtualNumber), Is.EqualTo(Answers.Connect(lease, Requests.Real)));
    }

    [TestCase("16210010000")]
    [TestCase("+8616210010000")]
    [TestCase("008616210010000")]
    [TestCase("８６ 162-1001-0000")]
    [TestCase("tel:+86-162-1001-0000")]
    public async Task The_called_number_may_be_written_in_any_usual_form(string called)
    {
        await LeaseAsync();
        Assert.That((await ResolveAsync(called)).ConnectNumber, Is.EqualTo(Requests.Real));
    }

    [Test]
    public async Task A_700_number_is_shown_as_dialled_inside_its_country()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("protection", blockDigits: 4));
        await Ops.AddNumbersAsync(Requests.AddBlocks("protection", "70012345678"));
        var request = Requests.CreateLease(real: "13912345678");
        request.PoolId = "protection";
        var lease = await LeaseAsync(request);

        var route = await ResolveAsync(lease.VirtualNumber);

        Assert.That((route.ConnectNumber, route.DisplayNumber), Is.EqualTo(("+8613912345678", "700123456780000")));
    }

    [Test]
    public async Task A_landline_is_connected_in_E164()
    {
        var lease = await LeaseAsync(Requests.CreateLease(real: "0571-88888888"));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).ConnectNumber, Is.EqualTo("+8657188888888"));
    }

    [Test]
    public async Task To_a_stranger_all_numbers_that_are_not_in_service_look_alike_to_the_byte()
    {
        var answers = new Dictionary<string, ResolveResponse>
        {
            ["unknown"] = await ResolveAsync("17099990000"),
            ["of another country"] = await ResolveAsync("+99977700000"),
            ["never leased"] = await ResolveAsync("16210010099"),
        };

        var released = await LeaseAsync(Requests.CreateLease("SF1"));
        var expired = await LeaseAsync(Requests.CreateLease("SF2"));
        var suspended = await LeaseAsync(Requests.CreateLease("SF3"));
        var withheld = await LeaseAsync(Requests.CreateLease("SF4"));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(released.LeaseId));
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(suspended.VirtualNumber, "16210010098")));
        answers["released"] = await ResolveAsync(released.VirtualNumber);
        answers["suspended"] = await ResolveAsync(suspended.VirtualNumber);
        answers["suspended and never leased"] = await ResolveAsync("16210010098");
        answers["withheld caller"] = await ResolveAsync(withheld.VirtualNumber, caller: "");
        Service.Time.Advance(TimeSpan.FromDays(30));
        answers["expired"] = await ResolveAsync(expired.VirtualNumber);
        await ReclaimAsync();
        answers["expired, written down"] = await ResolveAsync(expired.VirtualNumber);
        Service.Time.Advance(TimeSpan.FromDays(7));
        await ReclaimAsync();
        answers["rested"] = await ResolveAsync(expired.VirtualNumber);

        Assert.Multiple(() =>
        {
            foreach (var (name, answer) in answers)
                Assert.That(answer.ToByteArray(), Is.EqualTo(s_notInService.ToByteArray()), name);
        });
    }

    [Test]
    public async Task A_lease_is_dead_with_the_very_millisecond_of_its_expire_time_though_nobody_tidied_up()
    {
        var lease = await LeaseAsync();
        Service.Time.Advance(TimeSpan.FromDays(30) - Millisecond);
        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Connect));
        Service.Time.Advance(Millisecond);
        Assert.That(await ResolveAsync(lease.VirtualNumber), Is.EqualTo(s_notInService));
    }

    [Test]
    public async Task The_holder_who_calls_the_own_number_hears_that_the_call_is_rejected()
    {
        var lease = await LeaseAsync();
        Assert.That(await ResolveAsync(lease.VirtualNumber, caller: "00999 138 00138"), Is.EqualTo(new ResolveResponse
        {
            Action = RoutingAction.Reject,
            Refusal = new V1.Refusal { Q850Cause = 21, SipStatus = 403, Reason = RefusalReason.NotAllowed },
        }));
    }

    [Test]
    public async Task Only_who_held_the_lease_hears_that_it_has_ended()
    {
        var lease = await LeaseAsync();
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));

        var ended = new V1.Refusal { Q850Cause = 1, SipStatus = 404, Reason = RefusalReason.Ended };
        Assert.That((await ResolveAsync(lease.VirtualNumber, caller: Requests.Real)).Refusal, Is.EqualTo(ended), "held it first");
        Assert.That((await ResolveAsync(lease.VirtualNumber, caller: Requests.OtherReal)).Refusal, Is.EqualTo(ended), "held it last");
        Assert.That(await ResolveAsync(lease.VirtualNumber), Is.EqualTo(s_notInService), "a stranger");
    }

    [TestCase("")]
    [TestCase("anonymous")]
    [TestCase("Anonymous")]
    public async Task A_caller_of_no_number_is_withheld(string caller)
    {
        var lease = await LeaseAsync(Requests.CreateLease("SF9"));

        Assert.That((await ResolveAsync(lease.VirtualNumber, caller)).Action, Is.EqualTo(V1.RoutingAction.Reject));
    }

    [Test]
    public async Task A_withheld_caller_is_connected_where_the_pool_says_so()
    {
        var lease = await LeaseAsync();
        var update = Requests.UpdatePool();
        update.WithheldCallersAllowed = true;
        await Ops.UpdatePoolAsync(update);
        Assert.That((await ResolveAsync(lease.VirtualNumber, caller: "")).ConnectNumber, Is.EqualTo(Requests.Real));

        update.WithheldCallersAllowed = false;
        await Ops.UpdatePoolAsync(update);
        Assert.That(await ResolveAsync(lease.VirtualNumber, caller: ""), Is.EqualTo(s_notInService));
    }

    [Test]
    public async Task A_suspended_number_comes_back_to_life_with_its_lease()
    {
        var lease = await LeaseAsync();
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(lease.VirtualNumber)));
        await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers(lease.VirtualNumber)));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).LeaseId, Is.EqualTo(lease.LeaseId));
    }

    [Test]
    public async Task A_retired_number_connects_to_the_end_of_its_lease()
    {
        var lease = await LeaseAsync();
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers(lease.VirtualNumber)));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Connect));
    }

    [Test]
    public async Task A_bound_number_that_becomes_a_virtual_one_is_not_connected()
    {
        var lease = await LeaseAsync(Requests.CreateLease(real: "16210030007"));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).ConnectNumber, Is.EqualTo("+8616210030007"));
        await StockAsync("later", "162100300");
        Assert.That(await ResolveAsync(lease.VirtualNumber), Is.EqualTo(s_notInService));
    }

    [Test]
    public async Task A_text_message_goes_where_a_call_goes([Values] CallKind kind)
    {
        var lease = await LeaseAsync();
        var request = Requests.Resolve(lease.VirtualNumber);
        request.CallKind = kind;
        Assert.That((await Routing.ResolveAsync(request)).LeaseId, Is.EqualTo(lease.LeaseId));
    }

    [Test]
    public async Task An_unknown_gateway_is_not_found()
    {
        var request = Requests.Resolve("16210010000");
        request.GatewayId = "gw-2";
        var refusal = await RefusedCall.OfAsync(Routing.ResolveAsync, request);
        refusal.Expect(StatusCode.NotFound, ErrorReason.GatewayUnknown);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["field"] = "gateway_id" }));
    }

    [Test]
    public async Task All_faulty_fields_are_told_at_once()
    {
        var request = new ResolveRequest
        {
            GatewayId = "no gateway",
            CallId = new string('c', 129),
            CalledNumber = "",
            CallerNumber = "nobody",
            CallKind = (CallKind)7,
        };
        (await RefusedCall.OfAsync(Routing.ResolveAsync, request)).Expect(
            StatusCode.InvalidArgument,
            ErrorReason.FieldsInvalid,
            "gateway_id", "call_id", "called_number", "caller_number", "call_kind");
    }

    [Test]
    public async Task A_call_id_that_gateways_make_of_the_callers_number_shows_it_in_no_log()
    {
        await Routing.ResolveAsync(Requests.Resolve("16210010000", "+99975319864", callId: "75319864-7f3a@10.0.0.1"));
        Assert.That(Service.Logs.Lines, Has.Some.Contains("call **********f3a@10.0.0.1,"));
        Assert.That(Service.Logs.Lines, Has.None.Contains("5319864"));
    }

    [Test]
    public async Task A_look_up_changes_nothing()
    {
        var lease = await LeaseAsync();
        var before = await CountAsync();
        var first = await ResolveAsync(lease.VirtualNumber);
        Assert.That(await ResolveAsync(lease.VirtualNumber), Is.EqualTo(first));
        Assert.That(await CountAsync(), Is.EqualTo(before));
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease.ExpireTime, Is.EqualTo(Now.AddDays(30).ToTimestamp()));
    }
}
