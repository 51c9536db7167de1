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

    internal bool IsExpired => !IsLeased && !IsRemoved && Before!.End == EndReason.None && After!.End == EndReason.Expired;

    internal bool IsReleased => !IsLeased && !IsRemoved && Before!.End == EndReason.None && After!.End == EndReason.Released;

    internal bool IsReported => !IsLeased && !IsRemoved && After!.ReportNumber != Before!.ReportNumber;

    internal bool IsExtended => !IsLeased && !IsRemoved && After!.Extensions.Length != Before!.Extensions.Length;

    internal bool IsReassigned => !IsLeased && !IsRemoved && !After!.Reassignments.SequenceEqual(Before!.Reassignments);

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

    /// <summary>Whether two records say the same; lists are compared by what is in them.</summary>
    internal static bool Same(LeaseRecord one, LeaseRecord other) =>
        ReferenceEquals(one, other)
        || (Bare(one) == Bare(other)
            && one.SealedNumber.Span.SequenceEqual(other.SealedNumber.Span)
            && one.Extensions.SequenceEqual(other.Extensions)
            && one.Reassignments.SequenceEqual(other.Reassignments));

    /// <summary>Whether nothing changed beyond what the function does to the earlier record.</summary>
    internal bool IsOnly(Func<LeaseRecord, LeaseRecord> change) => Same(change(Before!), After!);

    private static LeaseRecord Bare(LeaseRecord record) =>
        record with { SealedNumber = default, Extensions = [], Reassignments = [] };
}
