using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>
/// One of many clients: leases for delivery after delivery, reports, looks up and releases. A call whose outcome is unclear is sent
/// again with the same request id until it is answered, as the public document asks.
/// </summary>
internal sealed class Client(int index, ServiceOnRedis service, History history, Availability availability)
{
    /// <summary>Far more than a store that comes and goes needs; a call that is never answered fails the test instead of hanging it.</summary>
    private const int MostTries = 1_000;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    /// <summary>Serves deliveries as they come in, until no more will; what it has begun it ends.</summary>
    public async Task RunAsync(ChannelReader<int> deliveries)
    {
        var i = 0;
        await foreach (var _ in deliveries.ReadAllAsync())
        {
            // Some deliveries are everybody's, with a request id of each: whoever asks gets the one lease.
            if (i % 6 == 5)
                await LeaseAsync(new Holding($"SHARED{i:0000}", $"r-{index}", $"+9998{i:0000000}"));
            else
                await ServeAsync(i, new Holding($"OWN{index:00}X{i:0000}", "r", $"+9991{index:00}{i:00000}"));
            i++;
        }
    }

    /// <summary>Sends a call until it is answered.</summary>
    public async Task<TResponse> AnsweredAsync<TRequest, TResponse>(Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> call, TRequest request)
        where TRequest : IMessage<TRequest>
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                var answer = await call(request, new CallOptions(deadline: TimeProvider.System.GetUtcNow().Add(s_deadline).UtcDateTime));
                history.CountAcknowledged();
                return answer;
            }
            catch (RpcException fault) when (tries < MostTries && fault.StatusCode is (StatusCode.Unavailable or StatusCode.DeadlineExceeded))
            {
                history.CountUnclear();
                await availability.UntilThereAsync();
            }
        }
    }

    private async Task LeaseAsync(Holding holding)
    {
        var answer = await AnsweredAsync(service.Leases.CreateLeaseAsync, Requests.CreateLease(holding.Waybill, holding.RealNumber, requestId: holding.RequestId));
        holding.Lease = answer.Lease;
        history.Keep(holding);
    }

    private async Task ServeAsync(int i, Holding holding)
    {
        await LeaseAsync(holding);
        if (i % 2 == 0)
        {
            var report = Requests.Report(DeliveryStatus.Delivered, TimeProvider.System.GetUtcNow(), holding.Waybill);
            var answer = await AnsweredAsync(service.Leases.ReportDeliveryStatusAsync, report);
            Assert.That(answer.Outcome, Is.AnyOf(ReportOutcome.Applied, ReportOutcome.Repeated));
            holding.Reported = report;
        }

        var route = await AnsweredAsync(service.Routing.ResolveAsync, Requests.Resolve(holding.Lease!.VirtualNumber));
        Assert.That((route.Action, route.ConnectNumber), Is.EqualTo((RoutingAction.Connect, holding.RealNumber)), "A lease that stands connects to its holder.");
        if (i % 3 == 0)
        {
            holding.ReleaseTried = true;
            await AnsweredAsync(service.Leases.ReleaseLeaseAsync, Requests.ReleaseLease(holding.Lease.LeaseId));
            holding.Released = true;
        }
    }
}
