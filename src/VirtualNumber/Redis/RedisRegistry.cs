using System.Collections.Concurrent;
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

    /// <summary>
    /// So many changes are read at once: the list is never shortened, and reading all of a long one takes longer than a call may. What is
    /// appended meanwhile is in a later part.
    /// </summary>
    private const int ChangesPerRead = 1_000;

    /// <summary>What was read so long ago is read again before a "no" is built on it, should message and timer both fail.</summary>
    private static readonly TimeSpan s_freshFor = TimeSpan.FromSeconds(1);

    private static readonly Script s_append = Script.Alone("AppendRegistry");

    private readonly RedisCalls _calls;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SharedRead _reads;
    private TaskCompletionSource _changed = NewSignal();
    private readonly ConcurrentDictionary<uint, RedisBlock> _blocks = new();
    private RedisValue _last;
    private long _version;
    private long _readAt;

    public RedisRegistry(RedisCalls calls, TimeProvider? time = null)
    {
        (_calls, _time) = (calls, time ?? TimeProvider.System);
        _reads = new SharedRead(ReadAsync);
    }

    /// <summary>The registry as this instance has read it last.</summary>
    public StockRegistry Known { get; } = new();

    /// <summary>How many changes this instance has read.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Ends when this instance learns of a change after this call.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>A block; asks Redis when it is not known.</summary>
    public async ValueTask<RedisBlock?> FindBlockAsync(uint id, CancellationToken cancellation)
    {
        if (Known.FindBlock(id) is null)
            await RefreshAsync(cancellation);
        return Known.FindBlock(id) is { } entry ? BlockOf(entry) : null;
    }

    /// <summary>A pool, as it stood at most a second ago; asks Redis when it is not known.</summary>
    public async ValueTask<PoolEntry?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation)
    {
        if (IsReadWithin(s_freshFor) && Known.FindPool(tenantId, poolId) is { } known)
            return known;
        await RefreshAsync(cancellation);
        return Known.FindPool(tenantId, poolId);
    }

    /// <summary>
    /// Where a number is; asks Redis before a number is called unknown: another instance may have added its block a moment ago, and
    /// leased it.
    /// </summary>
    public async ValueTask<(RedisBlock Block, uint Index)?> LocateAsync(PhoneNumber number, CancellationToken cancellation)
    {
        if (Known.Locate(number) is not { } place)
        {
            await RefreshAsync(cancellation);
            if (Known.Locate(number) is not { } found)
                return null;
            place = found;
        }

        return (BlockOf(place.Block), place.Index);
    }

    /// <summary>Whether a number was in some pool at most so long ago: nearly all that are asked for are in none, and cost no read.</summary>
    public async ValueTask<bool> IsStockedAsync(PhoneNumber number, TimeSpan age, CancellationToken cancellation)
    {
        if (Known.Locate(number) is not null)
            return true;
        if (IsReadWithin(age))
            return false;
        await RefreshAsync(cancellation);
        return Known.Locate(number) is not null;
    }

    /// <summary>There may be news that are not known here: what was read is not taken for the present until the next read.</summary>
    public void Doubt() => Interlocked.Exchange(ref _readAt, 0);

    /// <summary>The block of an entry, with what this instance knows of it.</summary>
    public RedisBlock BlockOf(BlockEntry entry) =>
        _blocks.GetOrAdd(entry.Id, static (_, of) => new RedisBlock(of.Entry, of.Generation), (Entry: entry, _calls.Generation));

    /// <summary>The blocks that are barred, by this instance's finding or the registry's, in the order of their ids.</summary>
    public IReadOnlyList<RedisBlock> BarredBlocks(DateTimeOffset now) =>
        [.. _blocks.Values.Where(block => !block.MayLease(now)).OrderBy(block => block.Id)];

    /// <summary>Tells all instances of the bars that this one has found.</summary>
    public Task TellOfBarsAsync(CancellationToken cancellation) => ChangeAsync<object?>(_ => ([.. UntoldBars()], null), cancellation);

    /// <summary>Whether this instance has found bars that the registry does not tell of.</summary>
    public bool HasUntoldBars => UntoldBars().Any();

    /// <summary>Reads the changes that this instance has not seen, in a read that starts after this call and serves all who wait for one.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => _reads.RunAsync(cancellation);

    /// <summary>
    /// Plans changes on the whole registry and appends them, again from the start when somebody else was faster. Answers what the plan
    /// came to.
    /// </summary>
    public async Task<T> ChangeAsync<T>(
        Func<StockRegistry, (IReadOnlyList<RegistryChange> Changes, T Result)> plan, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            for (var i = 0; i < MostAttempts; i++)
            {
                await ReadOnAsync(cancellation);
                var (changes, result) = plan(Known);
                if (changes.Count == 0)
                    return result;

                var appended = RegistryEntry.Pack(changes, _last);
                if ((long)await _calls.RunAsync(s_append, [Keys.Registry], [Version, .. appended], cancellation) == 1)
                    Apply(appended);
                // Somebody was faster; or this very call was, and is told so only because its answer was lost and it was repeated. Planned
                // anew, an update of a pool would be refused for the version that it has just made.
                else if (!(await ReadOnAsync(cancellation)).Take(appended.Length).SequenceEqual(appended))
                    continue;
                await AnnounceAsync(cancellation);
                return result;
            }

            throw new StoreUnavailableException("The registry is changed by others all the time.");
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private IEnumerable<RegistryChange> UntoldBars() => _blocks.Values
        .Select(block => (block.Id, Bar: block.UntoldBar))
        .Where(found => found.Bar is not null)
        .OrderBy(found => found.Id)
        .Select(found => new RegistryChange(Barred: new(found.Id, found.Bar!)));

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsReadWithin(TimeSpan age) => Interlocked.Read(ref _readAt) is var at and not 0 && _time.GetElapsedTime(at) < age;

    /// <summary>Tells the other instances. The change stands whether or not that succeeds: their timers find it too.</summary>
    private async Task AnnounceAsync(CancellationToken cancellation)
    {
        try
        {
            await _calls.CallAsync(database => database.PublishAsync(Keys.RegistryChannel, Version), cancellation);
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

    /// <summary>Reads until a part is not full; answers what was new.</summary>
    private async Task<IReadOnlyList<RedisValue>> ReadOnAsync(CancellationToken cancellation)
    {
        var startedAt = _time.GetTimestamp();
        var changes = new List<RedisValue>();
        while (true)
        {
            var part = await ReadPartAsync(cancellation);
            changes.AddRange(part);
            if (part.Length < ChangesPerRead - 1)
                break;
        }

        Interlocked.Exchange(ref _readAt, startedAt);
        return changes;
    }

    private async Task<RedisValue[]> ReadPartAsync(CancellationToken cancellation)
    {
        // From the last change that is known here, so that a list that was cut short, and perhaps continued otherwise, is seen as such.
        var from = Math.Max(0, Version - 1);
        var to = from + ChangesPerRead - 1;
        var changes = NewsOf(await _calls.CallAsync(database => database.ListRangeAsync(Keys.Registry, from, to, RedisCalls.Primary), cancellation));
        // Where writes wait for replicas, so does what is believed here: a fail-over would take it back, and this instance with it. What is
        // known already needs no waiting, so that look-ups go on while the replicas do not.
        if (changes.Length > 0 && _calls.Confirms)
        {
            Doubt();
            changes = NewsOf(await _calls.ConfirmAsync(
                "ReadRegistry",
                Keys.Registry,
                (From: from, To: to),
                static (line, range, _) => line.ListRangeAsync(Keys.Registry, range.From, range.To, MasterLine.Here),
                cancellation));
        }

        Apply(changes);
        return changes;
    }

    /// <summary>What follows the last change that is known here.</summary>
    private RedisValue[] NewsOf(RedisValue[] changes)
    {
        if (Version == 0)
            return changes;
        return changes.Length > 0 && changes[0] == _last ? changes[1..] : throw Forgotten();
    }

    /// <summary>
    /// Redis has lost changes that were read here: it came back empty or older, or somebody emptied it. Block ids may mean other blocks by
    /// now, and what it knows of leases is as old, so this instance stops until somebody has looked and starts it again.
    /// </summary>
    private StoreUnavailableException Forgotten()
    {
        _calls.Forgotten = "Redis has lost what this instance has read from it before: it came back empty or older than it was. "
            + "See that its data is what it should be, then start this instance again.";
        return new StoreUnavailableException(_calls.Forgotten);
    }

    /// <summary>By one at a time, under the gate.</summary>
    private void Apply(RedisValue[] entries)
    {
        foreach (var entry in entries)
        {
            var change = RegistryEntry.Unpack(entry);
            Known.Apply(change);
            if (change.Filled is { } filled)
                BlockOf(Known.FindBlock(filled.Id)!).IsFilled = true;
            if (change.Confirmed is { } confirmed)
                BlockOf(Known.FindBlock(confirmed.Id)!).Restart(LogMark.Parse(confirmed.Mark));
            // So that it is among the barred ones, though nobody here has used it yet.
            if (change.Barred is { } barred)
                BlockOf(Known.FindBlock(barred.Id)!);
            _last = entry;
            Interlocked.Increment(ref _version);
        }

        if (entries.Length > 0)
            Interlocked.Exchange(ref _changed, NewSignal()).SetResult();
    }
}
