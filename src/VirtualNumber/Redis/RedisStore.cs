using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// The product's store: one script per step on one Redis or a cluster. A C# file and a Lua file per step, under the same stem.
/// </summary>
internal sealed partial class RedisStore(
    RedisCalls calls, RedisRegistry registry, ProtocolBounds bounds, RedisOptions options, RedisCheck? check = null)
    : INumberPool, INumberStock
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation)
    {
        if (check is not null)
            return await check.RunAsync(cancellation);
        await calls.CallAsync(database => database.PingAsync(), cancellation);
        return [];
    }

    private static RedisValue Ms(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds();

    private static RedisValue Ms(TimeSpan span) => (long)span.TotalMilliseconds;

    private static RedisValue Bytes(Sealing.ClaimId claim) => claim.ToArray();

    /// <summary>A slot as the sets hold it: five digits, so that equal scores sort by slot.</summary>
    private static RedisValue SlotText(uint slot) => slot.ToString("D5");

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
        if (block.IsFilled && !await calls.CallAsync(database => database.KeyExistsAsync(block.Meta), cancellation))
            throw new StoreUnavailableException($"Block {block.Id} has lost its data.");
    }

    private static LeaseRecord RecordOf(RedisBlock block, RedisResult slot, RedisResult packed) =>
        RecordOf(block, uint.Parse((string)slot!), (byte[])packed!);

    private static LeaseRecord RecordOf(RedisBlock block, uint slot, byte[] packed) =>
        RecordFormat.Unpack(packed, block.Pool, block.Id, slot, block.Entry.NumberAt(slot));
}
