using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.ReclaimAsync"/>
    public ReclaimAnswer Reclaim(int limit, DateTimeOffset now)
    {
        lock (_gate)
        {
            var expired = 0;
            var removed = 0;
            while (expired + removed < limit && _unended.Count > 0 && _unended.Min.Score <= now)
            {
                var slot = _slots[(int)_unended.Min.Slot];
                IsLive(slot, slot.Record!, now);
                expired++;
            }

            while (expired + removed < limit && _ended.Count > 0 && _ended.Min.Score <= now - Aging)
            {
                RemoveRecord(_slots[(int)_ended.Min.Slot]);
                removed++;
            }

            while (expired + removed < limit && _closedByTime.TryPeek(out var claim, out var until) && until <= now)
            {
                _closedByTime.Dequeue();
                _closed.Remove(claim);
                removed++;
            }

            return new(expired, removed, Backlog: expired + removed >= limit);
        }
    }
}
