namespace VirtualNumber.Leasing;

/// <summary>How many extensions may be tried that reach nobody, before all of them are refused for a while.</summary>
public sealed class GuessOptions
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    /// <summary>So many misses of one caller, on whichever numbers. Default 5; at least 1.</summary>
    public int MissesPerCaller { get; set; } = 5;

    /// <summary>So many misses at one number, by whichever callers. Default 50; at least 1.</summary>
    public int MissesPerNumber { get; set; } = 50;

    /// <summary>Misses are counted for so long, from the first one. Default 10 minutes; at most 1 day.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>So long the caller, or everybody at the number, is refused then. Default 10 minutes; at most 1 day.</summary>
    public TimeSpan LockOut { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What is wrong with these figures, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (MissesPerCaller < 1 || MissesPerNumber < 1)
            yield return $"{nameof(MissesPerCaller)} and {nameof(MissesPerNumber)} must be at least 1.";
        if (Window <= TimeSpan.Zero || Window > s_longest || LockOut <= TimeSpan.Zero || LockOut > s_longest)
            yield return $"{nameof(Window)} and {nameof(LockOut)} must be positive and at most {s_longest.TotalDays:0} day.";
    }
}
