using System.Diagnostics.CodeAnalysis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>
/// A run of numbers that share all but their last digits, or a bucket of single numbers: the unit on which each step is atomic.
/// Here is what every mode has: records, claims, the log, and the steps on them, a file per step. Which slots there are and which of
/// them is free the kinds of block know. Every public member holds the gate.
/// </summary>
internal abstract partial class Block
{
    private readonly ProtocolBounds _bounds;
    private readonly LogBounds _logBounds;

    /// <summary>The record of each slot that has one: from the take until the slot has rested.</summary>
    private readonly Dictionary<uint, LeaseRecord> _records = [];

    /// <summary>Records not marked as ended, by expire time: what is written down next.</summary>
    private readonly SortedSet<(DateTimeOffset ExpireTime, uint Slot)> _unended = [];

    /// <summary>Records marked as ended, by their end: what is removed next.</summary>
    private readonly SortedSet<(DateTimeOffset End, uint Slot)> _ended = [];

    /// <summary>The claim of every record, and no others.</summary>
    private readonly Dictionary<ClaimId, uint> _claims = [];

    /// <summary>Claims that may take no slot any more, and until when that is remembered.</summary>
    private readonly Dictionary<ClaimId, DateTimeOffset> _closed = [];

    private readonly PriorityQueue<ClaimId, DateTimeOffset> _closedByTime = new();
    private readonly Queue<LogEntry> _log = new();
    private long _logSequence;

    protected Block(BlockEntry entry, ProtocolBounds bounds, LogBounds log) => (Entry, _bounds, _logBounds) = (entry, bounds, log);

    /// <summary>It in the registry.</summary>
    public BlockEntry Entry { get; }

    /// <summary>Its number in the registry; part of every lease id.</summary>
    public uint Id => Entry.Id;

    protected Lock Gate { get; } = new();

    protected Pool Pool => Entry.Owner.Pool;

    protected TimeSpan Aging => Pool.Aging;

    /// <summary>An empty block of the kind that its pool's mode asks for.</summary>
    public static Block Create(BlockEntry entry, ProtocolBounds bounds, LogBounds log) => entry.Owner.Pool.Mode switch
    {
        PoolMode.Extension => new ExtensionBlock(entry, bounds, log),
        PoolMode.Pair => new PairBlock(entry, bounds, log),
        _ => new DirectBlock(entry, bounds, log),
    };

    /// <summary>The log of state changes, oldest first; bounded by its length, and where they are not forwarded yet by more.</summary>
    public IReadOnlyList<LogEntry> ReadLog()
    {
        lock (Gate)
            return [.. _log];
    }

    protected LeaseRecord? FindRecord(uint slot) => _records.GetValueOrDefault(slot);

    /// <summary>
    /// The one judgement whether a record lives: the record, marked as ended if its expire time has passed. Whoever acts on that writes it
    /// down, so that an instance whose clock is behind cannot still bring the lease back.
    /// </summary>
    protected LeaseRecord Judge(LeaseRecord record, DateTimeOffset now)
    {
        if (record.End != EndReason.None || record.ExpireTime > now)
            return record;
        record = record with { End = EndReason.Expired };
        Write(record, now);
        Log(LogKind.Expired, record, now);
        return record;
    }

    /// <summary>Writes a slot's record, and every index with it.</summary>
    protected void Write(LeaseRecord record, DateTimeOffset now)
    {
        if (_records.TryGetValue(record.Slot, out var before))
            IndexOf(before).Remove((before.ExpireTime, before.Slot));
        else
            _claims.Add(record.Claim, record.Slot);
        _records[record.Slot] = record;
        IndexOf(record).Add((record.ExpireTime, record.Slot));
        OnWritten(before, record, now);
    }

    /// <summary>Removes a record that has rested.</summary>
    protected void Remove(LeaseRecord record)
    {
        _claims.Remove(record.Claim);
        _records.Remove(record.Slot);
        IndexOf(record).Remove((record.ExpireTime, record.Slot));
        OnRemoved(record);
    }

    /// <summary>Keeps the books of the kind of block after a record was written.</summary>
    /// <param name="before">What stood there; null: a slot was taken.</param>
    /// <param name="after">What stands there.</param>
    /// <param name="now">When.</param>
    protected abstract void OnWritten(LeaseRecord? before, LeaseRecord after, DateTimeOffset now);

    /// <summary>Keeps them after one was removed.</summary>
    protected abstract void OnRemoved(LeaseRecord record);

    /// <summary>Closes a claim; not if the time for which that matters is over.</summary>
    private void Close(Claim claim, DateTimeOffset now)
    {
        var until = claim.Time + _bounds.ClosedKept;
        if (until > now && _closed.TryAdd(claim.Id, until))
            _closedByTime.Enqueue(claim.Id, until);
    }

    private bool FindRecord(Claim claim, [NotNullWhen(true)] out LeaseRecord? record)
    {
        record = _claims.TryGetValue(claim.Id, out var slot) ? _records[slot] : null;
        return record is not null;
    }

    private SortedSet<(DateTimeOffset, uint)> IndexOf(LeaseRecord record) => record.End == EndReason.None ? _unended : _ended;

    private void Log(LogKind kind, LeaseRecord record, DateTimeOffset now) => Log(kind, record.Slot, record.LeaseTime, 1, now);

    private void LogStock(LogKind kind, int count, DateTimeOffset now) => Log(kind, null, null, count, now);

    private void Log(LogKind kind, uint? slot, DateTimeOffset? leaseTime, int count, DateTimeOffset now)
    {
        _log.Enqueue(new LogEntry(++_logSequence, now, kind, slot, leaseTime, count));
        CutLog();
    }
}
