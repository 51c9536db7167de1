namespace VirtualNumber.Protocol;

/// <summary>How what happens to leases is told.</summary>
public sealed class EventOptions
{
    /// <summary>How long an event is kept at most when others follow, 1 minute to 90 days. Default 7 days.</summary>
    public TimeSpan Kept { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How many events of a tenant are kept at most, 1,000 to 100,000,000; each takes about 50 bytes of the store. Default 1,000,000.</summary>
    public int MostKept { get; set; } = 1_000_000;

    /// <summary>The wait between two looks for what is new, 10 ms to 10 seconds. Default 250 ms.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often a watch says that it is there when nothing happens, 1 second to 5 minutes. Default 15 seconds.</summary>
    public TimeSpan HeartBeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>What is wrong with these figures, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Kept < TimeSpan.FromMinutes(1) || Kept > TimeSpan.FromDays(90))
            yield return $"{nameof(Kept)} must be 1 minute to 90 days.";
        if (MostKept is < 1_000 or > 100_000_000)
            yield return $"{nameof(MostKept)} must be 1,000 to 100,000,000.";
        if (Interval < TimeSpan.FromMilliseconds(10) || Interval > TimeSpan.FromSeconds(10))
            yield return $"{nameof(Interval)} must be 10 ms to 10 seconds.";
        if (HeartBeat < TimeSpan.FromSeconds(1) || HeartBeat > TimeSpan.FromMinutes(5))
            yield return $"{nameof(HeartBeat)} must be 1 second to 5 minutes.";
    }
}
