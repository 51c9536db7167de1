using System.Collections.Concurrent;
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
internal sealed class RedisRegistry(RedisCalls calls) : IDisposable
{
    private const int MostAttempts = 20;

    private static readonly Script s_append = Script.Alone("AppendRegistry");

    private readonly StockRegistry _registry = new();
    private readonly ConcurrentDictionary<uint, RedisBlock> _blocks = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private long _version;

    /// <summary>The registry as this instance has read it last.</summary>
    public StockRegistry Known => _registry;

    /// <summary>A block; asks Redis once when it is not known.</summary>
    public async ValueTask<RedisBlock?> FindBlockAsync(uint id, CancellationToken cancellation)
    {
        if (_registry.FindBlock(id) is null)
            await RefreshAsync(cancellation);
        return _registry.FindBlock(id) is { } entry ? BlockOf(entry) : null;
    }

    /// <summary>A pool; asks Redis once when it is not known.</summary>
    public async ValueTask<PoolEntry?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation)
    {
        if (_registry.FindPool(tenantId, poolId) is { } known)
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

    /// <summary>The block of an entry, with what this instance knows of it.</summary>
    public RedisBlock BlockOf(BlockEntry entry) => _blocks.GetOrAdd(entry.Id, static (_, entry) => new RedisBlock(entry), entry);

    /// <summary>Reads the changes that this instance has not seen.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            await ReadOnAsync(cancellation);
        }
        finally
        {
            _gate.Release();
        }
    }

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
                if ((long)await calls.RunAsync(s_append, [Keys.Registry], values, cancellation) == 0)
                    continue;
                return (result, Apply(changes));
            }

            throw new StoreUnavailableException("The registry is changed by others all the time.");
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task ReadOnAsync(CancellationToken cancellation)
    {
        var changes = await calls.CallAsync(database => database.ListRangeAsync(Keys.Registry, _version), cancellation);
        Apply([.. changes.Select(change => JsonSerializer.Deserialize<RegistryChange>((byte[])change!)!)]);
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
            _version++;
        }

        return added;
    }
}
