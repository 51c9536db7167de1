using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <summary>
    /// Whether a lease can probably be had here, and how well: null is no, and of two blocks the one with the lower figure is to be
    /// tried first. 0 is as good as can be.
    /// </summary>
    public abstract long? FindRoom(PairParties? parties, DateTimeOffset now);

    /// <summary>Adds the next numbers. They are known to look-ups already, so that none is leased before it can be called.</summary>
    public void Add(int count, DateTimeOffset now)
    {
        lock (Gate)
        {
            for (var i = 0; i < count; i++)
                AddNumber();
            LogStock(LogKind.Stocked, count, now);
        }
    }

    /// <summary>Suspends, restores or retires numbers, by their places; null: all of them.</summary>
    public (int Changed, int Leased, DateTimeOffset? LastExpireTime) Change(
        IReadOnlyCollection<uint>? indices, StockChange change, DateTimeOffset now)
    {
        lock (Gate)
        {
            var (changed, leased) = (0, 0);
            DateTimeOffset? last = null;
            foreach (var index in indices ?? AllNumbers())
            {
                foreach (var record in RecordsOf(index).Where(record => record.IsLive(now)))
                {
                    leased++;
                    last = last > record.ExpireTime ? last : record.ExpireTime;
                }

                if (Become(index, change, now))
                    changed++;
            }

            if (changed > 0)
                LogStock(KindOf(change), changed, now);
            return (changed, leased, last);
        }
    }

    /// <summary>Its counts, and when its next place frees up: null where one is free or none will by itself.</summary>
    public (NumberCounts Counts, DateTimeOffset? NextAvailableTime) Count(DateTimeOffset now)
    {
        lock (Gate)
            return CountPlaces(now);
    }

    /// <summary>
    /// Collects records from a slot on, until there are so many or the budget of places to look at is used up; answers the slot to
    /// go on from, null at the end.
    /// </summary>
    public int? CollectRecords(int from, bool? live, int mostRecords, ref int budget, DateTimeOffset now, List<LeaseRecord> records)
    {
        lock (Gate)
        {
            foreach (var (slot, record) in PlacesFrom((uint)from))
            {
                if (records.Count >= mostRecords || budget-- <= 0)
                    return (int)slot;
                if (record is not null && (live is null || record.IsLive(now) == live))
                    records.Add(Shown(record)!);
            }

            return null;
        }
    }

    /// <summary>How many numbers it has.</summary>
    protected abstract int NumberCount { get; }

    protected abstract void AddNumber();

    /// <summary>The records of a number's slots, in their order.</summary>
    protected abstract IEnumerable<LeaseRecord> RecordsOf(uint index);

    protected abstract (NumberCounts Counts, DateTimeOffset? NextAvailableTime) CountPlaces(DateTimeOffset now);

    /// <summary>Every record from a slot on, and of a number without any its first slot, in the order of the slots.</summary>
    private IEnumerable<(uint Slot, LeaseRecord? Record)> PlacesFrom(uint from)
    {
        for (var index = Entry.IndexOf(from); index < NumberCount; index++)
        {
            var first = Math.Max(from, index * Pool.SlotsPerNumber());
            var records = RecordsOf(index).Where(record => record.Slot >= first).ToList();
            if (records.Count == 0)
                yield return (first, null);
            foreach (var record in records)
                yield return (record.Slot, record);
        }
    }

    private IEnumerable<uint> AllNumbers() => Enumerable.Range(0, NumberCount).Select(index => (uint)index);

    /// <summary>Takes a number out of the stock or puts it back; tells whether that changed its state.</summary>
    private bool Become(uint index, StockChange change, DateTimeOffset now)
    {
        if (change == StockChange.Restore)
            ClearFault(index, now);
        var (before, after) = (GetState(index), GetState(index).After(change));
        if (before == after)
            return false;
        SetReturn(index, null);
        SetState(index, after);
        return true;
    }

    private static LogKind KindOf(StockChange change) => change switch
    {
        StockChange.Suspend => LogKind.Suspended,
        StockChange.Retire => LogKind.Retired,
        _ => LogKind.Restored,
    };
}
