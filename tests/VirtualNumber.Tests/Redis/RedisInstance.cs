using StackExchange.Redis;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>One of several instances on one Redis: a connection, a registry and a store of its own.</summary>
internal sealed class RedisInstance : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _connection;
    private readonly ReplicatedWrites? _writes;

    private RedisInstance(ConnectionMultiplexer connection, RedisOptions options, TimeProvider time)
    {
        _connection = connection;
        _writes = options.Durability == DurabilityLevel.Replicated ? new ReplicatedWrites(connection, options, TimeProvider.System) : null;
        Calls = new RedisCalls(connection, options, TimeProvider.System, _writes);
        Registry = new RedisRegistry(Calls, time);
        News = new RegistryNews(connection, Registry, options, TimeProvider.System);
        Store = new RedisStore(Calls, Registry, new ProtocolBounds(), options);
    }

    public RedisCalls Calls { get; }

    public RedisRegistry Registry { get; }

    public RegistryNews News { get; }

    public RedisStore Store { get; }

    public IDatabase Database => _connection.GetDatabase();

    public IServer Server => _connection.GetServer(_connection.GetEndPoints()[0]);

    /// <param name="redis">The Redis.</param>
    /// <param name="options">Its options; null: the defaults.</param>
    /// <param name="time">By which it judges how old what it has read is.</param>
    public static async Task<RedisInstance> StartAsync(RedisServer redis, RedisOptions? options = null, TimeProvider? time = null) =>
        Over(await redis.ConnectAsync(), options, time);

    /// <summary>On a connection of its own from here on.</summary>
    public static RedisInstance Over(ConnectionMultiplexer connection, RedisOptions? options = null, TimeProvider? time = null) =>
        new(connection, options ?? new RedisOptions(), time ?? TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        _writes?.Dispose();
        Registry.Dispose();
        await _connection.CloseAsync();
        _connection.Dispose();
    }
}
