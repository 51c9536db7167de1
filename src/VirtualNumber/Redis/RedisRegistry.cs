using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// The registry of pools and blocks: in Redis a list of changes, whose length is its version; here what comes of applying them in
/// order. Instances that have read the same list have the same registry. A change is appended only by whoever has read all before it,
/// so that what overlaps is refused whoever adds it.
/// </summary>
/// <remarks>
/// Others' changes arrive by a message and by a timer (<see cref="RegistryNews"/>). A number, block or pool that is not known is
/// called unknown only after a read that started later than the question.
/// </remarks>
internal sealed class RedisRegistry : IDisposable
{
    private const int MostAttempts = 20;

    /// <summary>What was read so long ago is read again before a "no" is built on it, should message and timer both fail.</summary>
    private static readonly TimeSpan s_freshFor = TimeSpan.FromSeconds(1);

    private static readonly Script s_append = Script.Alone("AppendRegistry");

    private readonly RedisCalls _calls;
    private readonly StockRegistry _registry = new();
    private readonly ConcurrentDictionary<uint, RedisBlock> _blocks = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SharedRead _reads;
    private TaskCompletionSource _changed = NewSignal();
    private long _version;
    private long _readAt;

    public RedisRegistry(RedisCalls calls)
    {
        _calls = calls;
        _reads = new SharedRead(ReadAsync);
    }

    /// <summary>The registry as this instance has read it last.</summary>
    public StockRegistry Known => _registry;

    /// <summary>How many changes this instance has read.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Ends when this instance learns of a change after this call.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>A block; asks Redis when it is not known.</summary>
    public async ValueTask<RedisBlock?> FindBlockAsync(uint id, CancellationToken cancellation)
    {
        if (_registry.FindBlock(id) is null)
            await RefreshAsync(cancellation);
        return _registry.FindBlock(id) is { } entry ? BlockOf(entry) : null;
    }

    /// <summary>A pool, as it stood at most a second ago; asks Redis when it is not known.</summary>
    public async ValueTask<PoolEntry?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation)
    {
        if (IsFresh && _registry.FindPool(tenantId, poolId) is { } known)
            return known;
        await RefreshAsync(cancellation);
        return _registry.FindPool(tenantId, poolId);
    }

    /// <summary>
    /// Where a number is; asks Redis before a number is called unknown: another instance may have added its block a moment ago, and
    /// leased it.
    /// </summary>
    public async ValueTask<(RedisBlock Block, uint Slot)?> LocateAsync(PhoneNumber number, CancellationToken cancellation)
    {
        if (_registry.Locate(number) is not { } place)
        {
            await RefreshAsync(cancellation);
            if (_registry.Locate(number) is not { } found)
                return null;
            place = found;
        }

        return (BlockOf(place.Block), place.Slot);
    }

    /// <summary>Whether a number was in some pool at most a second ago: nearly all that are asked for are in none, and cost no read.</summary>
    public async ValueTask<bool> IsStockedAsync(PhoneNumber number, CancellationToken cancellation)
    {
        if (_registry.Locate(number) is not null)
            return true;
        if (IsFresh)
            return false;
        await RefreshAsync(cancellation);
        return _registry.Locate(number) is not null;
    }

    /// <summary>The block of an entry, with what this instance knows of it.</summary>
    public RedisBlock BlockOf(BlockEntry entry) => _blocks.GetOrAdd(entry.Id, static (_, entry) => new RedisBlock(entry), entry);

    /// <summary>Reads the changes that this instance has not seen, in a read that starts after this call and serves all who wait for one.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => _reads.RunAsync(cancellation);

    /// <summary>
    /// Plans changes on the whole registry and appends them, again from the start when somebody else was faster. Answers what the plan
    /// came to and the slots that each change added.
    /// </summary>
    public async Task<(T Result, IReadOnlyList<(RedisBlock Block, uint FirstSlot, int Count)> Added)> ChangeAsync<T>(
        Func<StockRegistry, (IReadOnlyList<RegistryChange> Changes, T Result)> plan, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            for (var i = 0; i < MostAttempts; i++)
            {
                await ReadOnAsync(cancellation);
                var (changes, result) = plan(_registry);
                if (changes.Count == 0)
                    return (result, []);

                RedisValue[] values = [_version, .. changes.Select(change => (RedisValue)JsonSerializer.SerializeToUtf8Bytes(change))];
                if ((long)await _calls.RunAsync(s_append, [Keys.Registry], values, cancellation) == 0)
                    continue;
                var added = Apply(changes);
                await AnnounceAsync(cancellation);
                return (result, added);
            }

            throw new StoreUnavailableException("The registry is changed by others all the time.");
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsFresh => Interlocked.Read(ref _readAt) is var at and not 0 && Stopwatch.GetElapsedTime(at) < s_freshFor;

    /// <summary>Tells the other instances. The change stands whether or not that succeeds: their timers find it too.</summary>
    private async Task AnnounceAsync(CancellationToken cancellation)
    {
        try
        {
            await _calls.CallAsync(database => database.PublishAsync(Keys.RegistryChannel, _version), cancellation);
        }
        catch (StoreUnavailableException)
        {
            // As above.
        }
    }

    private async Task ReadAsync()
    {
        await _gate.WaitAsync();
        try
        {
            // For all who wait, so nobody's own deadline ends it; the call has its time-out.
            await ReadOnAsync(CancellationToken.None);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task ReadOnAsync(CancellationToken cancellation)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var changes = await _calls.CallAsync(database => database.ListRangeAsync(Keys.Registry, _version), cancellation);
        Apply([.. changes.Select(Read)]);
        Interlocked.Exchange(ref _readAt, startedAt);
    }

    private static RegistryChange Read(RedisValue change)
    {
        try
        {
            return JsonSerializer.Deserialize<RegistryChange>((byte[])change!)!;
        }
        catch (JsonException exception)
        {
            throw new StoreUnavailableException("A change of the registry has a form that this version does not know.", exception);
        }
    }

    private List<(RedisBlock Block, uint FirstSlot, int Count)> Apply(IReadOnlyList<RegistryChange> changes)
    {
        var added = new List<(RedisBlock Block, uint FirstSlot, int Count)>();
        foreach (var change in changes)
        {
            if (_registry.Apply(change) is var (entry, first, count))
                added.Add((BlockOf(entry), first, count));
            if (change.Filled is { } filled)
                BlockOf(_registry.FindBlock(filled.Id)!).IsFilled = true;
            Interlocked.Increment(ref _version);
        }

        if (changes.Count > 0)
            Interlocked.Exchange(ref _changed, NewSignal()).SetResult();
        return added;
    }
}
