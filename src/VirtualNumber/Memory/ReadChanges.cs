using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    private long _forwarded;

    /// <summary>The last change in the log; positions count the changes.</summary>
    public EventPosition LastChange
    {
        get
        {
            lock (Gate)
                return new(0, (ulong)_logSequence);
        }
    }

    /// <summary>read changes: as many as asked for after a position, up to which all are forwarded.</summary>
    public BlockChanges ReadChanges(EventPosition after, int limit)
    {
        lock (Gate)
        {
            var from = (long)after.Number;
            _forwarded = Math.Max(_forwarded, from);
            CutLog();
            var entries = _log.Where(entry => entry.Sequence > from).Take(limit).ToList();
            return new(
                [.. entries.Where(entry => KindOf(entry.Kind) is not null).Select(entry => new LeaseEvent(
                    KindOf(entry.Kind)!.Value, Id, new(0, (ulong)entry.Sequence), entry.Time, entry.Slot!.Value, entry.LeaseTime!.Value))],
                entries.Count > 0 ? new(0, (ulong)entries[^1].Sequence) : after,
                entries.Count > 0 && entries[0].Sequence > from + 1);
        }
    }

    /// <summary>What its tenant hears of; null: of changes of the stock nothing.</summary>
    private static EventKind? KindOf(LogKind kind) => kind switch
    {
        LogKind.Leased => EventKind.Leased,
        LogKind.Reported => EventKind.StatusReported,
        LogKind.Extended => EventKind.Extended,
        LogKind.Reassigned => EventKind.Reassigned,
        LogKind.Released => EventKind.Released,
        LogKind.Expired => EventKind.Expired,
        _ => null,
    };

    /// <summary>What was forwarded goes first; what was not, only when it is far too much.</summary>
    private void CutLog()
    {
        while (_log.Count > _logBounds.Length && (_log.Peek().Sequence <= _forwarded || _log.Count > _logBounds.Most))
            _log.Dequeue();
    }
}
