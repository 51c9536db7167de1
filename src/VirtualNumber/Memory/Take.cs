using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.TakeAsync"/>
    public TakeAnswer Take(TakeStep step, DateTimeOffset now)
    {
        lock (_gate)
        {
            var claim = step.Claim;
            if (_claims.TryGetValue(claim.Id, out var taken))
            {
                var slot = _slots[(int)taken];
                var outcome = IsLive(slot, slot.Record!, now) ? TakeOutcome.Live : TakeOutcome.Ended;
                return new(outcome, slot.Record);
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

            if (_free.Count == 0 || _free.Min.Score > now - Aging)
            {
                // Closed, so that a late take of the same claim does not find a slot that the ledger knows nothing of.
                Close(claim, now);
                return new(TakeOutcome.Full);
            }

            return new(TakeOutcome.Live, TakeLongestRested(step, now), New: true);
        }
    }

    private LeaseRecord TakeLongestRested(TakeStep step, DateTimeOffset now)
    {
        var slot = _slots[(int)_free.Min.Slot];
        if (slot.Record is { } old)
        {
            if (old.LeaseTime >= now)
                throw new InvalidOperationException($"Slot {slot.Index} of block {Id} would be taken by an epoch that is not larger than its last.");
            // Writes the expiry down if nobody has, so that it is logged before the next holder's lease.
            IsLive(slot, old, now);
            RemoveRecord(slot);
        }

        var record = step.ToRecord(Pool, slot.Index, slot.Number, now);
        WriteRecord(slot, record);
        _claims.Add(record.Claim, slot.Index);
        Log(LogKind.Leased, record, now);
        return record;
    }
}
