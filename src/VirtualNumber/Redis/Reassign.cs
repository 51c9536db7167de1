using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_reassign = Script.OnBlock("Reassign");

    /// <inheritdoc/>
    public ValueTask<HolderAnswer> ReassignAsync(ReassignStep step, DateTimeOffset now, CancellationToken cancellation) =>
        RunOnHolderAsync(
            s_reassign, step.Holder, now, cancellation, RecordFormat.Pack(step.Request), step.Number!.Value.Sealed.ToArray(),
            step.Number!.Value.Digest.ToArray(), LeaseRecord.MostReassignments);
}
