using System.Net;
using StackExchange.Redis;

namespace VirtualNumber.Redis;

/// <summary>
/// Writes that are answered once replicas have them, and with them whatever the answer rests on. WAIT holds up its whole connection, so
/// that each master has one of its own for this (<see cref="MasterLine"/>); look-ups never pass it.
/// </summary>
internal sealed class ReplicatedWrites(IConnectionMultiplexer connection, RedisOptions options, TimeProvider time) : IDisposable
{
    private const int Slots = 16_384;

    /// <summary>A line that nobody has used for so long is closed when the place of some slot is looked up: its master may be none any more.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(1);

    /// <summary>Which line a slot's writes take; null: not known. The first is for a Redis that is no cluster.</summary>
    private readonly MasterLine?[] _places = new MasterLine?[Slots + 1];
    private readonly Dictionary<EndPoint, MasterLine> _lines = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <summary>How many masters there is a connection to.</summary>
    public int Lines
    {
        get
        {
            lock (_gate)
                return _lines.Count;
        }
    }

    /// <summary>
    /// Sends a call to the master of a key and answers once the replicas have confirmed it. Its repeat must be harmless.
    /// </summary>
    /// <exception cref="UnconfirmedException">They did not in time, or the master went away meanwhile; it may have been done.</exception>
    /// <exception cref="RedisException">Nothing was done: the master's own error, or there is no connection.</exception>
    public async Task<T> RunAsync<TState, T>(RedisKey key, TState state, Func<IDatabase, TState, Task<T>> call)
    {
        // Of a Redis that is no cluster: -1.
        var slot = connection.HashSlot(key);
        var write = new MasterWrite<TState, T>(slot, state, call, time.GetTimestamp());
        MasterLine line;
        do
        {
            line = Volatile.Read(ref _places[slot + 1]) ?? await LookUpAsync(slot, key);
        }
        while (!line.TryAdd(write) && Forget(line));

        try
        {
            return await write.Task;
        }
        catch (Exception fault) when (IsNoMaster(fault))
        {
            Forget(line);
            throw;
        }
        catch (RedisServerException fault) when (RedisFault.IsMoved(fault))
        {
            // Only this slot, as far as is known.
            Interlocked.CompareExchange(ref _places[slot + 1], null, line);
            throw;
        }
    }

    /// <summary>Closes all connections; what is on its way may have happened.</summary>
    public void Dispose()
    {
        List<MasterLine> lines;
        lock (_gate)
        {
            _disposed = true;
            lines = [.. _lines.Values];
            _lines.Clear();
        }

        foreach (var line in lines)
            line.Break();
    }

    /// <summary>Whether a fault says that the server is away, or a replica by now.</summary>
    private static bool IsNoMaster(Exception fault) =>
        fault is RedisConnectionException or TimeoutException
        || (fault is UnconfirmedException { IsLost: true } lost && !RedisFault.IsMoved(lost.InnerException))
        || (fault is RedisServerException answer && answer.Message.StartsWith("READONLY", StringComparison.Ordinal));

    /// <summary>The client's own connection knows, or is told, who has the slot.</summary>
    private async Task<MasterLine> LookUpAsync(int slot, RedisKey key)
    {
        var master = await connection.GetDatabase().IdentifyEndpointAsync(key, RedisCalls.Primary)
            ?? throw new UnconfirmedException("Nobody is known to serve the key.", isLost: true);
        var idle = new List<MasterLine>();
        try
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_lines.TryGetValue(master, out var line))
                    _lines[master] = line = new MasterLine(connection, master, options, time);
                idle.AddRange(_lines.Values.Where(other => other != line && other.IsIdle(s_idle)));
                Volatile.Write(ref _places[slot + 1], line);
                return line;
            }
        }
        finally
        {
            idle.ForEach(other => Forget(other));
        }
    }

    /// <summary>
    /// The line serves what it was given, then its connection is closed; the next write looks for its master anew. One that is retired already
    /// is forgotten as well: it may have broken off by itself, and whoever came back to it would ask it for ever.
    /// </summary>
    private bool Forget(MasterLine line)
    {
        line.Retire();
        lock (_gate)
        {
            if (_lines.GetValueOrDefault(line.Master) == line)
                _lines.Remove(line.Master);
        }

        for (var place = 0; place < _places.Length; place++)
        {
            if (Volatile.Read(ref _places[place]) == line)
                Interlocked.CompareExchange(ref _places[place], null, line);
        }

        return true;
    }
}
