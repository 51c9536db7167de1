using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>Nothing that is promised rests on it: a look-up waits for no replica, and for no slot that moves.</summary>
    private static readonly Script s_recordCall = Script.OnCall("RecordCall").Unconfirmed().Hasty();

    /// <inheritdoc/>
    public async ValueTask<RecordCallOutcome> RecordCallAsync(CallStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await registry.LocateAsync(step.Called, cancellation) is not var (block, index))
            return RecordCallOutcome.NoBlock;
        if (!block.IsFilled && !await IsFilledByNowAsync(block, cancellation))
            return RecordCallOutcome.NoBlock;

        var frequency = step.Frequency;
        var answer = await RunOnCallAsync(
            s_recordCall,
            block,
            [block.Meta, block.Calls, block.CallsDue, Keys.CallFrequency(block.Id, frequency?.Counter ?? default)],
            [
                .. CallArguments(step.Call, step.Lease, CallFormat.Pack(step.Source, index), step.Keeping, now),
                (int)step.Outcome,
                (int)ResolveOutcome.TooFrequent,
                frequency is null ? RedisValue.EmptyString : CallFormat.Pack(frequency.Limits),
                frequency?.Remembered ?? 0,
                Ms(frequency?.Longest ?? TimeSpan.Zero),
                Ms(3 * bounds.ClockSkew),
                Ms(CallFrequency.SameCallWithin),
            ],
            cancellation);
        return (int)answer == 1 ? RecordCallOutcome.Recorded : RecordCallOutcome.TooFrequent;
    }

    private static RedisValue[] CallArguments(Digest call, LeaseOfCall? lease, byte[] source, CallKeeping keeping, DateTimeOffset now) =>
    [
        Ms(now), call.ToArray(), lease?.Slot ?? 0, lease is { } known ? Ms(known.LeaseTime) : 0, source, Ms(keeping.Kept), keeping.MostPerBlock,
        INumberPool.MostEvictedPerCall,
    ];

    /// <summary>Runs a script on records of calls; a block that has lost its data is barred like by any other.</summary>
    private async ValueTask<RedisResult> RunOnCallAsync(
        Script script, RedisBlock block, RedisKey[] keys, RedisValue[] values, CancellationToken cancellation)
    {
        block.ThrowIfBarred();
        var watch = block.Watch;
        try
        {
            return await calls.RunAsync(script, keys, values, cancellation);
        }
        catch (StoreUnavailableException fault) when (BarReasonOf(block, fault) is { } reason)
        {
            await BarAsync(block, watch, new(reason, calls.Time.GetNow()), cancellation);
            throw;
        }
    }
}
