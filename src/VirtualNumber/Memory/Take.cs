using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.TakeAsync"/>
    public TakeAnswer Take(TakeStep step, DateTimeOffset now)
    {
        lock (Gate)
        {
            var claim = step.Claim;
            if (FindRecord(claim, out var taken))
            {
                taken = Judge(taken, now);
                return new(taken.IsLive(now) ? TakeOutcome.Live : TakeOutcome.Ended, taken);
            }

            if (_closed.ContainsKey(claim.Id))
                return new(TakeOutcome.Closed);

            if (now > claim.Time + _bounds.TakeWindow)
            {
                // The mark binds an instance whose clock is behind and would still take.
                Close(claim, now);
                return new(TakeOutcome.Closed);
            }

            if (step.ExpireTime <= now)
            {
                Close(claim, now);
                return new(TakeOutcome.Over);
            }

            if (FreeSlot(step, now) is not { } slot)
            {
                // Closed, so that a late take of the same claim does not find a slot that the ledger knows nothing of.
                Close(claim, now);
                return new(TakeOutcome.Full);
            }

            var record = step.ToRecord(Pool, slot, Entry.NumberOf(slot), now, Entry.Area);
            Write(record, now);
            Log(LogKind.Leased, record, now);
            return new(TakeOutcome.Live, record, New: true);
        }
    }

    /// <summary>The slot that a take gets, with no record any more; null when none is to be had.</summary>
    protected abstract uint? FreeSlot(TakeStep step, DateTimeOffset now);
}
