using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <summary>Adds the next slots. Their numbers are known to look-ups already, so that none is leased before it can be called.</summary>
    public void Add(int count, DateTimeOffset now)
    {
        lock (_gate)
        {
            for (var i = 0; i < count; i++)
            {
                var slot = new Slot((uint)_slots.Count, Entry.NumberAt((uint)_slots.Count));
                _slots.Add(slot);
                AddToFree(slot);
            }

            Log(new LogEntry(++_logSequence, now, LogKind.Stocked, null, null, count));
        }
    }

    /// <summary>Suspends, restores or retires slots; null: all of them.</summary>
    public (int Changed, int Leased, DateTimeOffset? LastExpireTime) Change(
        IReadOnlyCollection<uint>? slots, StockChange change, DateTimeOffset now)
    {
        lock (_gate)
        {
            var (changed, leased) = (0, 0);
            DateTimeOffset? last = null;
            foreach (var slot in slots?.Select(index => _slots[(int)index]) ?? _slots)
            {
                if (slot.Record is { } record && record.IsLive(now))
                {
                    leased++;
                    last = last > record.ExpireTime ? last : record.ExpireTime;
                }

                if (Become(slot, change))
                    changed++;
            }

            if (changed > 0)
                Log(new LogEntry(++_logSequence, now, KindOf(change), null, null, changed));
            return (changed, leased, last);
        }
    }

    /// <summary>Its counts, and when its next number frees up: null where one is free or none will by itself.</summary>
    public (NumberCounts Counts, DateTimeOffset? NextAvailableTime) Count(DateTimeOffset now)
    {
        lock (_gate)
        {
            var counts = default(NumberCounts);
            foreach (var slot in _slots)
                counts += CountOf(slot, now);
            DateTimeOffset? next = counts.Available > 0 || _free.Count == 0 ? null : _free.Min.Score + Aging;
            return (counts, next);
        }
    }

    /// <summary>
    /// Collects records from a slot on, until there are so many or the budget of slots to look at is used up; answers the slot to
    /// go on from, null at the end.
    /// </summary>
    public int? CollectRecords(int from, bool? live, int mostRecords, ref int budget, DateTimeOffset now, List<LeaseRecord> records)
    {
        lock (_gate)
        {
            for (var i = from; i < _slots.Count; i++)
            {
                if (records.Count >= mostRecords || budget-- <= 0)
                    return i;
                if (_slots[i].Record is { } record && (live is null || record.IsLive(now) == live))
                    records.Add(record);
            }

            return null;
        }
    }

    private bool Become(Slot slot, StockChange change)
    {
        var state = (change, slot.State) switch
        {
            (StockChange.Restore, _) => SlotState.InStock,
            (StockChange.Retire, _) => SlotState.Retired,
            // What is retired stays so: suspending it would bring it back to life at the next restore.
            (StockChange.Suspend, SlotState.InStock) => SlotState.Suspended,
            _ => slot.State,
        };
        if (state == slot.State)
            return false;

        _free.Remove((slot.Score, slot.Index));
        slot.State = state;
        AddToFree(slot);
        return true;
    }

    private NumberCounts CountOf(Slot slot, DateTimeOffset now)
    {
        var leased = slot.Score > now;
        return slot.State switch
        {
            SlotState.Suspended => new(0, 0, 0, 1, 0, 0),
            SlotState.Retired => new(0, 0, 0, 0, 1, leased ? 1 : 0),
            _ when leased => new(0, 1, 0, 0, 0, 0),
            _ when slot.Score > now - Aging => new(0, 0, 1, 0, 0, 0),
            _ => new(1, 0, 0, 0, 0, 0),
        };
    }

    private static LogKind KindOf(StockChange change) => change switch
    {
        StockChange.Suspend => LogKind.Suspended,
        StockChange.Retire => LogKind.Retired,
        _ => LogKind.Restored,
    };
}
