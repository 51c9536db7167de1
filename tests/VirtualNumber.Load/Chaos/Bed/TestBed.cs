using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>All that a run stands on: the network, the cluster, the instances and their pools.</summary>
internal sealed class TestBed : IAsyncDisposable
{
    public const string DirectPool = "direct";
    public const string ExtensionPool = "extension";
    public const string PairPool = "pair";

    private const string DirectPrefix = "17010010";
    private const int GrpcPort = 5080;

    private const int MostTries = 20;

    private static readonly TimeSpan s_betweenTries = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _folder;

    private TestBed(DirectoryInfo folder, Network network, RedisBed redis, IReadOnlyList<Instance> instances) =>
        (_folder, Network, Redis, Instances) = (folder, network, redis, instances);

    public Network Network { get; }

    public RedisBed Redis { get; }

    public IReadOnlyList<Instance> Instances { get; }

    /// <summary>How many direct blocks there are: the first ones of the registry.</summary>
    public int DirectBlocks { get; private set; }

    /// <summary>How many places the pools have, in the order direct, extension, pair.</summary>
    public IReadOnlyList<int> Stocked { get; private set; } = [];

    public static async Task<TestBed> StartAsync(ChaosPlan plan, ChaosRules rules, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-chaos-");
        Network? network = null;
        RedisBed? redis = null;
        var instances = new List<Instance>();
        try
        {
            network = Namespaces.IsInside ? await NamespaceNetwork.StartAsync() : new ProxyNetwork();
            redis = await RedisBed.StartAsync(network, folder.FullName, plan.Level, cancellation);
            var settings = SettingsOf(plan, rules, folder, redis);
            for (var i = 0; i < plan.Instances; i++)
            {
                var ports = Namespaces.IsInside ? (GrpcPort, GrpcPort + 1) : ServiceProcess.FindFreePorts();
                var instance = new Instance(await network.AddHostAsync($"instance{i}"), i, ports, settings);
                instances.Add(instance);
                instance.Start();
            }

            foreach (var instance in instances)
                await instance.UntilReadyAsync(cancellation);
            var bed = new TestBed(folder, network, redis, instances);
            try
            {
                await bed.StockAsync(plan, rules);
            }
            catch (RpcException fault)
            {
                throw new InvalidOperationException($"The pools could not be stocked. {instances[0].Host.Name} says: {instances[0].Output}", fault);
            }

            return bed;
        }
        catch
        {
            await DisposeAsync(folder, network, redis, instances);
            throw;
        }
    }

    /// <summary>The block of a direct number, from 1; null: of another pool.</summary>
    public static uint? BlockOf(string number) =>
        number.StartsWith(DirectPrefix, StringComparison.Ordinal) ? (uint)(number[DirectPrefix.Length] - '0') + 1 : null;

    public ValueTask DisposeAsync() => DisposeAsync(_folder, Network, Redis, Instances);

    private static Dictionary<string, string> SettingsOf(ChaosPlan plan, ChaosRules rules, DirectoryInfo folder, RedisBed redis)
    {
        var keyRing = Path.Combine(folder.FullName, "vn-keys.json");
        using (var ring = KeyRing.Create(TimeProvider.System.GetUtcNow()))
            KeyRingFile.Save(ring, keyRing);
        var settings = rules.ToSettings(plan.Plant == Plant.NoAging);
        settings["Redis:Configuration"] = redis.Configuration;
        settings["Sealing:KeyRing"] = keyRing;
        settings["Redis:Durability"] = plan.Level;
        return settings;
    }

    /// <summary>Few numbers, so that slots come round again as soon as they have rested.</summary>
    private async Task StockAsync(ChaosPlan plan, ChaosRules rules)
    {
        var ops = Instances[0].Ops;
        var aging = Duration.FromTimeSpan(plan.Plant == Plant.NoAging ? ChaosRules.PlantedAging : rules.Aging);
        DirectBlocks = plan.DirectBlocks;
        await CreateAsync(new() { PoolId = DirectPool, Mode = V1.PoolMode.Direct, BlockDigits = 2, Aging = aging });
        await CreateAsync(new() { PoolId = ExtensionPool, Mode = V1.PoolMode.Extension, BlockDigits = 2, Aging = aging, ExtensionLength = 2, Density = 20 });
        await CreateAsync(new() { PoolId = PairPool, Mode = V1.PoolMode.Pair, BlockDigits = 2, Aging = aging, Density = 20 });
        Stocked =
        [
            await AddAsync(DirectPool, [.. Enumerable.Range(0, DirectBlocks).Select(block => $"{DirectPrefix}{block}")], []),
            20 * await AddAsync(ExtensionPool, [], [.. Enumerable.Range(0, plan.DirectBlocks * 2).Select(number => $"1702001{number:d4}")]),
            20 * await AddAsync(PairPool, ["170300100", "170300101"], []),
        ];

        Task CreateAsync(V1.Pool pool) => RepeatAsync(async () =>
            await ops.CreatePoolAsync(new() { TenantId = ChaosRules.TenantId, Pool = pool }, deadline: Deadline));

        Task<int> AddAsync(string pool, string[] blocks, string[] numbers) => RepeatAsync(async () =>
        {
            var added = await ops.AddNumbersAsync(
                new() { TenantId = ChaosRules.TenantId, PoolId = pool, Blocks = { blocks }, Numbers = { numbers } }, deadline: Deadline);
            return added.AddedCount + added.PresentCount;
        });
    }

    /// <summary>A store that has just been started may have this and that to arrange yet; both calls may be repeated.</summary>
    private static async Task<T> RepeatAsync<T>(Func<Task<T>> call)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await call();
            }
            catch (RpcException fault) when (fault.StatusCode == StatusCode.Unavailable && tries < MostTries)
            {
                await Task.Delay(s_betweenTries, TimeProvider.System);
            }
        }
    }

    private static DateTime Deadline => (TimeProvider.System.GetUtcNow() + s_deadline).UtcDateTime;

    private static async ValueTask DisposeAsync(DirectoryInfo folder, Network? network, RedisBed? redis, IReadOnlyList<Instance> instances)
    {
        foreach (var instance in instances)
            await instance.DisposeAsync();
        if (redis is not null)
            await redis.DisposeAsync();
        if (network is not null)
            await network.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
