using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.ResolveAsync"/>
    public RouteAnswer Resolve(uint index, DateTimeOffset now)
    {
        lock (_gate)
        {
            // Known to the registry, and about to be filled.
            if (index >= _slots.Count)
                return new(RouteOutcome.NotLeased);
            var slot = _slots[(int)index];
            if (slot.State == SlotState.Suspended)
                return new(RouteOutcome.Suspended);
            if (slot.Record is not { } record)
                return new(RouteOutcome.NotLeased);

            // A read: it judges by mark and time, and leaves the writing down to those who change something.
            return new(record.IsLive(now) ? RouteOutcome.Route : RouteOutcome.Ended, record, Pool.WithheldCallersAllowed);
        }
    }
}
