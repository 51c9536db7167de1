namespace VirtualNumber.Leasing;

/// <summary>Whom a virtual number stands for on a delivery. Each role of a delivery has at most one live lease.</summary>
public enum DeliveryRole
{
    /// <summary>Not a role.</summary>
    Unspecified = 0,

    /// <summary>The person who receives the parcel.</summary>
    Recipient = 1,

    /// <summary>The person who sends it.</summary>
    Sender = 2,

    /// <summary>The courier who carries it.</summary>
    Courier = 3,
}

/// <summary>Who may call whom through a pair's number. The values are those of the public document.</summary>
public enum CallDirection
{
    /// <summary>Not a direction.</summary>
    Unspecified = 0,

    /// <summary>Each may call the other.</summary>
    Both = 1,

    /// <summary>Only the holder, whose role the lease is for, may call.</summary>
    FromHolder = 2,

    /// <summary>Only the peer may call.</summary>
    ToHolder = 3,
}

/// <summary>Why a lease is over. Once written it is final.</summary>
public enum EndReason
{
    /// <summary>It is not marked as over; past its expire time it is dead all the same.</summary>
    None = 0,

    /// <summary>Somebody released it.</summary>
    Released = 1,

    /// <summary>Its expire time passed, and somebody who acted on that wrote it down.</summary>
    Expired = 2,
}

/// <summary>
/// A virtual number held for one delivery role, until an expire time, as a caller sees it. It holds no real number, only a mask.
/// </summary>
/// <param name="LeaseId">Names the slot and this holder of it; opaque.</param>
/// <param name="TenantId">Whose lease.</param>
/// <param name="PoolId">The pool that the number comes from.</param>
/// <param name="Role">Whom the number stands for.</param>
/// <param name="Number">The virtual number.</param>
/// <param name="MaskedNumber">The real number with at least six digits hidden (GB/T 41833-2022); empty when it does not open.</param>
/// <param name="LeaseTime">When the number was taken, to the millisecond; this instant is the epoch.</param>
/// <param name="ExpireTime">From here on no call is connected; the end, once it has ended.</param>
/// <param name="End">Why it is over; <see cref="EndReason.None"/> while it lives.</param>
/// <param name="ExtensionCount">How many extensions of its time are used.</param>
public sealed record Lease(
    string LeaseId,
    string TenantId,
    string PoolId,
    DeliveryRole Role,
    PhoneNumber Number,
    string MaskedNumber,
    DateTimeOffset LeaseTime,
    DateTimeOffset ExpireTime,
    EndReason End,
    int ExtensionCount)
{
    /// <summary>The extension that callers key in; null where the number has none.</summary>
    public string? Extension { get; init; }

    /// <summary>The area that the number belongs to; empty: none.</summary>
    public string AreaCode { get; init; } = "";

    /// <summary>Since when a gateway finds the number faulty; null: it does not, or it was not looked up.</summary>
    public DateTimeOffset? FaultySince { get; init; }

    /// <summary>Pair mode: who may call whom; unspecified in the other modes.</summary>
    public CallDirection Direction { get; init; }

    /// <summary>Pair mode: the peer's number, masked; empty while it is not known, and when it does not open.</summary>
    public string MaskedPeerNumber { get; init; } = "";

    /// <summary>When calls are connected, and whose, besides the pool's rules.</summary>
    public CallRules Rules { get; init; } = CallRules.None;
}
