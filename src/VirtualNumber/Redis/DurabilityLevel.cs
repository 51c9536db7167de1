namespace VirtualNumber.Redis;

/// <summary>
/// What an acknowledged change outlives. What is declared is checked against the servers (<see cref="RedisCheck"/>). The embedded
/// store's level, nothing at all, has no word here.
/// </summary>
public enum DurabilityLevel
{
    /// <summary>Redis writes to disk about once a second: a crash may forget a second of changes, or more where the disk is slow.</summary>
    Everysec,

    /// <summary>Redis writes to disk before it answers: one Redis forgets nothing. A replica that takes over may not have been told yet.</summary>
    Always,

    /// <summary>A change is answered once so many replicas have it too: it outlives the loss of its master.</summary>
    Replicated,
}
