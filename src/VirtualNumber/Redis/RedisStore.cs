using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// The product's store: one script per step on one Redis or a cluster. A C# file and a Lua file per step, under the same stem.
/// </summary>
internal sealed partial class RedisStore(
    RedisCalls calls, RedisRegistry registry, ProtocolBounds bounds, RedisOptions options, RedisCheck? check = null, RedisDiagnosis? diagnosis = null)
    : INumberPool, INumberStock, IEventStore
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation)
    {
        IReadOnlyList<StoreFinding> findings = [];
        if (check is not null)
            findings = await CheckAsync(check, cancellation);
        else
            await calls.CallAsync(database => database.PingAsync(RedisCalls.Primary), cancellation);
        return await FindBarsAsync(cancellation) is { } bars ? [.. findings, bars] : findings;
    }

    private async ValueTask<IReadOnlyList<StoreFinding>> CheckAsync(RedisCheck fitness, CancellationToken cancellation)
    {
        try
        {
            var findings = await fitness.RunAsync(cancellation);
            calls.Diagnosed = null;
            return findings;
        }
        catch (Exception fault) when (diagnosis is not null && fault is StoreUnavailableException or OperationCanceledException)
        {
            var explained = await diagnosis.ExplainAsync(fault, cancellation);
            calls.Diagnosed = explained.Trouble;
            throw explained;
        }
    }

    private static RedisValue Ms(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds();

    private static RedisValue Ms(TimeSpan span) => (long)span.TotalMilliseconds;

    private static RedisValue Bytes(Sealing.ClaimId claim) => claim.ToArray();

    /// <summary>A number's place in its block as Redis holds it, which where numbers are not shared is its slot: five digits.</summary>
    internal static RedisValue IndexText(uint index) => index.ToString("D5");

    private ValueTask<RedisResult[]> RunOnBlockAsync(
        BlockScripts scripts, RedisBlock block, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values) =>
        RunOnBlockAsync(scripts.For(block), block, now, cancellation, values);

    private async ValueTask<RedisResult[]> RunOnBlockAsync(
        Script script, RedisBlock block, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values)
    {
        block.ThrowIfBarred();
        return (RedisResult[])(await RunMarkedAsync(script, block, now, cancellation, values)).Answer!;
    }

    /// <summary>
    /// The one place that runs a script on a block: it gives the mark that this instance has seen last, keeps the one that is answered, and
    /// bars the block when it is not what it was.
    /// </summary>
    private async ValueTask<(LogMark? Mark, RedisResult Answer)> RunMarkedAsync(
        Script script, RedisBlock block, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values)
    {
        var (watch, generation) = (block.Watch, calls.Generation);
        try
        {
            RedisValue[] all = [Ms(now), options.LogLength, .. values, watch.Seen?.Text ?? RedisValue.EmptyString];
            var answer = (RedisResult[])(await calls.RunAsync(script, block.Keys, all, cancellation))!;
            var mark = answer[0].IsNull ? null : LogMark.Parse((string)answer[0]!);
            Learn(watch, mark, script.IsConfirmed);
            block.Note(mark);
            watch.LookedAt(generation);
            return (mark, answer[1]);
        }
        catch (StoreUnavailableException fault) when (BarReasonOf(block, fault) is { } reason)
        {
            await BarAsync(block, watch, new(reason, calls.Time.GetNow()), cancellation);
            throw;
        }
    }

    private async ValueTask<RedisResult[]> RunOnLedgerAsync(
        Script script, Sealing.Digest delivery, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values) =>
        (RedisResult[])(await calls.RunAsync(script, [Keys.Ledger(delivery)], [Ms(now), .. values], cancellation))!;

    private async ValueTask<RedisBlock> BlockOfAsync(uint id, CancellationToken cancellation) =>
        await registry.FindBlockAsync(id, cancellation) ?? throw new StoreUnavailableException($"Block {id} is not in the registry.");

    /// <summary>
    /// Whether a block is filled that was not, as far as this instance knew. From one that is not nobody has leased: whatever is in its keys is
    /// not its own.
    /// </summary>
    private async ValueTask<bool> IsFilledByNowAsync(RedisBlock block, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        return block.IsFilled;
    }

    /// <summary>What is not there may be lost: a block without its meta has lost its data, and answers nothing. Asked only on a miss.</summary>
    private async ValueTask EnsureThereAsync(RedisBlock block, CancellationToken cancellation)
    {
        var watch = block.Watch;
        if (!await calls.CallAsync(database => database.KeyExistsAsync(block.Meta, RedisCalls.Primary), cancellation))
            await ThrowLostAsync(block, watch, cancellation);
    }

    /// <summary>The block's meta is not there: unless nobody has filled it, its data is lost.</summary>
    private async ValueTask ThrowLostAsync(RedisBlock block, BlockWatch watch, CancellationToken cancellation)
    {
        if (!block.IsFilled)
            return;
        await BarAsync(block, watch, new(BarReason.DataLost, calls.Time.GetNow()), cancellation);
        throw new StoreUnavailableException($"Block {block.Id} has lost its data.") { Trouble = StoreTrouble.DataLost };
    }

    /// <summary>
    /// A record that a script answered. Another instance may have put its number into the block a moment ago: the registry has it, since
    /// a number is there before its slot is in stock.
    /// </summary>
    private async ValueTask<LeaseRecord> ReadAsync(RedisBlock block, uint slot, byte[] packed, CancellationToken cancellation)
    {
        var index = block.Entry.IndexOf(slot);
        if (index >= block.Entry.NumberCount)
            await registry.RefreshAsync(cancellation);
        return index < block.Entry.NumberCount
            ? RecordOf(block, slot, packed)
            : throw new StoreUnavailableException($"Slot {slot} of block {block.Id} is not in the registry.");
    }

    private ValueTask<LeaseRecord> ReadAsync(RedisBlock block, RedisResult slot, RedisResult packed, CancellationToken cancellation) =>
        ReadAsync(block, uint.Parse((string)slot!, CultureInfo.InvariantCulture), (byte[])packed!, cancellation);

    private static LeaseRecord RecordOf(RedisBlock block, uint slot, byte[] packed) =>
        RecordFormat.Unpack(packed, block.Entry, slot, block.Entry.NumberOf(slot));
}
