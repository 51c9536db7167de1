namespace VirtualNumber.Leasing;

/// <summary>What a status means for the expire time.</summary>
/// <param name="Instant">The expire time it asks for, before floor and cap.</param>
/// <param name="Final">Whether it goes below the floor of an extension. Only CANCELLED does.</param>
public readonly record struct Terms(DateTimeOffset Instant, bool Final);

/// <summary>Why an event's time is refused.</summary>
public enum EventTimeFault
{
    /// <summary>It is not.</summary>
    None = 0,

    /// <summary>It is further ahead of the clock than <see cref="LeaseTermsOptions.FutureTolerance"/>.</summary>
    InTheFuture = 1,

    /// <summary>It is longer ago than <see cref="LeaseTermsOptions.OldestEvent"/>.</summary>
    TooOld = 2,
}
