using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>The events of one tenant, in order, and up to where the logs of blocks were forwarded to them.</summary>
internal sealed class EventLog
{
    private readonly Lock _gate = new();
    private readonly List<StreamedEvent> _events = [];
    private readonly Dictionary<uint, EventPosition> _forwarded = [];
    private readonly Dictionary<Digest, PushQueue> _queues = [];
    private EventPosition _cut;
    private EventPosition _end;

    /// <summary>Up to where a block's log was forwarded.</summary>
    public EventPosition FindForwarded(uint block)
    {
        lock (_gate)
            return _forwarded.GetValueOrDefault(block);
    }

    /// <summary>append.</summary>
    public EventPosition Append(AppendEventsStep step, DateTimeOffset now)
    {
        lock (_gate)
        {
            var position = _forwarded.GetValueOrDefault(step.Block);
            if (position != step.From)
                return position;
            foreach (var each in step.Events)
                _events.Add(new(_end = Next(now), each));
            _forwarded[step.Block] = step.To;
            Cut(step.KeepFrom, step.MostKept);
            return step.To;
        }
    }

    /// <summary>read events.</summary>
    public EventPage Read(EventPosition? after, int limit)
    {
        lock (_gate)
            return new(after is { } from ? [.. After(from).Take(limit)] : [], _cut, _end);
    }

    /// <summary>Does something with a webhook's pushes; one that is new begins where the events end.</summary>
    public T WithQueue<T>(Digest webhook, Func<PushQueue, T> step)
    {
        lock (_gate)
        {
            if (!_queues.TryGetValue(webhook, out var queue))
                _queues[webhook] = queue = new(_end);
            return step(queue);
        }
    }

    /// <summary>claim pushes.</summary>
    public ClaimedPushes Claim(ClaimPushesStep step, DateTimeOffset now) => WithQueue(
        step.Queue.Webhook, queue => queue.Claim(step, (after, limit) => [.. After(after).Take(limit)], _cut, now));

    private IEnumerable<StreamedEvent> After(EventPosition position)
    {
        var (low, high) = (0, _events.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _events[middle].Position > position ? (low, middle) : (middle + 1, high);
        }

        return Enumerable.Range(low, _events.Count - low).Select(i => _events[i]);
    }

    /// <summary>Later than all before, also where the clock was put back.</summary>
    private EventPosition Next(DateTimeOffset now)
    {
        var time = (ulong)now.ToUnixTimeMilliseconds();
        return time > _end.Time ? new(time, 0) : _end with { Number = _end.Number + 1 };
    }

    private void Cut(DateTimeOffset keepFrom, int mostKept)
    {
        var old = keepFrom.ToUnixTimeMilliseconds();
        var count = 0;
        while (count < Math.Min(_events.Count, IEventStore.MostCutAtOnce) && ((long)_events[count].Position.Time < old || _events.Count - count > mostKept))
            count++;
        if (count == 0)
            return;
        _cut = _events[count - 1].Position;
        _events.RemoveRange(0, count);
    }
}
