using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Of what others fell into, what only the wire shows.</summary>
[TestFixture]
public sealed class TrapTests : ApiTests
{
    [Test]
    public async Task Trap_4_A_refusal_has_no_number_to_call_or_to_show()
    {
        var lease = await LeaseAsync();
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        foreach (var (called, caller) in new[] { (lease.VirtualNumber, Requests.Caller), (lease.VirtualNumber, Requests.Real), ("17099990000", Requests.Caller) })
        {
            var answer = await ResolveAsync(called, caller);
            Assert.That(answer.Action, Is.EqualTo(RoutingAction.Reject));
            Assert.That((answer.ConnectNumber, answer.DisplayNumber, answer.LeaseId), Is.EqualTo(("", "", "")));
        }
    }

    [Test]
    public async Task Trap_6_No_number_is_in_an_address()
    {
        using var recorder = new Recorder();
        using var channel = Service.OpenChannel(new GrpcChannelOptions { HttpHandler = recorder });
        var lease = (await new LeaseService.LeaseServiceClient(channel).CreateLeaseAsync(Requests.CreateLease())).Lease;
        await new RoutingService.RoutingServiceClient(channel).ResolveAsync(Requests.Resolve(lease.VirtualNumber));
        Assert.That(recorder.Requests, Is.EquivalentTo(new[]
        {
            "POST /virtualnumber.v1.LeaseService/CreateLease", "POST /virtualnumber.v1.RoutingService/Resolve",
        }));
    }

    [Test]
    public async Task Trap_7_Nobody_is_served_in_the_name_of_another()
    {
        var lease = await LeaseAsync();
        var (stranger, unknown) = (Requests.GetLease(lease.LeaseId), Requests.GetLease(lease.LeaseId));
        (stranger.TenantId, unknown.TenantId) = (TestService.Beta, "nobody");
        (await RefusedCall.OfAsync(Leases.GetLeaseAsync, stranger)).Expect(StatusCode.NotFound, ErrorReason.LeaseUnknown);
        (await RefusedCall.OfAsync(Leases.GetLeaseAsync, unknown)).Expect(StatusCode.NotFound, ErrorReason.TenantUnknown);

        var call = Requests.Resolve(lease.VirtualNumber);
        call.GatewayId = "nobody";
        (await RefusedCall.OfAsync(Routing.ResolveAsync, call)).Expect(StatusCode.NotFound, ErrorReason.GatewayUnknown);
        Assert.That(
            (await ResolveAsync(lease.VirtualNumber)).DisplayNumber, Is.EqualTo("+86" + lease.VirtualNumber), "what is shown is nobody's to choose");
    }

    private sealed class Recorder() : DelegatingHandler(new SocketsHttpHandler())
    {
        public ConcurrentQueue<string> Requests { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Enqueue($"{request.Method} {request.RequestUri!.PathAndQuery}");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
