using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using StackExchange.Redis;
using VirtualNumber.Load;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Redis;
using VirtualNumber.Tests.Sealing;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Faults;

/// <summary>The shard that every instance asks each second goes away, and no replica takes its place.</summary>
[TestFixture]
internal sealed class ShardAwayTests
{
    private DirectoryInfo _folder = null!;
    private RedisCluster _cluster = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _folder = Directory.CreateTempSubdirectory("virtualnumber-shard-");
        _cluster = await RedisCluster.StartAsync("--cluster-node-timeout", "60000", "--appendfsync", "everysec");
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Test]
    public async Task An_instance_serves_what_the_other_shards_hold([Values("KILL", "STOP")] string signal)
    {
        using var connection = await _cluster.ConnectAsync();
        var masters = await RedisCluster.MastersOfAsync(connection);
        var asked = MasterOf(connection, masters, Keys.KeyRing);
        Assert.That(asked, Is.SameAs(MasterOf(connection, masters, Keys.Registry)), "What news come from goes as well.");
        await using var service = await ServiceProcess.StartAsync(ServiceOnRedis.SettingsOf(_cluster.Configuration, _folder));
        using var readiness = new Readiness(service);
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        var ops = new OpsService.OpsServiceClient(channel);
        var leases = new LeaseService.LeaseServiceClient(channel);
        var numbers = new List<string>();
        for (var i = 10; i < 22; i++)
        {
            await ops.CreatePoolAsync(Requests.CreatePool($"pool-{i}"));
            await ops.AddNumbersAsync(Requests.AddBlocks($"pool-{i}", $"1621001{i}"));
            var request = Requests.CreateLease($"SF{i:d8}");
            request.PoolId = $"pool-{i}";
            numbers.Add((await leases.CreateLeaseAsync(request)).Lease.VirtualNumber);
        }

        await readiness.UntilSoundAsync();

        var before = service.Output.Length;
        await _cluster.SignalAsync(asked.EndPoint, signal);
        await readiness.UntilAsync(HttpStatusCode.OK, $"A part of the cluster is away: {asked.EndPoint}.");
        var routing = new RoutingService.RoutingServiceClient(channel);
        var outcomes = new List<string>();
        foreach (var number in numbers)
            outcomes.Add(await TryResolveAsync(routing, number));
        Assert.That(outcomes, Does.Contain("Connect"), "What the others hold.");
        Assert.That(outcomes, Has.Some.Contains("store"), "What it holds.");
        await ToldAsync(service, before, $"A part of the cluster is away: {asked.EndPoint}.");

        // Without a majority a cluster serves nothing, and nobody would be served by saying otherwise.
        var second = masters.First(master => master != asked);
        await _cluster.SignalAsync(second.EndPoint, signal);
        await readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, "the store is away");

        await MendAsync(signal, asked.EndPoint, second.EndPoint);
        await readiness.UntilSoundAsync();
    }

    [Test]
    public async Task A_frozen_shard_that_no_check_asks_is_told_of_too()
    {
        using var connection = await _cluster.ConnectAsync();
        var masters = await RedisCluster.MastersOfAsync(connection);
        var other = masters.First(master => master != MasterOf(connection, masters, Keys.KeyRing));
        await using var service = await ServiceProcess.StartAsync(ServiceOnRedis.SettingsOf(_cluster.Configuration, _folder));
        using var readiness = new Readiness(service);

        await _cluster.SignalAsync(other.EndPoint, "STOP");
        await readiness.UntilAsync(HttpStatusCode.OK, $"A part of the cluster is away: {other.EndPoint}.");
        await _cluster.SignalAsync(other.EndPoint, "CONT");
        await readiness.UntilSoundAsync();
    }

    /// <summary>What the other shards tell counts: an instance that must not work is barred also while this one cannot be asked.</summary>
    [Test]
    public async Task A_clock_that_is_off_bars_the_instance_also_while_that_shard_is_away()
    {
        using var connection = await _cluster.ConnectAsync();
        var masters = await RedisCluster.MastersOfAsync(connection);
        var asked = MasterOf(connection, masters, Keys.KeyRing);
        var clock = new ShiftedClock();
        var calls = new RedisCalls(connection, new RedisOptions(), TimeProvider.System);
        var check = new RedisCheck(calls, TestRing.One(), new ProtocolBounds(), clock, majority: new ClusterMajority(connection));
        Assert.That(await check.RunAsync(CancellationToken.None), Is.Empty);

        await _cluster.KillAsync(asked.EndPoint);
        clock.Ahead = TimeSpan.FromMinutes(1);
        Assert.That(await CheckUntilAsync(barred: true), Is.EqualTo(new[] { StoreFindingKind.ClockOff, StoreFindingKind.ShardAway }));
        clock.Ahead = TimeSpan.Zero;
        Assert.That(await CheckUntilAsync(barred: false), Is.EqualTo(new[] { StoreFindingKind.ShardAway }), "What readiness says and what calls meet is one.");

        // The time is asked of any master: of the dead one too, until the client knows.
        async Task<IEnumerable<StoreFindingKind>> CheckUntilAsync(bool barred)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            while (true)
            {
                await timer.WaitForNextTickAsync(limit.Token);
                try
                {
                    var found = await check.RunAsync(limit.Token);
                    Assert.That(found.Any(finding => finding.Bars), Is.EqualTo(calls.Barred is not null));
                    if (barred == calls.Barred is not null)
                        return found.Select(finding => finding.Kind);
                }
                catch (StoreUnavailableException)
                {
                    // The master dies between two questions.
                }
            }
        }
    }

    /// <summary>Ends when the log has the words: it is written behind what it tells of.</summary>
    private static async Task ToldAsync(ServiceProcess service, int from, string words)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        while (!service.Output[from..].Contains(words, StringComparison.Ordinal))
            await timer.WaitForNextTickAsync(limit.Token);
    }

    private static IServer MasterOf(ConnectionMultiplexer connection, IReadOnlyList<IServer> masters, RedisKey key) =>
        masters.Single(master => master.ClusterConfiguration!.GetBySlot(connection.HashSlot(key))!.EndPoint!.Equals(master.EndPoint));

    private async Task MendAsync(string signal, params EndPoint[] nodes)
    {
        if (signal == "KILL")
        {
            await _cluster.RestartAsync();
            return;
        }

        foreach (var node in nodes)
            await _cluster.SignalAsync(node, "CONT");
    }

    private static async Task<string> TryResolveAsync(RoutingService.RoutingServiceClient routing, string number)
    {
        try
        {
            var answer = await routing.ResolveAsync(Requests.Resolve(number), deadline: TimeProvider.System.GetUtcNow().AddSeconds(5).UtcDateTime);
            return $"{answer.Action}";
        }
        catch (RpcException fault) when (fault.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            return fault.Status.Detail;
        }
    }
}
