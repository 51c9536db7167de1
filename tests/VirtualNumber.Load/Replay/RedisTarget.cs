using StackExchange.Redis;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;

namespace VirtualNumber.Load.Replay;

/// <summary>The Redis store in this process, with the bounds of a simulation.</summary>
internal sealed class RedisTarget : IDisposable
{
    private readonly ConnectionMultiplexer _connection;
    private readonly RedisRegistry _registry;
    private readonly RedisStore _store;

    private RedisTarget(ConnectionMultiplexer connection)
    {
        var options = new RedisOptions();
        var calls = new RedisCalls(connection, options, TimeProvider.System);
        (_connection, _registry) = (connection, new RedisRegistry(calls));
        _store = new RedisStore(calls, _registry, Replayer.SimulatedBounds, options);
    }

    public INumberPool Pool => _store;

    public INumberStock Stock => _store;

    /// <exception cref="InvalidOperationException">Somebody else's pools are there.</exception>
    public static async Task<RedisTarget> ConnectAsync(string configuration)
    {
        var connection = await RedisConnection.ConnectAsync(configuration);
        await RefuseUsedAsync(connection);
        return new(connection);
    }

    /// <summary>What runs here fills the store with made-up leases, which nobody wants beside real ones.</summary>
    /// <exception cref="InvalidOperationException">Somebody else's pools are there.</exception>
    public static async Task RefuseUsedAsync(ConnectionMultiplexer connection)
    {
        if (await connection.GetDatabase().KeyExistsAsync(Keys.Registry, RedisCalls.Primary))
            throw new InvalidOperationException("This Redis has pools already; give this command an empty one.");
    }

    public void Dispose()
    {
        _registry.Dispose();
        _connection.Dispose();
    }
}
