using System.Net;
using StackExchange.Redis;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Repository;
using VirtualNumber.Tests.Sealing;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>A Redis that keeps less than was declared bars the instance, by itself and until it is mended; and every file in deploy/redis keeps what it says.</summary>
[TestFixture]
public sealed class DurabilityCheckTests
{
    private static readonly string s_includes = Sources.At("deploy", "redis");

    private static CancellationToken None => CancellationToken.None;

    [TestCase(DurabilityLevel.Always, "appendfsync", "everysec", "always", "appendfsync everysec instead of always")]
    [TestCase(DurabilityLevel.Always, "appendfsync", "no", "always", "appendfsync no instead of always")]
    [TestCase(DurabilityLevel.Everysec, "appendfsync", "no", "everysec", "appendfsync no instead of everysec")]
    [TestCase(DurabilityLevel.Always, "appendonly", "no", "yes", "appendonly no instead of yes")]
    [TestCase(DurabilityLevel.Everysec, "appendonly", "no", "yes", "appendonly no instead of yes")]
    [TestCase(DurabilityLevel.Everysec, "maxmemory-policy", "allkeys-lru", "noeviction", "maxmemory-policy allkeys-lru instead of noeviction")]
    public async Task Less_than_declared_bars_the_instance_until_it_is_mended(
        object level, string setting, string less, string enough, string told)
    {
        await using var redis = await RedisServer.StartAsync("--appendfsync", "always", $"--{setting}", less);
        using var connection = await RedisConnection.ConnectAsync($"127.0.0.1:{redis.Port}");
        var (calls, check) = CheckOf(connection, (DurabilityLevel)level);

        var finding = (await check.RunAsync(None)).Single();
        Assert.That((finding.Kind, finding.Bars), Is.EqualTo((StoreFindingKind.DurabilityWeaker, true)));
        Assert.That(finding.Text, Does.Contain($"127.0.0.1:{redis.Port} has {told}").And.Contain($"Redis:Durability declares ({level})"));
        Assert.That(calls.Barred, Is.EqualTo(finding.Text));
        Assert.That(
            async () => await calls.CallAsync(database => database.PingAsync(RedisCalls.Primary), None),
            Throws.TypeOf<StoreUnavailableException>().With.Message.EqualTo(finding.Text));

        await connection.GetServer(connection.GetEndPoints()[0]).ConfigSetAsync(setting, enough);
        Assert.That(await check.RunAsync(None), Is.Empty);
        Assert.That(calls.Barred, Is.Null);
    }

    [Test]
    public async Task One_that_keeps_less_bars_the_instance_also_while_it_is_away_and_as_it_comes_back()
    {
        await using var redis = await RedisServer.StartAsync("--appendfsync", "always", "--appendonly", "no");
        using var connection = await RedisConnection.ConnectAsync($"127.0.0.1:{redis.Port}");
        var (calls, check) = CheckOf(connection, DurabilityLevel.Always);
        var found = (await check.RunAsync(None)).Single();

        await redis.KillAsync();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        while (connection.GetServer(connection.GetEndPoints()[0]).IsConnected)
            await timer.WaitForNextTickAsync(limit.Token);
        Assert.That(async () => await check.RunAsync(None), Throws.TypeOf<StoreUnavailableException>());
        Assert.That(calls.Barred, Is.EqualTo(found.Text), "It may be back before it is looked at again.");
    }

    [Test]
    public async Task Eviction_needs_a_limit_to_evict_at()
    {
        await using var redis = await RedisServer.StartAsync("--maxmemory", "0", "--maxmemory-policy", "allkeys-lru");
        using var connection = await redis.ConnectAsync();
        Assert.That(await CheckOf(connection, DurabilityLevel.Everysec).Check.RunAsync(None), Is.Empty);
    }

    [Test]
    public async Task A_Redis_that_keeps_its_settings_to_itself_is_told_of_and_bars_nothing()
    {
        await using var redis = await RedisServer.StartAsync("--rename-command", "CONFIG", "");
        using var connection = await RedisConnection.ConnectAsync($"127.0.0.1:{redis.Port}");
        var (calls, check) = CheckOf(connection, DurabilityLevel.Always);

        var finding = (await check.RunAsync(None)).Single();
        Assert.That((finding.Kind, finding.Bars, calls.Barred), Is.EqualTo((StoreFindingKind.DurabilityUnknown, false, (string?)null)));
        Assert.That(finding.Text, Does.Contain($"127.0.0.1:{redis.Port} does not let CONFIG GET be used"));
    }

    [Test]
    public async Task Too_few_replicas_are_warned_of_until_they_are_there()
    {
        await using var primary = await RedisServer.StartAsync();
        using var connection = await primary.ConnectAsync();
        var (calls, check) = CheckOf(connection, DurabilityLevel.Replicated);
        var finding = (await check.RunAsync(None)).Single();
        Assert.That((finding.Kind, finding.Bars, calls.Barred), Is.EqualTo((StoreFindingKind.ReplicasMissing, false, (string?)null)));
        Assert.That(finding.Text, Does.Contain($"127.0.0.1:{primary.Port} has 0"));

        await using var replica = await RedisServer.StartReplicaAsync(primary);
        Assert.That(await check.RunAsync(None), Is.Empty);
    }

    [Test]
    public async Task Of_a_cluster_every_master_is_looked_at_and_the_wrong_ones_are_named()
    {
        var connection = await RedisStoreUnderTest.Cluster.GetConnectionAsync();
        var masters = await RedisStoreUnderTest.Cluster.GetMastersAsync();
        var (_, check) = CheckOf(connection, DurabilityLevel.Everysec);
        try
        {
            foreach (var master in masters)
                await master.ConfigSetAsync("appendfsync", "everysec");
            Assert.That(await check.RunAsync(None), Is.Empty);

            // The settings of a server that was right are read every ten seconds; a check that begins now reads them at once.
            await masters[1].ConfigSetAsync("appendfsync", "no");
            var finding = (await CheckOf(connection, DurabilityLevel.Everysec).Check.RunAsync(None)).Single();
            Assert.That(finding.Text, Does.Contain($":{PortOf(masters[1])} has appendfsync no"));
            Assert.That(finding.Text, Does.Not.Contain($":{PortOf(masters[0])} has").And.Not.Contain($":{PortOf(masters[2])} has"));
        }
        finally
        {
            foreach (var master in masters)
                await master.ConfigSetAsync("appendfsync", "no");
        }
    }

    [Test]
    public async Task What_a_right_server_becomes_is_seen_within_ten_seconds()
    {
        await using var redis = await RedisServer.StartAsync();
        using var connection = await redis.ConnectAsync();
        var time = new ManualTimers();
        var (_, check) = CheckOf(connection, DurabilityLevel.Everysec, time);
        Assert.That(await check.RunAsync(None), Is.Empty);
        await connection.GetServer(connection.GetEndPoints()[0]).ConfigSetAsync("appendfsync", "no");
        Assert.That(await check.RunAsync(None), Is.Empty, "Read a moment ago.");
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.That((await check.RunAsync(None)).Select(finding => finding.Kind), Is.EqualTo(new[] { StoreFindingKind.DurabilityWeaker }));
    }

    [TestCase("redis.conf", DurabilityLevel.Always, null)]
    [TestCase("everysec.conf", DurabilityLevel.Everysec, DurabilityLevel.Always)]
    [TestCase("replicated.conf", DurabilityLevel.Replicated, null)]
    public async Task Every_file_keeps_what_its_level_says(string file, object level, object? more)
    {
        string[] include = file == "redis.conf" ? [] : ["--include", Path.Combine(s_includes, file)];
        await using var primary = await RedisServer.StartAsAsync(include);
        await using var replica = await RedisServer.StartReplicaAsync(primary, include);
        using var connection = await primary.ConnectAsync();

        Assert.That(await CheckOf(connection, (DurabilityLevel)level).Check.RunAsync(None), Is.Empty);
        if (more is not null)
            Assert.That((await CheckOf(connection, (DurabilityLevel)more).Check.RunAsync(None)).Select(finding => finding.Bars), Is.EqualTo(new[] { true }));
    }

    [Test]
    public void All_files_are_tried() => Assert.That(
        Directory.GetFiles(s_includes, "*.conf").Select(Path.GetFileName), Is.EquivalentTo(new[] { "redis.conf", "everysec.conf", "replicated.conf" }));

    [Test]
    public async Task A_master_that_lost_its_replicas_refuses_writes_with_the_replicated_file()
    {
        await using var alone = await RedisServer.StartAsAsync(["--include", Path.Combine(s_includes, "replicated.conf")]);
        using var connection = await alone.ConnectAsync();
        Assert.That(
            async () => await connection.GetDatabase().StringSetAsync("key", "value"),
            Throws.TypeOf<RedisServerException>().With.Message.StartsWith("NOREPLICAS"));
    }

    private static int PortOf(IServer server) => ((IPEndPoint)server.EndPoint).Port;

    private static (RedisCalls Calls, RedisCheck Check) CheckOf(ConnectionMultiplexer connection, DurabilityLevel level, TimeProvider? time = null)
    {
        // What is asked here waits for no replica; so nobody need close what would.
        var options = new RedisOptions { Durability = level };
        var calls = new RedisCalls(connection, new RedisOptions(), TimeProvider.System);
        var durability = new DurabilityCheck(connection, calls, options, time ?? TimeProvider.System);
        return (calls, new RedisCheck(calls, TestRing.One(), new ProtocolBounds(), TimeProvider.System, durability));
    }
}
