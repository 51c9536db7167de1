using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ListCallsTests : ApiTests
{
    [Test]
    public async Task A_call_is_shown_with_what_it_truly_came_to_and_without_a_number_in_clear()
    {
        var lease = await LeaseAsync();
        var start = Now;
        await Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, callId: "99955500111-7@10.0.0.1"));

        Assert.That((await Ops.ListCallsAsync(CallRequests.List())).Calls.Single(), Is.EqualTo(new Call
        {
            GatewayId = TestService.Gateway,
            CallId = "*************@10.0.0.1",
            CallKind = CallKind.Voice,
            VirtualNumber = lease.VirtualNumber,
            MaskedCaller = "+99955*******",
            LeaseId = lease.LeaseId,
            Epoch = lease.Epoch,
            StartTime = start.ToTimestamp(),
            Outcome = ResolveOutcome.Connect,
        }).Using<Call>((one, other) => WithoutMask(one).Equals(WithoutMask(other))));
        var caller = (await Ops.ListCallsAsync(CallRequests.List())).Calls.Single().MaskedCaller;
        Assert.That(caller, Does.StartWith("+999").And.Contain("******").And.Not.Contain("0111"));
    }

    [Test]
    public async Task The_true_outcome_of_each_look_up_is_listed_the_oldest_first()
    {
        var lease = await LeaseAsync();
        await Resolve("a", lease.VirtualNumber);
        Service.Time.Advance(Millisecond);
        await Resolve("b", lease.VirtualNumber, Requests.Real);
        Service.Time.Advance(Millisecond);
        await Resolve("c", lease.VirtualNumber, "");
        Service.Time.Advance(Millisecond);
        await Resolve("d", "16210010099");
        Service.Time.Advance(Millisecond);
        await Resolve("e", lease.VirtualNumber);
        Service.Time.Advance(Millisecond);
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        await Resolve("f", lease.VirtualNumber);
        await Resolve("nowhere", "17099990000");

        var calls = (await Ops.ListCallsAsync(CallRequests.List())).Calls;

        Assert.That(calls.Select(call => $"{call.CallId} {call.Outcome} {call.LeaseId == lease.LeaseId}"), Is.EqualTo(new[]
        {
            "a Connect True", "b CallerIsHolder True", "c CallerWithheld True", "d NotLeased False", "e TooFrequent True", "f Ended True",
        }));
    }

    [Test]
    public async Task Two_look_ups_of_one_call_are_one_call()
    {
        await StockAsync(new Pool { PoolId = "shared", Mode = PoolMode.Extension, BlockDigits = 2 }, "162100200");
        var lease = await LeaseAsync(Requests.Extension());
        await Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber));
        Assert.That((await Ops.ListCallsAsync(CallRequests.List("shared"))).Calls.Single().Outcome, Is.EqualTo(ResolveOutcome.CollectDigits));

        await Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, lease.Extension, Requests.Caller, "call-1"));

        var call = (await Ops.ListCallsAsync(CallRequests.List("shared"))).Calls.Single();
        Assert.That((call.Outcome, call.LeaseId), Is.EqualTo((ResolveOutcome.Connect, lease.LeaseId)));
    }

    [Test]
    public async Task The_filters_are_of_lease_number_gateway_and_time()
    {
        var (one, other) = (await LeaseAsync(Requests.CreateLease("SF1")), await LeaseAsync(Requests.CreateLease("SF2")));
        await Resolve("a", one.VirtualNumber);
        Service.Time.Advance(TimeSpan.FromMinutes(1));
        var between = Now;
        await Resolve("b", other.VirtualNumber);

        async Task<string> FindAsync(Action<ListCallsRequest> ask)
        {
            var request = CallRequests.List();
            ask(request);
            return string.Concat((await Ops.ListCallsAsync(request)).Calls.Select(call => call.CallId));
        }

        Assert.That(await FindAsync(_ => { }), Is.EqualTo("ab"));
        Assert.That(await FindAsync(request => request.LeaseId = one.LeaseId), Is.EqualTo("a"));
        Assert.That(await FindAsync(request => request.VirtualNumber = "+86 " + other.VirtualNumber), Is.EqualTo("b"));
        Assert.That(await FindAsync(request => (request.VirtualNumber, request.LeaseId) = (other.VirtualNumber, one.LeaseId)), Is.Empty);
        Assert.That(await FindAsync(request => request.GatewayId = TestService.Gateway), Is.EqualTo("ab"));
        Assert.That(await FindAsync(request => request.GatewayId = "gone"), Is.Empty);
        Assert.That(await FindAsync(request => request.FromTime = between.ToTimestamp()), Is.EqualTo("b"));
        Assert.That(await FindAsync(request => request.UntilTime = between.ToTimestamp()), Is.EqualTo("a"));
    }

    [Test]
    public async Task A_walk_goes_through_all_blocks_and_lists_each_call_once()
    {
        await Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "162100200"));
        for (var i = 0; i < 25; i++)
            await Resolve($"call-{i}", $"162100{1 + (i % 2)}0{i:000}");

        var seen = new List<string>();
        var request = CallRequests.List();
        request.PageSize = 4;
        do
        {
            var page = await Ops.ListCallsAsync(request);
            Assert.That(page.Calls, Has.Count.LessThanOrEqualTo(4));
            seen.AddRange(page.Calls.Select(call => call.CallId));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.That(seen, Is.EquivalentTo(Enumerable.Range(0, 25).Select(i => $"call-{i}")));
    }

    [Test]
    public async Task A_page_token_holds_for_its_own_question_only()
    {
        await Resolve("a", "16210010001");
        await Resolve("b", "16210010002");
        var request = CallRequests.List();
        request.PageSize = 1;
        request.PageToken = (await Ops.ListCallsAsync(request)).NextPageToken;
        Assert.That(request.PageToken, Is.Not.Empty);

        request.GatewayId = TestService.Gateway;

        (await RefusedCall.OfAsync(Ops.ListCallsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
    }

    [Test]
    public async Task A_call_is_forgotten_when_its_time_is_over()
    {
        await Resolve("a", "16210010001");
        Service.Time.Advance(TimeSpan.FromDays(7) - Millisecond);
        await ReclaimAsync();
        Assert.That((await Ops.ListCallsAsync(CallRequests.List())).Calls, Has.Count.EqualTo(1));
        Service.Time.Advance(Millisecond);
        await ReclaimAsync();
        Assert.That((await Ops.ListCallsAsync(CallRequests.List())).Calls, Is.Empty);
    }

    [Test]
    public async Task Another_tenant_s_calls_do_not_exist()
    {
        await Resolve("a", "16210010001");
        var request = CallRequests.List();
        request.TenantId = TestService.Beta;
        (await RefusedCall.OfAsync(Ops.ListCallsAsync, request)).Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
        await Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId, tenant: TestService.Beta));
        Assert.That((await Ops.ListCallsAsync(request)).Calls, Is.Empty);
    }

    [Test]
    public async Task What_is_wrong_with_a_question_is_told()
    {
        var request = new ListCallsRequest
        {
            TenantId = "no tenant",
            PoolId = "No pool",
            LeaseId = new string('x', 65),
            GatewayId = "no gateway",
            FromTime = Now.ToTimestamp(),
            UntilTime = Now.ToTimestamp(),
            PageSize = -1,
        };
        (await RefusedCall.OfAsync(Ops.ListCallsAsync, request)).Expect(
            StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "pool_id", "page_size", "lease_id", "gateway_id", "until_time");

        request = CallRequests.List();
        request.LeaseId = "not-a-lease-id";
        (await RefusedCall.OfAsync(Ops.ListCallsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.LeaseIdInvalid, "lease_id");
        (request.LeaseId, request.VirtualNumber) = ("", "17099990000");
        (await RefusedCall.OfAsync(Ops.ListCallsAsync, request)).Expect(StatusCode.NotFound, ErrorReason.NumbersUnknown, "virtual_number");
        request.VirtualNumber = "x";
        (await RefusedCall.OfAsync(Ops.ListCallsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "virtual_number");
    }

    private async Task Resolve(string callId, string called, string caller = Requests.Caller) => await Routing.ResolveAsync(Requests.Resolve(called, caller, callId));

    /// <summary>How much of it is shown the masks' own tests know.</summary>
    private static Call WithoutMask(Call call)
    {
        var copy = call.Clone();
        copy.MaskedCaller = "";
        return copy;
    }
}
