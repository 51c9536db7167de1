using System.Collections.Concurrent;
using Grpc.Core;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>Holds what the store says against what the clients were told.</summary>
internal sealed class Audit(ServiceOnRedis service, Client client)
{
    /// <summary>The test tenant's own span for DELIVERED is the default.</summary>
    private static readonly TimeSpan s_deliveredTerm = TimeSpan.FromDays(7);

    /// <summary>Every acknowledged lease, release and report is there. Clients may go on meanwhile. Answers what is not as it should be.</summary>
    public async Task<IReadOnlyCollection<string>> FindLostAsync(IEnumerable<Holding> holdings)
    {
        var lost = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(holdings, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (holding, _) =>
        {
            // What was acknowledged before must show; what was tried by then may.
            var (released, reported) = (holding.Released, holding.Reported);
            if (await FindAsync(holding.Lease!.LeaseId) is not { } lease)
            {
                lost.Enqueue($"{holding.Waybill}: the lease is gone.");
                return;
            }

            if (lease.VirtualNumber != holding.Lease.VirtualNumber)
                lost.Enqueue($"{holding.Waybill}: the lease has another number.");
            if (released && lease.EndReason != EndReason.Released)
                lost.Enqueue($"{holding.Waybill}: the release is gone.");
            if (lease.State != LeaseState.Live && !holding.ReleaseTried)
                lost.Enqueue($"{holding.Waybill}: the lease is over, and nobody released it.");
            if (reported is not null && lease.State == LeaseState.Live && lease.ExpireTime.ToDateTimeOffset() != Milliseconds(reported) + s_deliveredTerm)
                lost.Enqueue($"{holding.Waybill}: the report is gone.");
        });
        return lost;
    }

    /// <summary>
    /// No number was given to two holders (a released one rests longer than the run); one request is one lease; repeats find what is
    /// there; and there is no lease that nobody was told of. Clients have stopped.
    /// </summary>
    public async Task CheckBooksAsync(IReadOnlyList<Holding> holdings)
    {
        var leases = holdings.GroupBy(holding => holding.Lease!.LeaseId).ToDictionary(group => group.Key, group => group.ToList());
        var numbers = leases.Select(lease => (lease.Key, lease.Value[0].Lease!.VirtualNumber)).ToList();
        var released = leases.Count(lease => lease.Value[0].Released);
        Assert.That(numbers.Select(lease => lease.VirtualNumber), Is.Unique, "No number has two holders.");
        Assert.That(holdings.Select(holding => (holding.Waybill, holding.Lease!.LeaseId)).Distinct().Select(pair => pair.Waybill), Is.Unique, "One lease for one delivery.");

        var counts = (await service.Ops.GetStatsAsync(Requests.GetStats())).Counts;
        Assert.That((counts.LeasedCount, counts.AgingCount), Is.EqualTo(((long)leases.Count - released, (long)released)), "No lease that nobody was told of.");

        var wrong = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(holdings.Where(holding => !holding.Released), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (holding, _) =>
        {
            var repeat = await client.AnsweredAsync(
                service.Leases.CreateLeaseAsync, Requests.CreateLease(holding.Waybill, holding.RealNumber, requestId: holding.RequestId));
            if (repeat.Lease.LeaseId != holding.Lease!.LeaseId || !repeat.Existing)
                wrong.Enqueue($"{holding.Waybill}: a repeat made another lease.");
            var route = await client.AnsweredAsync(service.Routing.ResolveAsync, Requests.Resolve(holding.Lease.VirtualNumber));
            if ((route.LeaseId, route.ConnectNumber) != (holding.Lease.LeaseId, holding.RealNumber))
                wrong.Enqueue($"{holding.Waybill}: calls do not reach its holder.");
            if (holding.Reported is { } report
                && (await client.AnsweredAsync(service.Leases.ReportDeliveryStatusAsync, report)).Outcome != ReportOutcome.Repeated)
            {
                wrong.Enqueue($"{holding.Waybill}: its ledger does not know the report.");
            }
        });
        Assert.That(wrong, Is.Empty);
    }

    private async Task<Lease?> FindAsync(string leaseId)
    {
        try
        {
            return (await client.AnsweredAsync(service.Leases.GetLeaseAsync, Requests.GetLease(leaseId))).Lease;
        }
        catch (RpcException fault) when (fault.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Instants are whole milliseconds in the service.</summary>
    private static DateTimeOffset Milliseconds(ReportDeliveryStatusRequest report) =>
        DateTimeOffset.FromUnixTimeMilliseconds(report.EventTime.ToDateTimeOffset().ToUnixTimeMilliseconds());
}
