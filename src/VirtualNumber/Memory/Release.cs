using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.ReleaseAsync"/>
    public HolderAnswer Release(HolderKey holder, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (FindHolder(holder) is not { Record: { } record } slot)
                return new(HolderOutcome.Gone, null);

            // The rest of a lease that expired runs from its expire time, whatever is released later.
            if (!IsLive(slot, record, now))
                return new(HolderOutcome.Ended, slot.Record);

            record = record with { End = EndReason.Released, ExpireTime = now };
            WriteRecord(slot, record);
            Log(LogKind.Released, record, now);
            return new(HolderOutcome.Done, record);
        }
    }
}
