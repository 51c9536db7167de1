using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Fuzz;

/// <summary>
/// What valid requests name: pools of all three modes, leases, page tokens. Made in the same order each time, so that an input names the
/// same things in every run, though their ids differ.
/// </summary>
internal sealed class FuzzStock
{
    public const string Tenant = "fuzz";
    public const string Gateway = "fuzz-gateway";

    private const int LeasesPerPool = 60;

    private static readonly (string Id, PoolMode Mode, string Block)[] s_pools =
    [
        ("direct", PoolMode.Direct, "1621001"), ("extension", PoolMode.Extension, "162100200"), ("pair", PoolMode.Pair, "162100300"),
        ("spare", PoolMode.Direct, "162100400"),
    ];

    private readonly List<Lease> _leases = [];
    private readonly List<string> _tokens = [""];

    private FuzzStock(GrpcChannel channel) => Channel = channel;

    /// <summary>The settings of a service that is fuzzed.</summary>
    public static Dictionary<string, string> Settings => new()
    {
        ["Tenants:0:Id"] = Tenant,
        ["Gateways:0:Id"] = Gateway,
        ["RealNumbers:AllowedCountries:0"] = "86",
        ["RealNumbers:AllowedCountries:1"] = "999",
        // Within the run's patience: what is neither a deadline nor refused as one waits for these.
        ["Overload:LongestCall"] = "00:00:10",
        ["Overload:StreamTime"] = "00:00:01",
        // What a refused caller brought is no business of the log; what the service did wrong is.
        ["Logging:LogLevel:Default"] = "Error",
    };

    public static IReadOnlyList<string> Pools { get; } = [.. s_pools.Select(pool => pool.Id)];

    public static IReadOnlyList<string> Blocks { get; } = [.. s_pools.Select(pool => pool.Block)];

    public GrpcChannel Channel { get; }

    public IReadOnlyList<Lease> Leases => _leases;

    public IReadOnlyList<string> Tokens => _tokens;

    public static Delivery DeliveryOf(int number) => new() { Carrier = "SF", WaybillNumber = $"FZ{number}" };

    public static string RealNumberOf(int number) => $"+999{10_000_000 + number}";

    /// <summary>Stocks the service.</summary>
    public static async Task<FuzzStock> CreateAsync(GrpcChannel channel)
    {
        var stock = new FuzzStock(channel);
        var ops = new OpsService.OpsServiceClient(channel);
        var leases = new LeaseService.LeaseServiceClient(channel);
        foreach (var (id, mode, block) in s_pools)
        {
            var pool = new Pool { PoolId = id, Mode = mode, BlockDigits = 11 - block.Length };
            await ops.CreatePoolAsync(new CreatePoolRequest { TenantId = Tenant, Pool = pool });
            await ops.AddNumbersAsync(new AddNumbersRequest { TenantId = Tenant, PoolId = id, Blocks = { block }, AreaCode = "310100" });
        }

        for (var i = 0; i < 3 * LeasesPerPool; i++)
        {
            var request = new CreateLeaseRequest
            {
                TenantId = Tenant,
                RequestId = $"stock-{i}",
                PoolId = Pools[i % 3],
                Delivery = new Delivery { Carrier = "SF", WaybillNumber = $"ST{i}" },
                Role = DeliveryRole.Recipient,
                RealNumber = RealNumberOf(i),
                PeerNumber = i % 3 == 2 ? RealNumberOf(100_000 + i) : "",
            };
            stock._leases.Add((await leases.CreateLeaseAsync(request)).Lease);
        }

        stock._tokens.Add((await ops.ListPoolsAsync(new ListPoolsRequest { TenantId = Tenant, PageSize = 1 })).NextPageToken);
        foreach (var pool in Pools.Take(3))
            stock._tokens.Add((await ops.ListLeasesAsync(new ListLeasesRequest { TenantId = Tenant, PoolId = pool, PageSize = 5 })).NextPageToken);
        return stock;
    }

    /// <summary>Whether the service still does its work: leases, connects, releases; what it should have answered where it does not.</summary>
    public async Task<string?> CheckAsync()
    {
        var ops = new OpsService.OpsServiceClient(Channel);
        var leases = new LeaseService.LeaseServiceClient(Channel);
        var routing = new RoutingService.RoutingServiceClient(Channel);
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(10);
        try
        {
            await ops.CreatePoolAsync(new CreatePoolRequest { TenantId = Tenant, Pool = new Pool { PoolId = "after", BlockDigits = 2 } }, deadline: deadline);
            await ops.AddNumbersAsync(new AddNumbersRequest { TenantId = Tenant, PoolId = "after", Blocks = { "162100999" } }, deadline: deadline);
            var request = new CreateLeaseRequest
            {
                TenantId = Tenant,
                PoolId = "after",
                Delivery = DeliveryOf(-1),
                Role = DeliveryRole.Recipient,
                RealNumber = RealNumberOf(7),
                ExpireTime = TimeProvider.System.GetUtcNow().AddDays(1).ToTimestamp(),
            };
            var lease = (await leases.CreateLeaseAsync(request, deadline: deadline)).Lease;
            var look = new ResolveRequest
            {
                GatewayId = Gateway,
                CallId = "after",
                CalledNumber = lease.VirtualNumber,
                CallerNumber = RealNumberOf(8),
                CallKind = CallKind.Voice,
            };
            var route = await routing.ResolveAsync(look, deadline: deadline);
            if (route.Action != RoutingAction.Connect || !route.ConnectNumber.ToString().Contains("10000007", StringComparison.Ordinal))
                return $"A look-up after the run was answered {route.Action}.";
            await leases.ReleaseLeaseAsync(new ReleaseLeaseRequest { TenantId = Tenant, LeaseId = lease.LeaseId }, deadline: deadline);
            route = await routing.ResolveAsync(look, deadline: deadline);
            return route.Action == RoutingAction.Reject ? null : $"A look-up after the release was answered {route.Action}.";
        }
        catch (RpcException failure)
        {
            return $"A valid call after the run failed: {failure.Status}";
        }
    }
}
