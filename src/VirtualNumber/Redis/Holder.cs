using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_find = BlockScripts.Same("Find", "Faults");

    private static readonly BlockScripts s_get = BlockScripts.Same("Get", "Faults");

    private static HolderAnswer Gone => new(HolderOutcome.Gone, null);

    /// <inheritdoc/>
    public async ValueTask<LeaseRecord?> FindAsync(Claim claim, CancellationToken cancellation)
    {
        var block = await BlockOfAsync(claim.Block, cancellation);
        var answer = await RunOnBlockAsync(s_find, block, DateTimeOffset.UnixEpoch, cancellation, Bytes(claim.Id));
        return answer.Length == 0 ? null : await ReadAsync(block, answer[0], answer[1], cancellation) with { FaultySince = SinceOf(answer[2]) };
    }

    /// <inheritdoc/>
    public async ValueTask<LeaseRecord?> GetAsync(HolderKey holder, CancellationToken cancellation)
    {
        if (await FindBlockAsync(holder, cancellation) is not { } block)
            return null;
        if (!block.IsFilled && !await IsFilledByNowAsync(block, cancellation))
            return null;

        // By a script, which waits for replicas where that is declared: somebody may act on it, and what a fail-over can still undo is not shown.
        var answer = await RunOnBlockAsync(s_get, block, DateTimeOffset.UnixEpoch, cancellation, block.SlotText(holder.Slot));
        if (answer.Length == 0)
            return null;

        var record = await ReadAsync(block, holder.Slot, (byte[])answer[0]!, cancellation);
        return record.LeaseTime == holder.LeaseTime ? record with { FaultySince = SinceOf(answer[1]) } : null;
    }

    private static DateTimeOffset? SinceOf(RedisResult answer) =>
        (string)answer! is { Length: > 0 } text ? DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(text, CultureInfo.InvariantCulture)) : null;

    /// <summary>The block of a holder; null when there is none, or it is another tenant's.</summary>
    private async ValueTask<RedisBlock?> FindBlockAsync(HolderKey holder, CancellationToken cancellation) =>
        await registry.FindBlockAsync(holder.Block, cancellation) is { } block && block.Pool.TenantId == holder.TenantId ? block : null;

    /// <summary>Runs a script on one holder: slot and epoch first.</summary>
    private async ValueTask<HolderAnswer> RunOnHolderAsync(
        BlockScripts scripts, HolderKey holder, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values)
    {
        if (await FindBlockAsync(holder, cancellation) is not { } block)
            return Gone;
        return await RunOnHolderAsync(scripts.For(block), block, holder, now, cancellation, values);
    }

    private async ValueTask<HolderAnswer> RunOnHolderAsync(
        Script script, RedisBlock block, HolderKey holder, DateTimeOffset now, CancellationToken cancellation, params RedisValue[] values)
    {
        var answer = await RunOnBlockAsync(
            script, block, now, cancellation, [block.SlotText(holder.Slot), Ms(holder.LeaseTime), .. values]);
        HolderOutcome? outcome = (string)answer[0]! switch
        {
            "gone" => null,
            "repeated" => HolderOutcome.Repeated,
            "other" => HolderOutcome.OtherContent,
            "ended" => HolderOutcome.Ended,
            "limit" => HolderOutcome.Limit,
            "busy" => HolderOutcome.Busy,
            "moved" => HolderOutcome.Moved,
            _ => HolderOutcome.Done,
        };
        return outcome is { } known ? new(known, await ReadAsync(block, holder.Slot, (byte[])answer[1]!, cancellation)) : Gone;
    }
}
