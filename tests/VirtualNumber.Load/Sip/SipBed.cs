using Grpc.Net.Client;
using VirtualNumber.Load.Chaos.Bed;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Sip;

/// <summary>
/// All that a call needs, on loopback: a Redis with the service's data, the service, and the Redis in which a gateway keeps what it hides.
/// Pools of all three modes are stocked.
/// </summary>
internal sealed class SipBed : IAsyncDisposable
{
    public const string Tenant = "sip";
    public const string Gateway = "sip-gateway";

    /// <summary>The pools, and the blocks that they have: numbers 16210010000, 16210020000 and 16210030000 onwards.</summary>
    public const string Direct = "direct";
    public const string Extension = "extension";
    public const string Pair = "pair";

    private static readonly (string Id, PoolMode Mode, string Block)[] s_pools =
        [(Direct, PoolMode.Direct, "162100100"), (Extension, PoolMode.Extension, "162100200"), (Pair, PoolMode.Pair, "162100300")];

    private readonly DirectoryInfo _folder;
    private readonly SingleRedis _store;
    private readonly SingleRedis _hiding;
    private readonly GrpcChannel _channel;
    private int _deliveries;

    private SipBed(DirectoryInfo folder, SingleRedis store, SingleRedis hiding, ServiceProcess service)
    {
        (_folder, _store, _hiding, Service) = (folder, store, hiding, service);
        _channel = GrpcChannel.ForAddress(service.GrpcAddress);
        Leases = new LeaseService.LeaseServiceClient(_channel);
        Ops = new OpsService.OpsServiceClient(_channel);
    }

    public ServiceProcess Service { get; }

    public LeaseService.LeaseServiceClient Leases { get; }

    public OpsService.OpsServiceClient Ops { get; }

    /// <summary>The port of the Redis in which the gateway keeps what it hides.</summary>
    public int HidingPort => _hiding.Port;

    /// <summary>The processor time used so far by the service, by its Redis, and by the gateway's.</summary>
    public (TimeSpan Service, TimeSpan Store, TimeSpan Hiding) ProcessorTimes => (Service.Process.ProcessorTime, _store.ProcessorTime, _hiding.ProcessorTime);

    public static async Task<SipBed> StartAsync(params IEnumerable<(string Key, string Value)> settings)
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-sip-");
        var store = await SingleRedis.StartAsync(folder.CreateSubdirectory("store").FullName, "--appendfsync", "everysec");
        var hiding = await SingleRedis.StartAsync(folder.CreateSubdirectory("hiding").FullName, "--appendonly", "no", "--save", "");
        var keyRing = Path.Combine(folder.FullName, "vn-keys.json");
        using (var ring = KeyRing.Create(TimeProvider.System.GetUtcNow()))
            KeyRingFile.Save(ring, keyRing);
        var all = new Dictionary<string, string>
        {
            ["Tenants:0:Id"] = Tenant,
            ["Tenants:0:DefaultCountry"] = "86",
            ["Gateways:0:Id"] = Gateway,
            ["Gateways:0:DefaultCountry"] = "86",
            ["Redis:Configuration"] = $"127.0.0.1:{store.Port},allowAdmin=true",
            ["Redis:Durability"] = "Everysec",
            ["Sealing:KeyRing"] = keyRing,
            ["Logging:LogLevel:Default"] = "Warning",
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        var bed = new SipBed(folder, store, hiding, await ServiceProcess.StartAsync(all));
        foreach (var (id, mode, block) in s_pools)
        {
            await bed.Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = Tenant, Pool = new Pool { PoolId = id, Mode = mode, BlockDigits = 2 } });
            await bed.Ops.AddNumbersAsync(new AddNumbersRequest { TenantId = Tenant, PoolId = id, Blocks = { block } });
        }

        return bed;
    }

    /// <summary>Leases a number for somebody.</summary>
    /// <param name="pool">One of the pools above.</param>
    /// <param name="real">His number.</param>
    /// <param name="peer">The other person of a pair.</param>
    public async Task<Lease> LeaseAsync(string pool, string real, string peer = "")
    {
        var delivery = new Delivery { Carrier = "SF", WaybillNumber = $"SIP{Interlocked.Increment(ref _deliveries)}" };
        var request = new CreateLeaseRequest
        {
            TenantId = Tenant,
            PoolId = pool,
            Delivery = delivery,
            Role = DeliveryRole.Recipient,
            RealNumber = real,
            PeerNumber = peer,
        };
        return (await Leases.CreateLeaseAsync(request)).Lease;
    }

    /// <summary>Ends a lease.</summary>
    public async Task ReleaseAsync(Lease lease) =>
        await Leases.ReleaseLeaseAsync(new ReleaseLeaseRequest { TenantId = Tenant, LeaseId = lease.LeaseId });

    /// <summary>Starts a gateway before the service, or before something else that answers in its place.</summary>
    /// <param name="nextHopPort">The port of <see cref="SipPlaces.NextHop"/> that calls go to.</param>
    /// <param name="service">Whom it asks; null: the service.</param>
    /// <param name="settings">On top of the usual ones.</param>
    /// <param name="peers">Lines of <c>peers.list</c>; null: who may call, and that next hop.</param>
    /// <param name="defines">On the command line.</param>
    public Task<KamailioProcess> StartGatewayAsync(
        int nextHopPort, Uri? service = null, IReadOnlyDictionary<string, string>? settings = null, IReadOnlyList<string>? peers = null,
        params IReadOnlyList<string> defines)
    {
        var address = (service ?? Service.HttpAddress).ToString().TrimEnd('/');
        var all = new Dictionary<string, string>
        {
            ["VN_SERVICE"] = address,
            ["VN_OTHER_SERVICE"] = address,
            ["VN_GATEWAY_ID"] = Gateway,
            ["VN_HIDING_REDIS"] = $"addr=127.0.0.1;port={HidingPort};db=0",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            all[name] = value;
        return KamailioProcess.StartAsync(all, peers ?? [$"1 sip:{SipPlaces.Callers}:5060", $"2 sip:{SipPlaces.NextHop}:{nextHopPort}"], defines);
    }

    /// <summary>Writes into the Redis of the gateway which number stands for which, for a gateway that looks there by itself.</summary>
    public async Task WriteNumbersAsync(IEnumerable<(string Virtual, string Real)> numbers)
    {
        using var connection = await RedisConnection.ConnectAsync($"127.0.0.1:{HidingPort}");
        foreach (var (number, real) in numbers)
            await connection.GetDatabase().HashSetAsync("numbers", number, real);
        await connection.CloseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await Service.DisposeAsync();
        await _hiding.DisposeAsync();
        await _store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>A redis-server on a free port, with <c>deploy/redis/redis.conf</c> and options that outdo it.</summary>
    private sealed class SingleRedis : IAsyncDisposable
    {
        private const string Ready = "Ready to accept connections";

        private static readonly TimeSpan s_readyWithin = TimeSpan.FromSeconds(20);
        private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(20);

        private readonly ChildProcess _process;

        private SingleRedis(ChildProcess process, int port) => (_process, Port) = (process, port);

        public int Port { get; }

        public TimeSpan ProcessorTime => _process.ProcessorTime;

        public static async Task<SingleRedis> StartAsync(string folder, params string[] options)
        {
            var (port, _) = ServiceProcess.FindFreePorts();
            var configuration = RepositoryFiles.Find("deploy", "redis", "redis.conf") ?? throw new InvalidOperationException("deploy/redis/redis.conf is missing.");
            var redis = new SingleRedis(
                ChildProcess.StartProgram(["redis-server", configuration, "--port", $"{port}", "--dir", folder, .. options], [], folder), port);
            using var deadline = new CancellationTokenSource(s_readyWithin);
            using var timer = new PeriodicTimer(s_lookEvery);
            while (!redis._process.Output.Contains(Ready, StringComparison.Ordinal))
            {
                if (redis._process.HasExited)
                    throw new InvalidOperationException($"redis-server ended: {redis._process.Output}");
                await timer.WaitForNextTickAsync(deadline.Token);
            }

            return redis;
        }

        public ValueTask DisposeAsync() => _process.DisposeAsync();
    }
}
