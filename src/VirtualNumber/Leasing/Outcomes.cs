namespace VirtualNumber.Leasing;

/// <summary>What became of a request for a lease, in order of precedence: where two apply, the earlier one is answered.</summary>
public enum CreateLeaseOutcome
{
    /// <summary>The number is leased: now, or by an earlier try of the same request.</summary>
    Leased,

    /// <summary>The tenant has no such pool.</summary>
    PoolUnknown,

    /// <summary>The real number is itself a virtual number.</summary>
    RealNumberInPool,

    /// <summary>The request id was used for the same role with other content.</summary>
    RequestIdReused,

    /// <summary>The role has a live lease with another real number.</summary>
    RoleTaken,

    /// <summary>This request got a lease before, and that lease has ended.</summary>
    LeaseEnded,

    /// <summary>The delivery's latest status leaves a new lease no time.</summary>
    DeliveryOver,

    /// <summary>No number is available; some are aging.</summary>
    NumbersAging,

    /// <summary>No number is available and none is aging.</summary>
    PoolEmpty,

    /// <summary>Other requests for the same role kept getting in between.</summary>
    Contended,
}

/// <summary>What became of a verb on one lease, in order of precedence.</summary>
public enum LeaseOutcome
{
    /// <summary>Done, or done before by the same request.</summary>
    Done,

    /// <summary>The lease id was not made by this service, or was damaged.</summary>
    LeaseIdInvalid,

    /// <summary>The real number is itself a virtual number (reassign).</summary>
    RealNumberInPool,

    /// <summary>No such lease of this tenant, or its record is gone after its number's rest.</summary>
    LeaseUnknown,

    /// <summary>The request id was used with other content (extend, reassign).</summary>
    RequestIdReused,

    /// <summary>The lease has ended (extend, reassign).</summary>
    LeaseEnded,

    /// <summary>All extensions are used (extend).</summary>
    ExtensionLimitReached,
}

/// <summary>What became of a status event.</summary>
public enum ReportOutcome
{
    /// <summary>It is the delivery's latest event now.</summary>
    Applied,

    /// <summary>The same event was known.</summary>
    Repeated,

    /// <summary>A newer event is known.</summary>
    Older,

    /// <summary>The delivery's status is terminal and this one does not follow it.</summary>
    AfterTerminal,
}

/// <summary>What a look-up came to, in order of precedence. Only <see cref="Connect"/> connects.</summary>
public enum ResolveOutcome
{
    /// <summary>The call goes to the real number.</summary>
    Connect,

    /// <summary>The called number is in no pool.</summary>
    NotStocked,

    /// <summary>The called number is suspended.</summary>
    Suspended,

    /// <summary>Nobody holds the called number, and nobody has since its last rest.</summary>
    NotLeased,

    /// <summary>The last lease of the called number is over: released, expired, or past its expire time.</summary>
    Ended,

    /// <summary>The caller is withheld, and the pool does not connect such calls.</summary>
    CallerWithheld,

    /// <summary>The holder dials the number that stands for the holder.</summary>
    CallerIsHolder,

    /// <summary>The bound number has since become a virtual number: connecting would loop.</summary>
    RealNumberInPool,
}
