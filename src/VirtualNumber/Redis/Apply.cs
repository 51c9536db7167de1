using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_apply = BlockScripts.Same("Apply");

    /// <inheritdoc/>
    public async ValueTask<ApplyAnswer> ApplyAsync(
        Claim claim, int reportNumber, Terms terms, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation)
    {
        var block = await BlockOfAsync(claim.Block, cancellation);
        var answer = await RunOnBlockAsync(
            s_apply,
            block,
            now,
            cancellation,
            Bytes(claim.Id),
            Ms(claim.Time),
            Ms(bounds.ClosedKept),
            reportNumber,
            Ms(terms.Instant),
            terms.Final ? 1 : 0,
            Ms(cap));
        return (string)answer[0]! switch
        {
            "unknown" => new(ApplyOutcome.Unknown, null),
            "ended" => new(ApplyOutcome.Ended, await ReadAsync(block, answer[1], answer[2], cancellation)),
            "already" => new(ApplyOutcome.Already, await ReadAsync(block, answer[1], answer[2], cancellation)),
            _ => new(ApplyOutcome.Set, await ReadAsync(block, answer[1], answer[2], cancellation)),
        };
    }
}
