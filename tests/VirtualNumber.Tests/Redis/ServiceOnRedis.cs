using System.Diagnostics;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using VirtualNumber.Load;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Redis;

/// <summary>
/// The service as a process of its own, on a Redis and with a key ring of its own, and a pool of ten thousand numbers.
/// </summary>
internal sealed class ServiceOnRedis : IAsyncDisposable
{
    private const string PoolId = Requests.PoolId;

    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder;
    private readonly GrpcChannel _channel;

    private ServiceOnRedis(RedisServer redis, ServiceProcess service, DirectoryInfo folder, IReadOnlyDictionary<string, string> settings)
    {
        (Redis, Service, _folder, Settings) = (redis, service, folder, settings);
        _channel = GrpcChannel.ForAddress(service.GrpcAddress);
        Leases = new LeaseService.LeaseServiceClient(_channel);
        Routing = new RoutingService.RoutingServiceClient(_channel);
        Ops = new OpsService.OpsServiceClient(_channel);
        Health = new Health.HealthClient(_channel);
    }

    /// <summary>Its Redis.</summary>
    public RedisServer Redis { get; }

    /// <summary>What it was started with: a process started with the same is another instance of the service.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>The process.</summary>
    public ServiceProcess Service { get; }

    public LeaseService.LeaseServiceClient Leases { get; }

    public RoutingService.RoutingServiceClient Routing { get; }

    public OpsService.OpsServiceClient Ops { get; }

    public Health.HealthClient Health { get; }

    /// <summary>Starts both, and waits until the service is ready.</summary>
    /// <param name="redisOptions">On top of redis.conf.</param>
    public static async Task<ServiceOnRedis> StartAsync(params string[] redisOptions) => await StartAsync(await RedisServer.StartAsync(redisOptions), []);

    /// <summary>Starts the service on a Redis, which is its own from here on.</summary>
    /// <param name="redis">The Redis.</param>
    /// <param name="settings">On top of the tenant, the gateway and the store.</param>
    public static async Task<ServiceOnRedis> StartAsync(RedisServer redis, params IEnumerable<(string Key, string Value)> settings)
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-service-");
        var all = SettingsOf(redis.Configuration, folder);
        foreach (var (key, value) in settings)
            all[key] = value;
        return new(redis, await ServiceProcess.StartAsync(all), folder, all);
    }

    /// <summary>What the service is started with, but for its ports: a tenant, a gateway, a store, and a key ring that is made for it.</summary>
    /// <param name="redis">The store.</param>
    /// <param name="folder">Where the key ring goes.</param>
    public static Dictionary<string, string> SettingsOf(string redis, DirectoryInfo folder)
    {
        var keyRing = Path.Combine(folder.FullName, "vn-keys.json");
        using (var ring = KeyRing.Create(TimeProvider.System.GetUtcNow()))
            KeyRingFile.Save(ring, keyRing);
        return new()
        {
            ["Tenants:0:Id"] = TestService.Alpha,
            ["Gateways:0:Id"] = TestService.Gateway,
            ["RealNumbers:AllowedCountries:0"] = "86",
            ["RealNumbers:AllowedCountries:1"] = "999",
            ["Redis:Configuration"] = redis,
            // As the servers of the tests are set up unless a test says more.
            ["Redis:Durability"] = "Everysec",
            ["Sealing:KeyRing"] = keyRing,
        };
    }

    /// <summary>Makes the pool and stocks it with ten thousand numbers.</summary>
    public async Task StockAsync()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool(PoolId, blockDigits: 4));
        await Ops.AddNumbersAsync(Requests.AddBlocks(PoolId, "1621001"));
    }

    /// <summary>Asks until the service answers a look-up from its store; answers how long that took.</summary>
    /// <exception cref="TimeoutException">It never did.</exception>
    public async Task<TimeSpan> UntilAnsweringAsync()
    {
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(s_askEvery);
        while (!await AnswersAsync())
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
                throw new TimeoutException($"The service has not come back within {s_patience}:{Environment.NewLine}{Service.Output}");
            await timer.WaitForNextTickAsync();
        }

        return Stopwatch.GetElapsedTime(start);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await Service.DisposeAsync();
        await Redis.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await Routing.ResolveAsync(Requests.Resolve("16210010000"), deadline: TimeProvider.System.GetUtcNow().AddSeconds(1).UtcDateTime);
            return true;
        }
        catch (RpcException fault) when (fault.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            return false;
        }
    }
}
