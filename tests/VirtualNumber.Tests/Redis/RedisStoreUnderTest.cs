using StackExchange.Redis;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>The Redis store on a real Redis, or a cluster of them, started once and emptied for each test.</summary>
internal sealed class RedisStoreUnderTest : StoreUnderTest
{
    private readonly string _name;
    private readonly long _simulatedSteps;
    private readonly DurabilityLevel _durability;
    private readonly Lazy<Task<Servers>> _servers;

    private RedisStoreUnderTest(string name, long simulatedSteps, Func<Task<Servers>> start) =>
        (_name, _simulatedSteps, _durability, _servers) = (name, simulatedSteps, DurabilityLevel.Always, new(start));

    private RedisStoreUnderTest(string name, long simulatedSteps, RedisStoreUnderTest servers) =>
        (_name, _simulatedSteps, _durability, _servers) = (name, simulatedSteps, DurabilityLevel.Replicated, servers._servers);

    /// <summary>One Redis.</summary>
    internal static RedisStoreUnderTest Single { get; } = new("Redis", 10_000, async () =>
    {
        var server = await RedisServer.StartAsync();
        var connection = await server.ConnectAsync();
        return new Servers(server, connection, [connection.GetServer(connection.GetEndPoints()[0])]);
    });

    /// <summary>Three masters and three replicas.</summary>
    internal static RedisStoreUnderTest Cluster { get; } = new("Cluster", 3_000, async () =>
    {
        var cluster = await RedisCluster.StartAsync();
        var connection = await cluster.ConnectAsync();
        return new Servers(cluster, connection, await RedisCluster.MastersOfAsync(connection));
    });

    /// <summary>The same cluster; what changes something is answered once a replica has it.</summary>
    internal static RedisStoreUnderTest Replicated { get; } = new("Replicated", 1_000, Cluster);

    internal override long SimulatedSteps => _simulatedSteps;

    public override string ToString() => _name;

    internal override async ValueTask<RunningStore> StartAsync(ProtocolBounds bounds)
    {
        var masters = await GetMastersAsync();
        await Task.WhenAll(masters.Select(master => master.FlushAllDatabasesAsync()));
        return new Running(await GetConnectionAsync(), bounds, new() { Durability = _durability });
    }

    /// <summary>The tests' own way to the servers, past the store.</summary>
    internal async Task<ConnectionMultiplexer> GetConnectionAsync() => (await _servers.Value).Connection;

    /// <summary>The servers that take writes.</summary>
    internal async Task<IReadOnlyList<IServer>> GetMastersAsync() => (await _servers.Value).Masters;

    /// <summary>A store over a connection of the test's own; it empties nothing.</summary>
    internal static RunningStore Over(ConnectionMultiplexer connection, TimeSpan? callTimeout = null)
    {
        var options = new RedisOptions();
        options.CallTimeout = callTimeout ?? options.CallTimeout;
        return Over(connection, options);
    }

    /// <inheritdoc cref="Over(ConnectionMultiplexer, TimeSpan?)"/>
    internal static RunningStore Over(ConnectionMultiplexer connection, RedisOptions options) => new Running(connection, StoreTests.Bounds, options);

    /// <summary>Stops the servers, if a test has started them.</summary>
    internal async Task StopAsync()
    {
        if (!_servers.IsValueCreated)
            return;
        var servers = await _servers.Value;
        servers.Connection.Dispose();
        await servers.Process.DisposeAsync();
    }

    private sealed record Servers(IAsyncDisposable Process, ConnectionMultiplexer Connection, IReadOnlyList<IServer> Masters);

    private sealed class Running : RunningStore
    {
        private readonly ConnectionMultiplexer _connection;
        private readonly RedisRegistry _registry;
        private readonly RedisStore _store;
        private readonly ReplicatedWrites? _writes;

        public Running(ConnectionMultiplexer connection, ProtocolBounds bounds, RedisOptions options)
        {
            options.LogLength = LogLength;
            _writes = options.Durability == DurabilityLevel.Replicated ? new ReplicatedWrites(connection, options, TimeProvider.System) : null;
            var calls = new RedisCalls(connection, options, TimeProvider.System, _writes);
            _connection = connection;
            _registry = new RedisRegistry(calls);
            _store = new RedisStore(calls, _registry, bounds, options);
        }

        internal override INumberPool Pool => _store;

        internal override INumberStock Stock => _store;

        internal override IEventStore Events => _store;

        internal override IPushStore Pushes => _store;

        internal override int BlockCount => _registry.Known.Blocks.Length;

        internal override async ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(uint block, long after) =>
            await RedisLog.ReadAsync(_connection.GetDatabase(), block, after);

        public override ValueTask DisposeAsync()
        {
            _writes?.Dispose();
            _registry.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
