using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_reassign = Script.OnBlock("Reassign");

    /// <inheritdoc/>
    public ValueTask<HolderAnswer> ReassignAsync(
        HolderKey holder, RequestMark request, ReadOnlyMemory<byte> sealedNumber, Digest numberDigest, DateTimeOffset now, CancellationToken cancellation) =>
        RunOnHolderAsync(
            s_reassign, holder, now, cancellation, RecordFormat.Pack(request), sealedNumber.ToArray(), numberDigest.ToArray(), LeaseRecord.MostReassignments);
}
