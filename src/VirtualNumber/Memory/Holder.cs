using System.Collections.Immutable;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.GetAsync"/>
    public LeaseRecord? Get(HolderKey holder)
    {
        lock (_gate)
            return FindHolder(holder)?.Record;
    }

    /// <inheritdoc cref="INumberPool.FindAsync"/>
    public LeaseRecord? Find(Claim claim)
    {
        lock (_gate)
            return _claims.TryGetValue(claim.Id, out var index) ? _slots[(int)index].Record : null;
    }

    /// <summary>The slot of a holder; null when the record is gone, of a later or earlier holder, or of another tenant.</summary>
    private Slot? FindHolder(HolderKey holder)
    {
        if (holder.TenantId != Pool.TenantId || holder.Slot >= _slots.Count)
            return null;
        var slot = _slots[(int)holder.Slot];
        return slot.Record?.LeaseTime == holder.LeaseTime ? slot : null;
    }

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
