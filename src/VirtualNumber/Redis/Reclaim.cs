using System.Runtime.ExceptionServices;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>So many blocks are looked at in one call at most, so that its length does not grow with the stock.</summary>
    private const int BlocksPerReclaim = 200;

    private static readonly BlockScripts s_reclaim = new BlockScripts(
        Script.OnBlock("Reclaim", "Takeover", "Rest", "Heed", "ForgetCalls"),
        Script.OnSharedBlock("ReclaimShared", "Takeover", "RestShared", "Heed", "Tidy", "ForgetCalls")).Unconfirmed();

    /// <summary>So many blocks may fail in one call until it gives up: those of a shard that is away stand between the others.</summary>
    private const int FaultsPerReclaim = 10;

    private int _reclaimTurn;

    /// <inheritdoc/>
    /// <remarks>
    /// One block after the other, in turns. Ledgers go by their own expiry. A block that cannot be had, its data or its shard being lost,
    /// keeps no other from its turn; the call fails in the end.
    /// </remarks>
    public async ValueTask<ReclaimAnswer> ReclaimAsync(int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        var blocks = registry.Known.Blocks;
        var (expired, removed) = (0, 0);
        var faults = new List<StoreUnavailableException>();
        var startedAt = calls.Time.GetTimestamp();
        for (var looked = 0; looked < Math.Min(blocks.Length, BlocksPerReclaim) && faults.Count < FaultsPerReclaim; looked++)
        {
            var turn = (uint)(Interlocked.Increment(ref _reclaimTurn) - 1);
            var block = registry.BlockOf(blocks[(int)(turn % (uint)blocks.Length)]);
            // What is left of a barred block is for the operator to see as it is.
            if (!block.IsFilled || block.Bar is { IsWhole: true })
                continue;

            var watch = block.Watch;
            try
            {
                // Where numbers are shared Reclaim keeps no marks, so it has nowhere to look back from.
                RedisValue[] lookBack = block.IsShared ? [] : [Ms(3 * bounds.ClockSkew)];
                var answer = await RunOnBlockAsync(
                    s_reclaim,
                    block,
                    now,
                    cancellation,
                    [limit - expired - removed, Ms(block.Pool.Aging), TakeoversThatCount, Ms(options.PossibleLoss), Ms(Slack), options.ForgottenLeases, .. lookBack]);
                (expired, removed) = (expired + (int)answer[0], removed + (int)answer[1]);
                if (block.IsShared && InstantOf(answer[3]) > now)
                    await RestAsync(block, watch, answer[3], cancellation);
                if ((int)answer[2] == 1)
                    return new(expired, removed, Backlog: true);
            }
            catch (StoreUnavailableException fault)
            {
                faults.Add(fault);
                // Those that are kept waiting make this now old; the next call goes on with a new one.
                if (calls.Time.GetElapsedTime(startedAt) >= options.CallTimeout)
                    break;
            }
        }

        if (faults.Count > 0)
            ExceptionDispatchInfo.Throw(faults[0]);
        return new(expired, removed, Backlog: false);
    }
}
