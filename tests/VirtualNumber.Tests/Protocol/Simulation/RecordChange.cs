using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>How one slot's record changed in one step.</summary>
/// <param name="Before">The record before; null: none.</param>
/// <param name="After">The record after; null: removed.</param>
internal sealed record RecordChange(LeaseRecord? Before, LeaseRecord? After)
{
    internal LeaseRecord Record => (After ?? Before)!;

    internal bool IsLeased => After is not null && Before?.LeaseTime != After.LeaseTime;

    internal bool IsRemoved => After is null;

    internal bool IsExpired => IsOfOne && Before!.End == EndReason.None && After!.End == EndReason.Expired;

    internal bool IsReleased => IsOfOne && Before!.End == EndReason.None && After!.End == EndReason.Released;

    internal bool IsReported => IsOfOne && After!.ReportNumber != Before!.ReportNumber;

    internal bool IsExtended => IsOfOne && After!.Extensions.Length != Before!.Extensions.Length;

    internal bool IsReassigned => IsOfOne && !IsMoved && !After!.Reassignments.SequenceEqual(Before!.Reassignments);

    /// <summary>A reassignment ended it, for another number.</summary>
    internal bool IsMoved => IsOfOne && After!.Pair is { Moved: true } && Before!.Pair is { Moved: false };

    /// <summary>Of one holder.</summary>
    private bool IsOfOne => !IsLeased && !IsRemoved;

    /// <summary>The log entries that this change must have written.</summary>
    internal IEnumerable<(uint Block, LogKind Kind, uint Slot, DateTimeOffset LeaseTime)> Entries()
    {
        var kinds = new (bool Happened, LogKind Kind)[]
        {
            (IsLeased, LogKind.Leased), (IsExpired, LogKind.Expired), (IsReleased, LogKind.Released),
            (IsReported, LogKind.Reported), (IsExtended, LogKind.Extended), (IsReassigned, LogKind.Reassigned),
        };
        if ((IsLeased || IsRemoved) && Before is { End: EndReason.None } unmarked)
            yield return (unmarked.Block, LogKind.Expired, unmarked.Slot, unmarked.LeaseTime);
        foreach (var (_, kind) in kinds.Where(kind => kind.Happened))
            yield return (Record.Block, kind, Record.Slot, Record.LeaseTime);
    }

    /// <summary>Whether nothing changed beyond what the function does to the earlier record.</summary>
    internal bool IsOnly(Func<LeaseRecord, LeaseRecord> change) => change(Before!) == After;
}
