using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// The product's store: one script per step on one Redis or a cluster. A C# file and a Lua file per step, under the same stem.
/// </summary>
internal sealed partial class RedisStore(
    RedisCalls calls, RedisRegistry registry, ProtocolBounds bounds, RedisOptions options, RedisCheck? check = null, RedisDiagnosis? diagnosis = null)
    : INumberPool, INumberStock
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation)
    {
        if (check is not null)
            return await CheckAsync(check, cancellation);
        await calls.CallAsync(database => database.PingAsync(RedisCalls.Primary), cancellation);
        return [];
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
        Script script, RedisBlock block, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values) =>
        (RedisResult[])(await calls.RunAsync(script, block.Keys, [Ms(now), options.LogLength, .. values], cancellation))!;

    private async ValueTask<RedisResult[]> RunOnLedgerAsync(
        Script script, Sealing.Digest delivery, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values) =>
        (RedisResult[])(await calls.RunAsync(script, [Keys.Ledger(delivery)], [Ms(now), .. values], cancellation))!;

    private async ValueTask<RedisBlock> BlockOfAsync(uint id, CancellationToken cancellation) =>
        await registry.FindBlockAsync(id, cancellation) ?? throw new StoreUnavailableException($"Block {id} is not in the registry.");

    /// <summary>What is not there may be lost: a block without its meta has lost its data, and answers nothing. Asked only on a miss.</summary>
    private async ValueTask EnsureThereAsync(RedisBlock block, CancellationToken cancellation)
    {
        if (block.IsFilled && !await calls.CallAsync(database => database.KeyExistsAsync(block.Meta, RedisCalls.Primary), cancellation))
            throw new StoreUnavailableException($"Block {block.Id} has lost its data.");
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
