namespace VirtualNumber.Leasing;

/// <summary>How calls are remembered, and how often a caller may reach one lease.</summary>
public sealed class CallRecordOptions
{
    private const int MostLimits = 8;

    private static readonly TimeSpan s_longestWithin = TimeSpan.FromDays(7);

    /// <summary>
    /// How long the record of a call is kept, from its first look-up on. What a call tells is personal data: the shortest that serves is
    /// right (PIPL, articles 19 and 47). It holds for calls that come after a change. 1 hour to 180 days. Default 7 days.
    /// </summary>
    public TimeSpan Kept { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How many records a block keeps at most; the oldest go first. 1 to 100,000. Default 20,000.</summary>
    public int MostPerBlock { get; set; } = 20_000;

    /// <summary>
    /// How often one caller is connected by one lease, all limits at once; text messages count like calls; empty: as often as he likes. At most
    /// 8. Default: 1 within a minute, 5 within an hour, 20 within a day.
    /// </summary>
    public IReadOnlyList<CallLimit> Limits { get; set; } =
    [
        new() { Count = 1, Within = TimeSpan.FromMinutes(1) },
        new() { Count = 5, Within = TimeSpan.FromHours(1) },
        new() { Count = 20, Within = TimeSpan.FromDays(1) },
    ];

    /// <summary>What is wrong with these figures, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Kept < TimeSpan.FromHours(1) || Kept > TimeSpan.FromDays(180))
            yield return $"{nameof(Kept)} must be 1 hour to 180 days.";
        if (MostPerBlock is < 1 or > 100_000)
            yield return $"{nameof(MostPerBlock)} must be 1 to 100,000.";
        if (Limits.Count > MostLimits)
            yield return $"{nameof(Limits)} must be at most {MostLimits}.";
        if (Limits.Any(limit => limit.Count is < 1 or > CallLimit.LargestCount))
            yield return $"{nameof(CallLimit.Count)} of each of the {nameof(Limits)} must be 1 to {CallLimit.LargestCount}.";
        if (Limits.Any(limit => limit.Within < TimeSpan.FromSeconds(1) || limit.Within > s_longestWithin))
            yield return $"{nameof(CallLimit.Within)} of each of the {nameof(Limits)} must be 1 s to {s_longestWithin.TotalDays:0} days.";
    }
}

/// <summary>So many calls within such a time, which ends with the call that is judged.</summary>
public sealed record CallLimit
{
    /// <summary>The largest <see cref="Count"/>: so many instants are kept for each caller and lease.</summary>
    public const int LargestCount = 100;

    /// <summary>How many; 1 to 100.</summary>
    public int Count { get; set; }

    /// <summary>Within how long; 1 s to 7 days.</summary>
    public TimeSpan Within { get; set; }
}
