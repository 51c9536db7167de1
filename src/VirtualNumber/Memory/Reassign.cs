using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.ReassignAsync"/>
    public HolderAnswer Reassign(ReassignStep step, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (FindHolder(step.Holder) is not { Record: { } record } slot)
                return new(HolderOutcome.Gone, null);
            if (Seen(record.Reassignments, step.Request) is { } seen)
                return new(seen, record);
            if (!IsLive(slot, record, now))
                return new(HolderOutcome.Ended, slot.Record);

            var remembered = record.Reassignments.Add(step.Request);
            if (remembered.Length > LeaseRecord.MostReassignments)
                remembered = remembered.RemoveAt(0);
            record = record with { Reassignments = remembered };
            if (step.Number is { } number)
                record = record with { SealedNumber = number.Sealed, NumberDigest = number.Digest };
            WriteRecord(slot, record);
            Log(LogKind.Reassigned, record, now);
            return new(HolderOutcome.Done, record);
        }
    }
}
