using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>A block whose numbers are leased whole, the longest rested first. A number is a slot.</summary>
internal sealed class DirectBlock(BlockEntry entry, ProtocolBounds bounds, LogBounds log) : Block(entry, bounds, log)
{
    private const long NoneFree = long.MaxValue;

    private readonly List<Slot> _slots = [];

    /// <summary>Slots in stock by the instant their last lease ends: the first is the longest rested.</summary>
    private readonly SortedSet<(DateTimeOffset Score, uint Slot)> _free = [];

    /// <summary>The lowest score in stock, in milliseconds, read without the gate.</summary>
    private long _firstFree = NoneFree;

    protected override int NumberCount => _slots.Count;

    /// <summary>The score of the longest rested number.</summary>
    public override long? FindRoom(PairParties? parties, DateTimeOffset now)
    {
        if (Volatile.Read(ref _firstFree) is var first && first <= (now - Aging).ToUnixTimeMilliseconds())
            return first;
        lock (Gate)
        {
            var rested = Returns.TakeWhile(back => back.Time <= now).Select(back => _slots[(int)back.Index].Score).Where(score => score <= now - Aging);
            return rested.Select(score => (long?)score.ToUnixTimeMilliseconds()).Min();
        }
    }

    protected override uint? FreeSlot(TakeStep step, DateTimeOffset now)
    {
        Readmit(int.MaxValue, now);
        if (_free.Count == 0 || _free.Min.Score > now - Aging)
            return null;

        var slot = _free.Min.Slot;
        if (FindRecord(slot) is { } old)
        {
            if (old.LeaseTime >= now)
                throw new InvalidOperationException($"Slot {slot} of block {Id} would be taken by an epoch that is not larger than its last.");
            // Writes the expiry down if nobody has, so that it is logged before the next holder's lease.
            Remove(Judge(old, now));
        }

        return slot;
    }

    protected override RouteAnswer FindRoute(uint index, RouteStep step, DateTimeOffset now) =>
        index >= _slots.Count ? new(RouteOutcome.NotLeased)
        : _slots[(int)index].State == StockState.Suspended ? new(RouteOutcome.Suspended)
        : FindRecord(index) is { } record ? RouteOf(record, record.IsLive(now))
        : new(RouteOutcome.NotLeased);

    protected override void OnWritten(LeaseRecord? before, LeaseRecord after, DateTimeOffset now)
    {
        var slot = _slots[(int)after.Slot];
        _free.Remove((slot.Score, slot.Index));
        slot.Score = after.ExpireTime;
        AddToFree(slot);
    }

    protected override void OnRemoved(LeaseRecord record)
    {
        // The score, the rest that the slot has had, stays.
    }

    protected override void AddNumber()
    {
        var slot = new Slot((uint)_slots.Count);
        _slots.Add(slot);
        AddToFree(slot);
    }

    protected override StockState GetState(uint index) => _slots[(int)index].State;

    protected override void SetState(uint index, StockState state)
    {
        var slot = _slots[(int)index];
        _free.Remove((slot.Score, slot.Index));
        slot.State = state;
        AddToFree(slot);
    }

    protected override IEnumerable<LeaseRecord> RecordsOf(uint index) => FindRecord(index) is { } record ? [record] : [];

    protected override (NumberCounts Counts, DateTimeOffset? NextAvailableTime) CountPlaces(DateTimeOffset now)
    {
        var counts = default(NumberCounts);
        foreach (var slot in _slots)
            counts += CountOf(slot, now);
        DateTimeOffset? next = counts.Available > 0 || _free.Count == 0 ? null : _free.Min.Score + Aging;
        foreach (var (back, index) in counts.Available > 0 ? [] : Returns)
        {
            var time = _slots[(int)index].Score + Aging is var rested && rested > back ? rested : back;
            next = time < next ? time : next ?? time;
        }

        return (counts, next);
    }

    private NumberCounts CountOf(Slot slot, DateTimeOffset now)
    {
        var leased = slot.Score > now;
        return StateOf(slot.Index, now) switch
        {
            StockState.Faulty when !leased => new NumberCounts(0, 0, 0, 0, 0, 0) { Faulty = 1 },
            StockState.Suspended => new(0, 0, 0, 1, 0, 0),
            StockState.Retired => new(0, 0, 0, 0, 1, leased ? 1 : 0),
            _ when leased => new(0, 1, 0, 0, 0, 0),
            _ when slot.Score > now - Aging => new(0, 0, 1, 0, 0, 0),
            _ => new(1, 0, 0, 0, 0, 0),
        };
    }

    private void AddToFree(Slot slot)
    {
        if (slot.State == StockState.InStock)
            _free.Add((slot.Score, slot.Index));
        Volatile.Write(ref _firstFree, _free.Count == 0 ? NoneFree : _free.Min.Score.ToUnixTimeMilliseconds());
    }
}
