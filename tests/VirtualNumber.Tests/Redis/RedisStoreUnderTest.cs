using StackExchange.Redis;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>The Redis store on one real Redis, emptied for each test.</summary>
internal sealed class RedisStoreUnderTest : StoreUnderTest
{
    private static readonly Lazy<Task<(RedisServer Server, ConnectionMultiplexer Connection)>> s_redis = new(ConnectAsync);

    internal override long SimulatedSteps => 20_000;

    public override string ToString() => "Redis";

    internal override async ValueTask<RunningStore> StartAsync(ProtocolBounds bounds)
    {
        var (_, connection) = await s_redis.Value;
        await connection.GetServer(connection.GetEndPoints()[0]).FlushAllDatabasesAsync();
        return new Running(connection, bounds);
    }

    /// <summary>The tests' own way to the server, past the store.</summary>
    internal static async Task<ConnectionMultiplexer> GetConnectionAsync() => (await s_redis.Value).Connection;

    /// <summary>Stops the server, if a test has started it.</summary>
    internal static async Task StopAsync()
    {
        if (!s_redis.IsValueCreated)
            return;
        var (server, connection) = await s_redis.Value;
        connection.Dispose();
        await server.DisposeAsync();
    }

    private static async Task<(RedisServer Server, ConnectionMultiplexer Connection)> ConnectAsync()
    {
        var server = await RedisServer.StartAsync();
        return (server, await server.ConnectAsync());
    }

    private sealed class Running : RunningStore
    {
        private readonly ConnectionMultiplexer _connection;
        private readonly RedisRegistry _registry;
        private readonly RedisStore _store;

        public Running(ConnectionMultiplexer connection, ProtocolBounds bounds)
        {
            var options = new RedisOptions { LogLength = LogLength };
            var calls = new RedisCalls(connection, options, TimeProvider.System);
            _connection = connection;
            _registry = new RedisRegistry(calls);
            _store = new RedisStore(calls, _registry, bounds, options);
        }

        internal override INumberPool Pool => _store;

        internal override INumberStock Stock => _store;

        internal override int BlockCount => _registry.Known.Blocks.Length;

        internal override async ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(uint block)
        {
            var entries = (RedisResult[])(await _connection.GetDatabase().ExecuteAsync("XRANGE", Keys.Log(block), "-", "+"))!;
            return [.. entries.Select((entry, index) => EntryOf(index + 1, (RedisResult[])((RedisResult[])entry!)[1]!))];
        }

        public override ValueTask DisposeAsync()
        {
            _registry.Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>Fields in the order in which the scripts write them: kind, slot, epoch, time, count.</summary>
        private static LogEntry EntryOf(long sequence, RedisResult[] fields)
        {
            var slot = (string)fields[3]!;
            return new(
                sequence,
                Instant((string)fields[7]!),
                Enum.Parse<LogKind>((string)fields[1]!, ignoreCase: true),
                slot.Length == 0 ? null : uint.Parse(slot),
                slot.Length == 0 ? null : Instant((string)fields[5]!),
                int.Parse((string)fields[9]!));
        }

        private static DateTimeOffset Instant(string milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(milliseconds));
    }
}
