using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>
/// A run of numbers that share all but their last digits, or a bucket of single numbers: the unit on which each step is atomic.
/// A file per step; every public member holds the gate.
/// </summary>
internal sealed partial class Block
{
    private readonly Lock _gate = new();
    private readonly ProtocolBounds _bounds;
    private readonly int _logLength;
    private readonly List<Slot> _slots = [];

    /// <summary>Slots in stock by the instant their last lease ends: the first is the longest rested.</summary>
    private readonly SortedSet<(DateTimeOffset Score, uint Slot)> _free = [];

    /// <summary>Records not marked as ended, by expire time: what Reclaim writes down next.</summary>
    private readonly SortedSet<(DateTimeOffset Score, uint Slot)> _unended = [];

    /// <summary>Records marked as ended, by their end: what Reclaim removes next.</summary>
    private readonly SortedSet<(DateTimeOffset Score, uint Slot)> _ended = [];

    /// <summary>The claim of every record, and no others.</summary>
    private readonly Dictionary<ClaimId, uint> _claims = [];

    /// <summary>Claims that may take no slot any more, and until when that is remembered.</summary>
    private readonly Dictionary<ClaimId, DateTimeOffset> _closed = [];

    private readonly PriorityQueue<ClaimId, DateTimeOffset> _closedByTime = new();
    private readonly Queue<LogEntry> _log = new();
    private long _logSequence;
    private long _firstFree = NoneFree;

    private const long NoneFree = long.MaxValue;

    public Block(BlockEntry entry, ProtocolBounds bounds, int logLength) => (Entry, _bounds, _logLength) = (entry, bounds, logLength);

    /// <summary>It in the registry.</summary>
    public BlockEntry Entry { get; }

    /// <summary>Its number in the registry; part of every lease id.</summary>
    public uint Id => Entry.Id;

    /// <summary>
    /// The lowest score in stock, in milliseconds, read without the gate: a hint for choosing a block, never an answer.
    /// </summary>
    public long FirstFreeHint => Volatile.Read(ref _firstFree);

    private Pool Pool => Entry.Owner.Pool;

    private TimeSpan Aging => Pool.Aging;

    /// <summary>The log of state changes, oldest first; bounded.</summary>
    public IReadOnlyList<LogEntry> ReadLog()
    {
        lock (_gate)
            return [.. _log];
    }

    /// <summary>
    /// The one judgement whether a record lives. Whoever acts on an expire time that has passed writes the end down, so that an
    /// instance whose clock is behind cannot still bring the lease back.
    /// </summary>
    private bool IsLive(Slot slot, LeaseRecord record, DateTimeOffset now)
    {
        if (record.End != EndReason.None)
            return false;
        if (record.ExpireTime > now)
            return true;
        WriteRecord(slot, record with { End = EndReason.Expired });
        Log(LogKind.Expired, record, now);
        return false;
    }

    /// <summary>Closes a claim; not if the time for which that matters is over.</summary>
    private void Close(Claim claim, DateTimeOffset now)
    {
        var until = claim.Time + _bounds.ClosedKept;
        if (until > now && _closed.TryAdd(claim.Id, until))
            _closedByTime.Enqueue(claim.Id, until);
    }

    /// <summary>Writes a slot's record; its score follows from the record's expire time, and every index with it.</summary>
    private void WriteRecord(Slot slot, LeaseRecord record)
    {
        RemoveFromIndexes(slot);
        slot.Record = record;
        slot.Score = record.ExpireTime;
        (record.End == EndReason.None ? _unended : _ended).Add((slot.Score, slot.Index));
        AddToFree(slot);
    }

    /// <summary>Removes the record of a slot; its score, the rest it has had, stays.</summary>
    private void RemoveRecord(Slot slot)
    {
        _claims.Remove(slot.Record!.Claim);
        _unended.Remove((slot.Score, slot.Index));
        _ended.Remove((slot.Score, slot.Index));
        slot.Record = null;
    }

    private void RemoveFromIndexes(Slot slot)
    {
        var key = (slot.Score, slot.Index);
        _free.Remove(key);
        _unended.Remove(key);
        _ended.Remove(key);
    }

    private void AddToFree(Slot slot)
    {
        if (slot.State == SlotState.InStock)
            _free.Add((slot.Score, slot.Index));
        Volatile.Write(ref _firstFree, _free.Count == 0 ? NoneFree : _free.Min.Score.ToUnixTimeMilliseconds());
    }

    private void Log(LogKind kind, LeaseRecord record, DateTimeOffset now) =>
        Log(new LogEntry(++_logSequence, now, kind, record.Slot, record.LeaseTime, Count: 1));

    private void Log(LogEntry entry)
    {
        _log.Enqueue(entry);
        if (_log.Count > _logLength)
            _log.Dequeue();
    }
}
