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

    /// <summary>
    /// How many state changes each block's log keeps at most, about, until they are forwarded as events; then only the last 1,000 of them stay.
    /// At least 1. Default 100,000: 5 MB.
    /// </summary>
    public int LogLength { get; set; } = 100_000;

    /// <summary>
    /// How often the registry of pools and blocks is read on, should the message about a change be lost. 10 ms to 1 second, since
    /// instances agree within a second. Default 500 ms.
    /// </summary>
    public TimeSpan RegistryInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// What an acknowledged change outlives: Everysec, Always or Replicated. A Redis that is set up for less than that bars this
    /// instance. Default Always.
    /// </summary>
    public DurabilityLevel Durability { get; set; } = DurabilityLevel.Always;

    /// <summary>How many replicas must have a change before it is answered, at the level Replicated. 1 to 5. Default 1.</summary>
    public int Replicas { get; set; } = 1;

    /// <summary>
    /// The longest that a change waits for the replicas, at the level Replicated. At least 10 ms and at most half of CallTimeout, since
    /// those that come meanwhile wait for it too. Default 1 second.
    /// </summary>
    public TimeSpan ReplicaTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How much a crash of Redis may forget at the levels that allow it: what ended a short time before rests so much longer. 0 to 1 hour.
    /// Default 10 seconds.
    /// </summary>
    public TimeSpan PossibleLoss { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many leases of a block such a loss may have forgotten: as many of its longest rested numbers rest anew. At least as many as are
    /// leased from a block within PossibleLoss. 0 to 20,000. Default 1,000.
    /// </summary>
    public int ForgottenLeases { get; set; } = 1_000;

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
        if (!Enum.IsDefined(Durability))
            yield return $"{nameof(Durability)} must be one of {string.Join(", ", Enum.GetNames<DurabilityLevel>())}.";
        if (Replicas is < 1 or > 5)
            yield return $"{nameof(Replicas)} must be 1 to 5.";
        // Where nobody waits for replicas the default need not fit a shorter call.
        if (ReplicaTimeout < TimeSpan.FromMilliseconds(10) || (Durability == DurabilityLevel.Replicated && ReplicaTimeout > CallTimeout / 2))
            yield return $"{nameof(ReplicaTimeout)} must be at least 10 ms and at most half of {nameof(CallTimeout)} ({CallTimeout}).";
        if (PossibleLoss < TimeSpan.Zero || PossibleLoss > TimeSpan.FromHours(1))
            yield return $"{nameof(PossibleLoss)} must be 0 to 1 hour.";
        if (ForgottenLeases is < 0 or > Leasing.Pool.MostPlacesPerBlock)
            yield return $"{nameof(ForgottenLeases)} must be 0 to {Leasing.Pool.MostPlacesPerBlock:N0}.";
        // Its text stays out of the message: a password may be in it.
        if (IsUsed && RedisConnection.Parse(Configuration) is null)
            yield return $"{nameof(Configuration)} must be addresses and options that the client knows, with commas between them, for example 127.0.0.1:6379,password=....";
    }
}
