using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>A service per test, with a pool of 100 numbers that rest for 7 days.</summary>
public abstract class ApiTests
{
    private protected static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private protected TestService Service { get; private set; } = null!;

    private protected LeaseService.LeaseServiceClient Leases => Service.Leases;

    private protected OpsService.OpsServiceClient Ops => Service.Ops;

    private protected RoutingService.RoutingServiceClient Routing => Service.Routing;

    private protected DateTimeOffset Now => Service.Time.Now;

    [SetUp]
    public async Task StartAsync()
    {
        Service = await StartServiceAsync();
        await StockAsync(Requests.PoolId, Requests.Block);
    }

    [TearDown]
    public async Task StopAsync() => await Service.DisposeAsync();

    private protected virtual Task<TestService> StartServiceAsync() => TestService.StartAsync();

    private protected async Task StockAsync(string poolId, params string[] blocks)
    {
        await Ops.CreatePoolAsync(Requests.CreatePool(poolId));
        await Ops.AddNumbersAsync(Requests.AddBlocks(poolId, blocks));
    }

    /// <summary>A pool of another mode than the first one's.</summary>
    private protected async Task StockAsync(Pool pool, params string[] blocks)
    {
        await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool });
        await Ops.AddNumbersAsync(Requests.AddBlocks(pool.PoolId, blocks));
    }

    private protected async Task<Lease> LeaseAsync(CreateLeaseRequest? request = null) =>
        (await Leases.CreateLeaseAsync(request ?? Requests.CreateLease())).Lease;

    private protected async Task<NumberCounts> CountAsync(string poolId = Requests.PoolId) =>
        (await Ops.GetStatsAsync(Requests.GetStats(poolId))).Counts;

    private protected async Task<ResolveResponse> ResolveAsync(string called, string caller = Requests.Caller) =>
        await Routing.ResolveAsync(Requests.Resolve(called, caller));

    /// <summary>Tidies up all that is due.</summary>
    private protected async Task ReclaimAsync()
    {
        while (await Service.GetHosted<VirtualNumber.Protocol.Reclaimer>().RunCycleAsync(CancellationToken.None))
        {
            // One cycle after the other until nothing is left.
        }
    }

    private protected static NumberCounts Counts(
        long available = 0, long leased = 0, long aging = 0, long suspended = 0, long retired = 0, long draining = 0, long faulty = 0) => new()
        {
            StockedCount = available + leased + aging + suspended + retired + faulty,
            AvailableCount = available,
            LeasedCount = leased,
            AgingCount = aging,
            SuspendedCount = suspended,
            RetiredCount = retired,
            DrainingCount = draining,
            FaultyCount = faulty,
        };
}
