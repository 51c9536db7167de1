using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_take = new(
        Script.OnBlock("Take", "Takeover", "Rest", "Heed", "Undecided"),
        Script.OnSharedBlock("TakeShared", "Takeover", "RestShared", "Heed", "Tidy", "Room", "Undecided"));

    /// <inheritdoc/>
    public async ValueTask<TakeAnswer> TakeAsync(TakeStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        var block = await BlockOfAsync(step.Claim.Block, cancellation);
        // Packed, it has neither slot nor number: the script chooses.
        var record = step.ToRecord(block.Pool, slot: 0, block.Entry.NumberAt(0), now);
        var watch = block.Watch;
        var answer = await RunTakeAsync(block, step, now, record, cancellation);
        switch ((string)answer[0]!)
        {
            case "taken":
                block.FirstFreeHint = HintOf((string)answer[3]!);
                return new(TakeOutcome.Live, await ReadAsync(block, answer[1], answer[2], cancellation), New: true);
            case "live":
                return new(TakeOutcome.Live, await ReadAsync(block, answer[1], answer[2], cancellation));
            case "ended":
                return new(TakeOutcome.Ended, await ReadAsync(block, answer[1], answer[2], cancellation));
            case "closed":
                return new(TakeOutcome.Closed);
            case "over":
                return new(TakeOutcome.Over);
            case "resting":
                await RestAsync(block, watch, answer[1], cancellation);
                return new(TakeOutcome.Full);
            default:
                block.FirstFreeHint = HintOf((string)answer[1]!);
                return new(TakeOutcome.Full);
        }
    }

    private async ValueTask<RedisResult[]> RunTakeAsync(
        RedisBlock block, TakeStep step, DateTimeOffset now, LeaseRecord record, CancellationToken cancellation)
    {
        try
        {
            RedisValue[] choice = block.IsShared
                ? [INumberPool.MostDuePerTake, Pack(step.Choice?.Candidates ?? []), step.Choice?.Pick ?? 0]
                : [];
            var answer = await RunOnBlockAsync(
                s_take,
                block,
                now,
                cancellation,
                [
                    Bytes(step.Claim.Id),
                    Ms(step.Claim.Time),
                    WindowOf(step, block),
                    Ms(bounds.ClosedKept),
                    Ms(block.Pool.Aging),
                    RecordFormat.Pack(record),
                    TakeoversThatCount,
                    Ms(options.PossibleLoss),
                    Ms(Slack),
                    options.ForgottenLeases,
                    .. choice,
                ]);
            block.Answered();
            return answer;
        }
        // Not where this instance did not even ask: that tells nothing of the block.
        catch (StoreUnavailableException fault) when (fault.InnerException is not null)
        {
            block.Avoid(now);
            throw;
        }
    }

    /// <summary>After which changes of the server a block reckons with forgotten leases: what the level of durability promises tells (Heed.lua).</summary>
    private RedisValue TakeoversThatCount => options.Durability switch
    {
        DurabilityLevel.Everysec => "any",
        DurabilityLevel.Always => "takeover",
        _ => RedisValue.EmptyString,
    };

    /// <summary>By how much later the now of a take may have been, that was forgotten, than the now of whoever reckons with it.</summary>
    private TimeSpan Slack => bounds.CommandDelay + (2 * bounds.ClockSkew);

    /// <summary>A claim in a block of another pool than the one that is asked has none: it takes nothing, and is closed.</summary>
    private RedisValue WindowOf(TakeStep step, RedisBlock block) =>
        step.PoolId is { } asked && asked != block.Pool.PoolId ? long.MinValue / 2 : Ms(bounds.TakeWindow);

    /// <summary>Two bytes each: a number has ten thousand slots at most.</summary>
    private static byte[] Pack(ImmutableArray<uint> candidates)
    {
        var packed = new byte[candidates.Length * sizeof(ushort)];
        for (var i = 0; i < candidates.Length; i++)
            BinaryPrimitives.WriteUInt16BigEndian(packed.AsSpan(i * sizeof(ushort)), checked((ushort)candidates[i]));
        return packed;
    }

    /// <summary>The instant that a block answers as its hint; -1: nothing in it will ever be free, as far as can be seen.</summary>
    private static long HintOf(string score) => score == "-1" ? RedisBlock.NoneFree : (long)double.Parse(score, CultureInfo.InvariantCulture);
}
