using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

// Blocks that are not what they were: how that is noticed, and what follows.
internal sealed partial class RedisStore
{
    /// <summary>So often a read is repeated while the connections change under it.</summary>
    private const int MostReads = 5;

    private static readonly BlockScripts s_look = BlockScripts.Same("Look").Unconfirmed();

    /// <summary>
    /// Reads something of a block by a plain command, which sees nothing of marks: where the connections have changed since the block was
    /// looked at, before the read or under it, a script looks first.
    /// </summary>
    private async ValueTask<T> ReadOnBlockAsync<TState, T>(
        string step, RedisBlock block, TState state, Func<IDatabase, TState, string?, Task<T>> read, CancellationToken cancellation)
    {
        for (var i = 0; i < MostReads; i++)
        {
            await LookAsync(block, cancellation);
            var answer = await calls.CallAsync(
                step,
                (Block: block, State: state, Read: read),
                static (database, call, cause) =>
                {
                    // A repeat may reach another server before the client's events tell of it.
                    if (cause is not null)
                        call.Block.Watch.Doubt();
                    return call.Read(database, call.State, cause);
                },
                cancellation);
            if (IsLookedAt(block))
            {
                block.ThrowIfBarred();
                return answer;
            }
        }

        throw new StoreUnavailableException($"{step}: the connections to Redis change all the time.");
    }

    private async ValueTask LookAsync(RedisBlock block, CancellationToken cancellation)
    {
        block.ThrowIfBarred();
        if (IsLookedAt(block))
            return;

        // First by one command on one key: it finds that also while the block's slot moves, when a script would have to wait until it has.
        var (watch, generation) = (block.Watch, calls.Generation);
        var known = watch.Seen;
        object[] range = known is { } seen ? [block.Log, seen.Text, seen.Text] : [block.Log, "+", "-", "COUNT", 1];
        var entries = (RedisResult[])(await calls.CallAsync(
            "Look",
            (Command: known is null ? "XREVRANGE" : "XRANGE", Range: range),
            static (database, call, _) => database.ExecuteAsync(call.Command, call.Range, RedisCalls.Primary),
            cancellation))!;
        if (known is null)
            Learn(watch, entries.Length == 0 ? null : LogMark.Parse((string)((RedisResult[])entries[0]!)[0]!), isConfirmed: false);
        else if (entries.Length == 0)
            await RunOnBlockAsync(s_look, block, DateTimeOffset.UnixEpoch, cancellation);
        watch.LookedAt(generation);
    }

    /// <summary>Keeps a mark. What no replica has confirmed may be forgotten without harm, and is no reason for an alarm.</summary>
    private void Learn(BlockWatch watch, LogMark? mark, bool isConfirmed)
    {
        if (mark is not null && (isConfirmed || options.Durability != DurabilityLevel.Replicated))
            watch.See(mark);
    }

    /// <summary>Whether a plain command may be trusted. A block that nobody has filled has nothing to look at.</summary>
    private bool IsLookedAt(RedisBlock block) => !block.IsFilled || block.Watch.IsLookedAt(calls.Generation);

    /// <summary>A block that nobody has filled yet has nothing to lose.</summary>
    private static BarReason? BarReasonOf(RedisBlock block, StoreUnavailableException fault) =>
        RedisFault.BarReasonOf(fault.InnerException) is { } reason && (reason != BarReason.DataLost || block.IsFilled) ? reason : null;

    /// <summary>Bars a block here at once, and for all instances as soon as the registry can be told.</summary>
    private async ValueTask BarAsync(RedisBlock block, BlockWatch watch, BlockBar bar, CancellationToken cancellation)
    {
        block.BarFor(watch, bar);
        if (block.UntoldBar is not null)
            await TryTellOfBarsAsync(cancellation);
    }

    /// <summary>Tells all instances, if that can be done now. This one keeps to its bars all the same, and its next ping tries again.</summary>
    private async ValueTask TryTellOfBarsAsync(CancellationToken cancellation)
    {
        try
        {
            await registry.TellOfBarsAsync(cancellation);
        }
        catch (Exception fault) when (fault is StoreUnavailableException or OperationCanceledException)
        {
            // That it could not tell in time makes this instance no worse at serving.
        }
    }

    /// <summary>A block leases nothing until an instant, since Redis may have forgotten leases of it.</summary>
    /// <param name="block">The block.</param>
    /// <param name="watch">From before it was asked: an operator may have confirmed it since.</param>
    /// <param name="until">The instant.</param>
    /// <param name="cancellation">The caller's.</param>
    private ValueTask RestAsync(RedisBlock block, BlockWatch watch, RedisResult until, CancellationToken cancellation) =>
        BarAsync(block, watch, new(BarReason.LeasesForgotten, calls.Time.GetNow(), InstantOf(until)), cancellation);

    private async ValueTask<StoreFinding?> FindBarsAsync(CancellationToken cancellation)
    {
        if (registry.HasUntoldBars)
            await TryTellOfBarsAsync(cancellation);
        var barred = registry.BarredBlocks(calls.Time.GetNow());
        Telemetry.BlocksBarred(barred.Count);
        return BarTexts.Of(barred) is { } text ? new(StoreFindingKind.BlocksBarred, text) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<BarredBlock>> ListBarredBlocksAsync(Pool pool, DateTimeOffset now, CancellationToken cancellation)
    {
        if (registry.HasUntoldBars)
            await registry.TellOfBarsAsync(cancellation);
        await registry.RefreshAsync(cancellation);
        var blocks = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Blocks;
        return [.. blocks.Select((entry, position) => new BarredBlock(entry, position, registry.BlockOf(entry).Bar!))
            .Where(barred => barred.Bar?.Stands(now) == true)];
    }

    /// <inheritdoc/>
    public async ValueTask<BlockEntry?> FindBlockAsync(Pool pool, string prefix, PhoneNumber? number, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        return registry.Known.FindBlock(registry.Known.FindPool(pool.TenantId, pool.PoolId)!, prefix, number);
    }
}
