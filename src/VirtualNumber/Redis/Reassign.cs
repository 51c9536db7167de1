using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_reassign = BlockScripts.Same("Reassign");
    private static readonly Script s_reassignPair = Script.OnSharedBlock("ReassignPair", "Takeover", "RestShared", "Heed");

    /// <inheritdoc/>
    public async ValueTask<HolderAnswer> ReassignAsync(ReassignStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await FindBlockAsync(step.Holder, cancellation) is not { } block)
            return Gone;

        var mark = RecordFormat.Pack(step.Request);
        var (number, digest) = ValuesOf(step.Number);
        if (block.Pool.Mode != PoolMode.Pair)
        {
            return await RunOnHolderAsync(
                s_reassign.For(block), block, step.Holder, now, cancellation, mark, number, digest, LeaseRecord.MostReassignments);
        }

        var (peer, peerDigest) = ValuesOf(step.Peer);
        return await RunOnHolderAsync(
            s_reassignPair, block, step.Holder, now, cancellation, mark, LeaseRecord.MostReassignments, Ms(block.Pool.Aging), number, digest, peer,
            peerDigest, step.EndIfBusy ? 1 : 0, TakeoversThatCount, Ms(options.PossibleLoss), Ms(Slack));
    }

    /// <summary>A number as the scripts take it; empty: it stays as it is.</summary>
    private static (RedisValue Sealed, RedisValue Digest) ValuesOf(BoundNumber? number) =>
        number is { } given ? (given.Sealed.ToArray(), given.Digest.ToArray()) : (RedisValue.EmptyString, RedisValue.EmptyString);
}
