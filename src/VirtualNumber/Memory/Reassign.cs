using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.ReassignAsync"/>
    public HolderAnswer Reassign(
        HolderKey holder, RequestMark request, ReadOnlyMemory<byte> sealedNumber, Digest numberDigest, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (FindHolder(holder) is not { Record: { } record } slot)
                return new(HolderOutcome.Gone, null);
            if (Seen(record.Reassignments, request) is { } seen)
                return new(seen, record);
            if (!IsLive(slot, record, now))
                return new(HolderOutcome.Ended, slot.Record);

            var remembered = record.Reassignments.Add(request);
            if (remembered.Length > LeaseRecord.MostReassignments)
                remembered = remembered.RemoveAt(0);
            record = record with { SealedNumber = sealedNumber, NumberDigest = numberDigest, Reassignments = remembered };
            WriteRecord(slot, record);
            Log(LogKind.Reassigned, record, now);
            return new(HolderOutcome.Done, record);
        }
    }
}
