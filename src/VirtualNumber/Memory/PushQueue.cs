using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>The pushes of one webhook. Its tenant's log holds the gate.</summary>
internal sealed class PushQueue(EventPosition start)
{
    private static readonly TimeSpan s_probedWithin = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Push> _pushes = [];
    private readonly Dictionary<string, DateTimeOffset> _due = [];
    /// <summary>When the next try of those that were refused is, by the schedule: a try before that spends none.</summary>
    private readonly Dictionary<string, DateTimeOffset> _retries = [];

    private readonly List<ParkedPush> _parked = [];
    private EventPosition _position = start;

    /// <summary>claim pushes.</summary>
    /// <param name="step">What to do.</param>
    /// <param name="after">Reads the stream after a position.</param>
    /// <param name="cut">The last event that is gone.</param>
    /// <param name="now">When.</param>
    public ClaimedPushes Claim(ClaimPushesStep step, Func<EventPosition, int, List<StreamedEvent>> after, EventPosition cut, DateTimeOffset now)
    {
        var lost = false;
        for (var made = 0; made < step.Limit && _due.Count < step.MostOutstanding && _parked.Count < step.MostParked; made++)
        {
            var events = new List<LeaseEvent>();
            if (cut > _position)
            {
                (lost, _position) = (true, cut);
                events.Add(LeaseEvent.Lost(0, _position, now));
            }

            var room = step.EventsPerPush - events.Count;
            var page = room > 0 ? after(_position, room) : [];
            // Once half of the places are taken by what was refused, a place is for a full push only.
            if (page.Count < room && _retries.Count * 2 >= step.MostOutstanding && !lost)
                break;
            events.AddRange(page.Select(each => each.Event));
            if (events.Count == 0)
                break;
            if (page.Count > 0)
                _position = page[^1].Position;
            var id = Push.IdOf(_position);
            _pushes[id] = new(id, 0, 0, now, PushFault.None, events);
            _due[id] = now;
        }

        var waiting = after(_position, 1).Count > 0;
        // All wait for a later retry: the first of them asks in a minute whether the webhook is back.
        if (waiting && _due.Count > 0 && _due.Values.Min() > now + s_probedWithin)
            _due[_due.OrderBy(each => each.Value).ThenBy(each => each.Key, StringComparer.Ordinal).First().Key] = now + s_probedWithin;

        var due = _due.Where(each => each.Value <= now).OrderBy(each => each.Value).ThenBy(each => each.Key, StringComparer.Ordinal)
            .Take(step.Limit).Select(each => each.Key).ToList();
        foreach (var id in due)
        {
            _pushes[id] = _pushes[id] with { Claim = _pushes[id].Claim + 1 };
            _due[id] = now + step.ClaimedFor;
        }

        return new([.. due.Select(id => _pushes[id])], _due.Count, _parked.Count, waiting, lost);
    }

    /// <summary>end push.</summary>
    public bool End(EndPushStep step, DateTimeOffset now)
    {
        if (!_pushes.TryGetValue(step.Id, out var push))
            return false;
        if (step.Fault == PushFault.None)
        {
            // The webhook is back: those that wait are due; those on their way have another time, when their claim ends.
            if (_retries.ContainsKey(step.Id))
            {
                foreach (var (id, _) in _retries.Where(each => _due[each.Key] == each.Value))
                    _due[id] = now;
            }

            _retries.Remove(step.Id);
            _pushes.Remove(step.Id);
            _due.Remove(step.Id);
            _parked.RemoveAll(parked => parked.Push.Id == step.Id);
            return true;
        }

        if (push.Claim != step.Claim || !_due.ContainsKey(step.Id))
            return false;
        if (_retries.TryGetValue(step.Id, out var scheduled) && scheduled > now)
        {
            _pushes[step.Id] = push with { LastFault = step.Fault };
            _due[step.Id] = scheduled;
            return false;
        }

        _pushes[step.Id] = push = push with { Failures = push.Failures + 1, LastFault = step.Fault };
        if (step.RetryTime is { } time)
        {
            _due[step.Id] = _retries[step.Id] = time;
        }
        else
        {
            _due.Remove(step.Id);
            _retries.Remove(step.Id);
            _parked.Add(new(push, now));
        }

        return true;
    }

    /// <summary>The parked ones after one.</summary>
    public IReadOnlyList<ParkedPush> ListParked(ParkedPlace? after, int limit) =>
        [.. Ordered().Where(parked => parked.Place.IsAfter(after)).Take(limit)];

    /// <summary>retry pushes.</summary>
    public int Retry(IReadOnlyList<string> ids, int limit, DateTimeOffset now)
    {
        var again = Ordered().Where(parked => ids.Count == 0 || ids.Contains(parked.Push.Id)).Take(limit).ToList();
        foreach (var parked in again)
        {
            _parked.Remove(parked);
            _pushes[parked.Push.Id] = parked.Push with { Failures = 0 };
            _due[parked.Push.Id] = now;
        }

        return again.Count;
    }

    private IEnumerable<ParkedPush> Ordered() =>
        _parked.OrderBy(parked => parked.ParkedTime).ThenBy(parked => parked.Push.Id, StringComparer.Ordinal);
}
