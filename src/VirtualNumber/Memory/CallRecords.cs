using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>The calls of a block.</summary>
internal sealed class CallRecords
{
    private readonly Dictionary<Digest, CallRecord> _records = [];

    /// <summary>The order in which they are removed and listed.</summary>
    private readonly SortedSet<(DateTimeOffset Due, Digest Call)> _due = [];

    public CallRecord? Find(Digest call) => _records.GetValueOrDefault(call);

    /// <summary>Writes a record; where there are too many then, the oldest go.</summary>
    public void Write(CallRecord record, int most)
    {
        _records[record.Call] = record;
        if (!_due.Add((record.DueTime, record.Call)))
            return;
        for (var evicted = 0; _due.Count > most && evicted < INumberPool.MostEvictedPerCall; evicted++)
            Remove(_records[_due.Min.Call]);
    }

    public void Remove(CallRecord record)
    {
        _records.Remove(record.Call);
        _due.Remove((record.DueTime, record.Call));
    }

    /// <summary>Removes what is due; at most so many.</summary>
    public int Reclaim(int limit, DateTimeOffset now)
    {
        var removed = 0;
        for (; removed < limit && _due.Count > 0 && _due.Min.Due <= now; removed++)
            Remove(_records[_due.Min.Call]);
        return removed;
    }

    /// <summary>Those behind a place, in order.</summary>
    public IEnumerable<CallRecord> After(DateTimeOffset? due, Digest call) =>
        (due is { } from ? _due.Where(place => place.CompareTo((from, call)) > 0) : _due).Select(place => _records[place.Call]);
}
