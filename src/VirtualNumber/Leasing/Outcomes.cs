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

    /// <summary>The peer's number is itself a virtual number.</summary>
    PeerNumberInPool,

    /// <summary>Numbers of the real number's kind may not be bound in this pool.</summary>
    RealNumberKindNotAllowed,

    /// <summary>Numbers of the peer's kind may not be bound in this pool.</summary>
    PeerNumberKindNotAllowed,

    /// <summary>A peer or a direction is given, and the pool's numbers are not shared by pairs.</summary>
    PoolNotPair,

    /// <summary>The request id was used for the same role with other content.</summary>
    RequestIdReused,

    /// <summary>The role has a live lease with another real number, or with other call rules than are asked for.</summary>
    RoleTaken,

    /// <summary>This request got a lease before, and that lease has ended.</summary>
    LeaseEnded,

    /// <summary>The delivery's latest status leaves a new lease no time.</summary>
    DeliveryOver,

    /// <summary>The tenant or the pool has as many leases as it may have.</summary>
    QuotaExceeded,

    /// <summary>A party of the pair is on every number that has room.</summary>
    PartySaturated,

    /// <summary>The area that was insisted on has no number available.</summary>
    AreaEmpty,

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

    /// <summary>The peer's number is itself a virtual number (reassign).</summary>
    PeerNumberInPool,

    /// <summary>No such lease of this tenant, or its record is gone after its number's rest.</summary>
    LeaseUnknown,

    /// <summary>Numbers of the real number's kind may not be bound in the lease's pool (reassign).</summary>
    RealNumberKindNotAllowed,

    /// <summary>Numbers of the peer's kind may not be bound there (reassign).</summary>
    PeerNumberKindNotAllowed,

    /// <summary>The request id was used with other content (extend, reassign).</summary>
    RequestIdReused,

    /// <summary>The lease has ended (extend, reassign).</summary>
    LeaseEnded,

    /// <summary>A peer is given, and the lease's number is not shared by pairs (reassign).</summary>
    PoolNotPair,

    /// <summary>All extensions are used (extend).</summary>
    ExtensionLimitReached,

    /// <summary>A joining party is on the lease's number already, or rests there (reassign).</summary>
    PartyBusy,

    /// <summary>A joining party is, and another number could not be had (reassign); why, the answer tells.</summary>
    NoOtherNumber,
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

/// <summary>
/// What a look-up came to, in order of precedence. Only <see cref="Connect"/> connects. The values are those of the public document, and of
/// stored call records: what comes new gets a new one.
/// </summary>
public enum ResolveOutcome
{
    /// <summary>Not an outcome: no look-up of the call was seen.</summary>
    Unspecified = 0,

    /// <summary>The call goes to the real number.</summary>
    Connect = 1,

    /// <summary>The called number is shared by extension: the caller is to key one in.</summary>
    CollectDigits = 2,

    /// <summary>The caller has guessed too often of late, or too many have at this number: nothing is looked up.</summary>
    LockedOut = 3,

    /// <summary>The called number is in no pool.</summary>
    NotStocked = 4,

    /// <summary>The called number is none of those that the gateway has.</summary>
    GatewayNotAllowed = 16,

    /// <summary>The called number is suspended.</summary>
    Suspended = 5,

    /// <summary>
    /// Nobody holds the called number, or the extension that was keyed in, and nobody has since its last rest; or the caller is no party
    /// of a pair on it.
    /// </summary>
    NotLeased = 6,

    /// <summary>The lease is over: released, expired, or past its expire time; the caller is a stranger.</summary>
    Ended = 7,

    /// <summary>The lease is over, or stands for others by now, and the caller was a party of it.</summary>
    EndedForParty = 8,

    /// <summary>The caller is withheld, and the pool does not connect such calls.</summary>
    CallerWithheld = 9,

    /// <summary>The holder dials the number that stands for the holder.</summary>
    CallerIsHolder = 10,

    /// <summary>The caller is a party of the pair, and only the other one may call.</summary>
    DirectionNotAllowed = 11,

    /// <summary>The caller is a party of the pair, and the other one is not known yet.</summary>
    PeerUnknown = 12,

    /// <summary>The rules of pool or lease connect no calls at this time.</summary>
    OutsideHours = 17,

    /// <summary>The rules of pool or lease block this caller.</summary>
    CallerBlocked = 18,

    /// <summary>The rules of pool or lease connect some callers only, and this is none of them, or is withheld.</summary>
    CallerNotAllowed = 19,

    /// <summary>The bound number has since become a virtual number: connecting would loop.</summary>
    RealNumberInPool = 13,

    /// <summary>The call was forwarded from another number of the pools: connecting it may go in a circle.</summary>
    ForwardedFromPool = 14,

    /// <summary>The call would be connected, but the caller was connected by this lease as often as may be of late.</summary>
    TooFrequent = 15,
}
