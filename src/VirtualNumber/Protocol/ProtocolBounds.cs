namespace VirtualNumber.Protocol;

/// <summary>The times that the lease protocol rests on. Checked at start; the defaults fit a service with clocks kept by NTP.</summary>
public sealed class ProtocolBounds
{
    /// <summary>The longest aging that a pool may have.</summary>
    public static readonly TimeSpan LongestAging = TimeSpan.FromDays(365);

    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    /// <summary>
    /// D: how long after a claim was written a take may still take a slot for it. Longer than any request. At most 1 hour. Default
    /// 2 minutes.
    /// </summary>
    public TimeSpan TakeWindow { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>N: the longest time from sending a command to a store to its execution. At most 1 hour. Default 1 minute.</summary>
    public TimeSpan CommandDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>S: by how much the clocks of two instances may differ. At most 1 hour. Default 10 seconds.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The shortest aging that a pool may have. Default 5 minutes; more than D + N + 3 S, at most 365 days.</summary>
    public TimeSpan LeastAging { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>D + N + 3 S: how long after its claim time a closed claim is remembered.</summary>
    public TimeSpan ClosedKept => TakeWindow + CommandDelay + (3 * ClockSkew);

    /// <summary>What is wrong with these figures, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (TakeWindow <= TimeSpan.Zero || CommandDelay <= TimeSpan.Zero || ClockSkew < TimeSpan.Zero)
        {
            yield return $"{nameof(TakeWindow)} and {nameof(CommandDelay)} must be positive, {nameof(ClockSkew)} not negative.";
        }
        else if (TakeWindow > s_longest || CommandDelay > s_longest || ClockSkew > s_longest)
        {
            yield return $"{nameof(TakeWindow)}, {nameof(CommandDelay)} and {nameof(ClockSkew)} must be at most {s_longest}.";
        }
        else if (LeastAging <= ClosedKept)
        {
            yield return $"{nameof(LeastAging)} ({LeastAging}) must be longer than {nameof(TakeWindow)} + {nameof(CommandDelay)} " +
                $"+ 3 {nameof(ClockSkew)} ({ClosedKept}): a slot could be leased again while an old claim may still take it.";
        }

        if (LeastAging > LongestAging)
            yield return $"{nameof(LeastAging)} must be at most {LongestAging.TotalDays:0} days: no pool could have a longer aging.";
    }
}
