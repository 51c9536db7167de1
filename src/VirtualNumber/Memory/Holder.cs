using System.Collections.Immutable;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.GetAsync"/>
    public LeaseRecord? Get(HolderKey holder)
    {
        lock (Gate)
            return Shown(FindHolder(holder));
    }

    /// <inheritdoc cref="INumberPool.FindAsync"/>
    public LeaseRecord? Find(Claim claim)
    {
        lock (Gate)
            return FindRecord(claim, out var record) ? Shown(record) : null;
    }

    /// <summary>A holder's record; null when it is gone, of a later or earlier holder, or of another tenant.</summary>
    private LeaseRecord? FindHolder(HolderKey holder) =>
        holder.TenantId == Pool.TenantId && FindRecord(holder.Slot) is { } record && record.LeaseTime == holder.LeaseTime ? record : null;

    private static HolderOutcome? Seen(ImmutableArray<RequestMark> requests, RequestMark request)
    {
        foreach (var seen in requests)
        {
            if (seen.Request == request.Request)
                return seen.Content == request.Content ? HolderOutcome.Repeated : HolderOutcome.OtherContent;
        }

        return null;
    }
}
