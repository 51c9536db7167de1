using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.ReclaimAsync"/>
    public ReclaimAnswer Reclaim(int limit, DateTimeOffset now)
    {
        lock (Gate)
        {
            var (expired, removed) = Tidy(limit, now);
            while (expired + removed < limit && _closedByTime.TryPeek(out var claim, out var until) && until <= now)
            {
                _closedByTime.Dequeue();
                _closed.Remove(claim);
                removed++;
            }

            removed += _calls.Reclaim(limit - expired - removed, now);
            _frequencies.Reclaim(now);
            return new(expired, removed, Backlog: expired + removed >= limit);
        }
    }

    /// <summary>
    /// Writes down what has expired, removes what has rested, then puts back what was faulty; the earliest first, at most <paramref name="limit"/> in all.
    /// </summary>
    protected virtual (int Expired, int Removed) Tidy(int limit, DateTimeOffset now)
    {
        var (expired, removed) = (0, 0);
        for (; expired < limit && _unended.Count > 0 && _unended.Min is var next && next.ExpireTime <= now; expired++)
            Judge(_records[next.Slot], now);
        for (; expired + removed < limit && _ended.Count > 0 && _ended.Min is var next && next.End <= now - Aging; removed++)
            Remove(_records[next.Slot]);
        return (expired, removed + Readmit(limit - expired - removed, now));
    }

    protected bool IsAnyDueBy(DateTimeOffset now) =>
        (_unended.Count > 0 && _unended.Min.ExpireTime <= now) || (_ended.Count > 0 && _ended.Min.End <= now - Aging);

    /// <summary>What <see cref="Tidy"/> would write down or remove if nothing limited it.</summary>
    protected IEnumerable<LeaseRecord> DueBy(DateTimeOffset now) =>
        _unended.TakeWhile(next => next.ExpireTime <= now).Concat(_ended.TakeWhile(next => next.End <= now - Aging))
            .Select(next => _records[next.Slot]);
}
