using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Load.Calls;

namespace VirtualNumber.Load.Replay;

/// <summary>A running service, over gRPC.</summary>
/// <param name="invoker">The way to it.</param>
/// <param name="run">Keeps the pools and deliveries of several replays against one service apart.</param>
internal sealed class WireTarget(CallInvoker invoker, string run) : IReplayTarget
{
    private const int MostPerRequest = 100;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private readonly V1.LeaseService.LeaseServiceClient _leases = new(invoker);
    private readonly V1.RoutingService.RoutingServiceClient _routing = new(invoker);
    private readonly V1.OpsService.OpsServiceClient _ops = new(invoker);
    private long _calls;

    public async Task StockAsync(ReplayPool pool, ReplayNumbers numbers, TimeSpan aging)
    {
        var wanted = new V1.Pool
        {
            PoolId = IdOf(pool),
            Mode = V1.PoolMode.Direct,
            BlockDigits = numbers.BlockDigits,
            Aging = Duration.FromTimeSpan(aging),
        };
        await DoAsync(_ops.CreatePoolAsync(new() { TenantId = ReplayPolicy.TenantId, Pool = wanted }, Options()));
        var added = 0;
        foreach (var blocks in numbers.Blocks.Chunk(MostPerRequest))
            added += await AddAsync(new() { Blocks = { blocks } });
        foreach (var singles in numbers.Numbers.Chunk(MostPerRequest))
            added += await AddAsync(new() { Numbers = { singles } });
        if (added != numbers.Count)
            throw new InvalidOperationException($"{added} of {numbers.Count} numbers were added to {wanted.PoolId}; another seed may have other numbers.");

        async Task<int> AddAsync(V1.AddNumbersRequest request)
        {
            (request.TenantId, request.PoolId) = (ReplayPolicy.TenantId, wanted.PoolId);
            return (await DoAsync(_ops.AddNumbersAsync(request, Options()))).AddedCount;
        }
    }

    public async Task<SeenCreation> LeaseAsync(ParcelPlan plan)
    {
        var request = new V1.CreateLeaseRequest
        {
            TenantId = ReplayPolicy.TenantId,
            RequestId = "lease",
            PoolId = IdOf(plan.Pool),
            Delivery = DeliveryOf(plan),
            Role = V1.DeliveryRole.Recipient,
            RealNumber = plan.RealNumber,
        };
        try
        {
            var response = await _leases.CreateLeaseAsync(request, Options());
            return new(CreateLeaseOutcome.Leased, See(response.Lease), response.Existing);
        }
        catch (RpcException exception)
        {
            return new(OutcomeOf(exception), null, false);
        }
    }

    public async Task<SeenReport> ReportAsync(ParcelPlan plan, ParcelEvent e)
    {
        var request = new V1.ReportDeliveryStatusRequest
        {
            TenantId = ReplayPolicy.TenantId,
            Delivery = DeliveryOf(plan),
            Status = (V1.DeliveryStatus)e.Status,
            EventTime = e.Time.ToTimestamp(),
        };
        var response = await DoAsync(_leases.ReportDeliveryStatusAsync(request, Options()));
        var outcome = response.Outcome switch
        {
            V1.ReportOutcome.Applied => ReportOutcome.Applied,
            V1.ReportOutcome.Repeated => ReportOutcome.Repeated,
            V1.ReportOutcome.Older => ReportOutcome.Older,
            _ => ReportOutcome.AfterTerminal,
        };
        return new(outcome, (DeliveryStatus)response.Status, response.EventTime.ToDateTimeOffset(), [.. response.Leases.Select(See)]);
    }

    public Task<SeenLease?> ReleaseAsync(string leaseId) => FindAsync(async () =>
        (await _leases.ReleaseLeaseAsync(new() { TenantId = ReplayPolicy.TenantId, LeaseId = leaseId }, Options())).Lease);

    public Task<SeenLease?> GetAsync(string leaseId) => FindAsync(async () =>
        (await _leases.GetLeaseAsync(new() { TenantId = ReplayPolicy.TenantId, LeaseId = leaseId }, Options())).Lease);

    public async Task<SeenRoute> ResolveAsync(string number)
    {
        var request = new V1.ResolveRequest
        {
            GatewayId = ReplayPolicy.GatewayId,
            CallId = $"{run}-{Interlocked.Increment(ref _calls)}",
            CalledNumber = number,
            CallerNumber = "+9990000000000",
        };
        var response = await DoAsync(_routing.ResolveAsync(request, Options()));
        return response.Action == V1.RoutingAction.Connect ? new(response.ConnectNumber, response.LeaseId) : new(null, null);
    }

    public async Task<SeenCounts> CountAsync(ReplayPool pool)
    {
        var request = new V1.GetStatsRequest { TenantId = ReplayPolicy.TenantId, PoolId = IdOf(pool), PageSize = 1 };
        var counts = (await DoAsync(_ops.GetStatsAsync(request, Options()))).Counts;
        return new(
            counts.StockedCount, counts.AvailableCount, counts.LeasedCount, counts.AgingCount, counts.SuspendedCount + counts.RetiredCount + counts.FaultyCount);
    }

    /// <summary>The service runs its own.</summary>
    public Task TidyAsync() => Task.CompletedTask;

    private static CreateLeaseOutcome OutcomeOf(RpcException exception) => ErrorText.ReasonOf(exception) switch
    {
        "NUMBERS_AGING" => CreateLeaseOutcome.NumbersAging,
        "POOL_EMPTY" => CreateLeaseOutcome.PoolEmpty,
        "DELIVERY_OVER" => CreateLeaseOutcome.DeliveryOver,
        "LEASE_ENDED" => CreateLeaseOutcome.LeaseEnded,
        "DELIVERY_ROLE_TAKEN" => CreateLeaseOutcome.RoleTaken,
        "REQUEST_ID_REUSED" => CreateLeaseOutcome.RequestIdReused,
        "CONTENDED" => CreateLeaseOutcome.Contended,
        _ => throw new ReplayCallException(ErrorText.Of(exception), exception),
    };

    private static async Task<SeenLease?> FindAsync(Func<Task<V1.Lease>> call)
    {
        try
        {
            return See(await call());
        }
        catch (RpcException exception)
        {
            return exception.StatusCode == StatusCode.NotFound ? null : throw new ReplayCallException(ErrorText.Of(exception), exception);
        }
    }

    private static async Task<T> DoAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            return await call;
        }
        catch (RpcException exception)
        {
            throw new ReplayCallException(ErrorText.Of(exception), exception);
        }
    }

    private static CallOptions Options() => new(deadline: (TimeProvider.System.GetUtcNow() + s_deadline).UtcDateTime);

    private static SeenLease See(V1.Lease lease) => new(
        lease.LeaseId,
        lease.VirtualNumber,
        lease.LeaseTime.ToDateTimeOffset(),
        (lease.EndTime ?? lease.ExpireTime).ToDateTimeOffset(),
        lease.State == V1.LeaseState.Live);

    private string IdOf(ReplayPool pool) => $"{(pool == ReplayPool.Mobile ? "mobile" : "protected")}-{run}";

    private V1.Delivery DeliveryOf(ParcelPlan plan) => new() { Carrier = plan.Carrier, WaybillNumber = $"{run}-{plan.Waybill}" };
}
