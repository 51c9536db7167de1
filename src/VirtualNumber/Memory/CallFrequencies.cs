using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>Which calls of a caller were connected by a lease of late.</summary>
internal sealed class CallFrequencies
{
    private readonly Dictionary<Digest, List<(DateTimeOffset Time, Digest Call)>> _connected = [];
    private readonly Dictionary<Digest, DateTimeOffset> _ends = [];

    /// <summary>Whether a call may be connected; then it is counted, unless it was before and is still the same call.</summary>
    public bool Count(CallFrequency frequency, Digest call, DateTimeOffset now)
    {
        var connected = (_connected.GetValueOrDefault(frequency.Counter) ?? []).Where(known => known.Time > now - frequency.Longest).ToList();
        if (connected.Exists(known => known.Call == call && known.Time > now - CallFrequency.SameCallWithin))
            return true;
        if (frequency.Limits.Any(limit => connected.Count(known => known.Time > now - limit.Within) >= limit.Count))
            return false;

        connected.Add((now, call));
        if (connected.Count > frequency.Remembered)
            connected.RemoveAt(0);
        _connected[frequency.Counter] = connected;
        _ends[frequency.Counter] = now + frequency.Longest;
        return true;
    }

    /// <summary>Removes what is over.</summary>
    public void Reclaim(DateTimeOffset now)
    {
        foreach (var (counter, end) in _ends)
        {
            if (end <= now && _ends.Remove(counter))
                _connected.Remove(counter);
        }
    }
}
