using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>What is counted within a window, in this process alone: guesses, leases of a minute.</summary>
internal sealed class Counters
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, Counter> _counters = [];

    /// <inheritdoc cref="INumberPool.FindBarAsync"/>
    public DateTimeOffset? FindBar(Digest counter, DateTimeOffset now)
    {
        lock (_gate)
            return _counters.TryGetValue(counter, out var known) && known.IsBarred && known.End > now ? known.End : null;
    }

    /// <inheritdoc cref="INumberPool.CountAsync"/>
    public CountAnswer Count(CountStep step, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (!_counters.TryGetValue(step.Counter, out var counter) || counter.End <= now)
                counter = new Counter(0, now + step.Window, IsBarred: false);
            if (counter.IsBarred)
                return new(Counted: false, counter.End);

            counter = counter with { Count = counter.Count + 1 };
            if (counter.Count >= step.Limit)
                counter = counter with { IsBarred = true, End = step.BarredFor is { } barred ? now + barred : counter.End };
            _counters[step.Counter] = counter;
            return new(Counted: true, counter.IsBarred ? counter.End : null);
        }
    }

    /// <summary>Removes what is over.</summary>
    public void Reclaim(DateTimeOffset now)
    {
        lock (_gate)
        {
            foreach (var (counter, known) in _counters)
            {
                if (known.End <= now)
                    _counters.Remove(counter);
            }
        }
    }

    /// <param name="Count">How many since it began.</param>
    /// <param name="End">Until when the count goes on, or the bar.</param>
    /// <param name="IsBarred">Whether it is barred.</param>
    private readonly record struct Counter(int Count, DateTimeOffset End, bool IsBarred);
}
