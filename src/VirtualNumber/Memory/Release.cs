using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.ReleaseAsync"/>
    public HolderAnswer Release(HolderKey holder, DateTimeOffset now)
    {
        lock (Gate)
        {
            if (FindHolder(holder) is not { } record)
                return new(HolderOutcome.Gone, null);

            // The rest of a lease that expired runs from its expire time, whatever is released later.
            record = Judge(record, now);
            if (record.End != EndReason.None)
                return new(HolderOutcome.Ended, record);

            record = record with { End = EndReason.Released, ExpireTime = now };
            Write(record, now);
            Log(LogKind.Released, record, now);
            return new(HolderOutcome.Done, record);
        }
    }
}
