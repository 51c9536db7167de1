using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.ReassignAsync"/>
    public HolderAnswer Reassign(ReassignStep step, DateTimeOffset now)
    {
        lock (Gate)
        {
            if (FindHolder(step.Holder) is not { } record)
                return new(HolderOutcome.Gone, null);
            if (Seen(record.Reassignments, step.Request) is { } seen)
                return new(seen == HolderOutcome.Repeated && MovedIt(record, step) ? HolderOutcome.Moved : seen, record);
            record = Judge(record, now);
            if (record.End != EndReason.None)
                return new(HolderOutcome.Ended, record);

            var reassigned = Reassigned(record, step);
            if (!MayStand(record, reassigned, now))
                return step.EndIfBusy ? Move(record, step, now) : new(HolderOutcome.Busy, record);

            Write(reassigned, now);
            Log(LogKind.Reassigned, reassigned, now);
            return new(HolderOutcome.Done, reassigned);
        }
    }

    /// <summary>Whether whoever joins may be on the record's number.</summary>
    protected virtual bool MayStand(LeaseRecord before, LeaseRecord after, DateTimeOffset now) => true;

    /// <summary>Ends the lease here, so that the same request may lease another number.</summary>
    private HolderAnswer Move(LeaseRecord record, ReassignStep step, DateTimeOffset now)
    {
        record = Remembering(record, step) with
        {
            End = EndReason.Released,
            ExpireTime = now,
            Pair = record.Pair! with { EndBeforeMove = record.ExpireTime },
        };
        Write(record, now);
        Log(LogKind.Released, record, now);
        return new(HolderOutcome.Moved, record);
    }

    /// <summary>Whether it was this request that ended the lease: the last one, since nothing is reassigned after that.</summary>
    private static bool MovedIt(LeaseRecord record, ReassignStep step) =>
        record.Pair is { Moved: true } && record.Reassignments[^1].Request == step.Request.Request;

    private static LeaseRecord Reassigned(LeaseRecord record, ReassignStep step)
    {
        record = Remembering(record, step);
        if (step.Number is { } number)
            record = record with { SealedNumber = number.Sealed, NumberDigest = number.Digest };
        if (step.Peer is { } peer)
            record = record with { Pair = record.Pair! with { SealedPeer = peer.Sealed, Peer = peer.Digest } };
        return record;
    }

    private static LeaseRecord Remembering(LeaseRecord record, ReassignStep step)
    {
        var remembered = record.Reassignments.Add(step.Request);
        return record with { Reassignments = remembered.Length > LeaseRecord.MostReassignments ? remembered.RemoveAt(0) : remembered };
    }
}
