namespace VirtualNumber.Redis;

/// <summary>How to reach the Redis store.</summary>
public sealed class RedisOptions
{
    /// <summary>
    /// Addresses and options as the client reads them, none that it does not know, for example <c>127.0.0.1:6379</c>, or the nodes of a
    /// cluster with commas. Empty: the embedded store.
    /// </summary>
    public string Configuration { get; set; } = "";

    /// <summary>The longest that one call to Redis may take, when the caller's own deadline is not earlier. Positive,
    /// at most Bounds:CommandDelay. Default 2 seconds.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How many calls may be on their way at once; more are refused at once. At least 1. Default 10,000.</summary>
    public int CallsInFlight { get; set; } = 10_000;

    /// <summary>How many state changes each block's log keeps, about. At least 1. Default 1,000.</summary>
    public int LogLength { get; set; } = 1_000;

    /// <summary>
    /// How often the registry of pools and blocks is read on, should the message about a change be lost. 10 ms to 1 second, since
    /// instances agree within a second. Default 500 ms.
    /// </summary>
    public TimeSpan RegistryInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether there is a Redis to use.</summary>
    internal bool IsUsed => !string.IsNullOrWhiteSpace(Configuration);

    /// <summary>What is wrong with these figures, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate(TimeSpan commandDelay)
    {
        // Without a Redis the default need not fit shorter bounds.
        if (CallTimeout <= TimeSpan.Zero || (IsUsed && CallTimeout > commandDelay))
            yield return $"{nameof(CallTimeout)} must be positive and at most Bounds:CommandDelay ({commandDelay}).";
        if (CallsInFlight < 1)
            yield return $"{nameof(CallsInFlight)} must be at least 1.";
        if (LogLength < 1)
            yield return $"{nameof(LogLength)} must be at least 1.";
        if (RegistryInterval < TimeSpan.FromMilliseconds(10) || RegistryInterval > TimeSpan.FromSeconds(1))
            yield return $"{nameof(RegistryInterval)} must be 10 ms to 1 second.";
        // Its text stays out of the message: a password may be in it.
        if (IsUsed && RedisConnection.Parse(Configuration) is null)
            yield return $"{nameof(Configuration)} must be addresses and options that the client knows, with commas between them, for example 127.0.0.1:6379,password=....";
    }
}
