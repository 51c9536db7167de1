using System.Collections.Immutable;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// A lease as a store keeps it, from the take until its number has rested. No real number in clear is in here.
/// </summary>
internal sealed record LeaseRecord
{
    /// <summary>How many reassignments are remembered.</summary>
    public const int MostReassignments = 8;

    /// <summary>Whose lease: the tenant of the pool.</summary>
    public required string TenantId { get; init; }

    /// <summary>The pool of its block.</summary>
    public required string PoolId { get; init; }

    /// <summary>Its block in the registry.</summary>
    public required uint Block { get; init; }

    /// <summary>Its slot in the block.</summary>
    public required uint Slot { get; init; }

    /// <summary>The virtual number of that slot.</summary>
    public required PhoneNumber Number { get; init; }

    /// <summary>Its extension; null where the pool's numbers have none.</summary>
    public string? Extension { get; init; }

    /// <summary>The area that the number belongs to; empty: none.</summary>
    public string Area { get; init; } = "";

    /// <summary>
    /// Since when a gateway finds the number faulty; null: it does not. Not a part of the record: those steps that read it look it up.
    /// </summary>
    public DateTimeOffset? FaultySince { get; init; }

    /// <summary>The claim that took the slot.</summary>
    public required ClaimId Claim { get; init; }

    /// <summary>Keyed digest of tenant, carrier and waybill number.</summary>
    public required Digest Delivery { get; init; }

    /// <summary>Whom the number stands for.</summary>
    public required DeliveryRole Role { get; init; }

    /// <summary><c>now</c> of the take that succeeded; in milliseconds it is the epoch.</summary>
    public required DateTimeOffset LeaseTime { get; init; }

    /// <summary>From here on it is dead; the end, once ended.</summary>
    public required DateTimeOffset ExpireTime { get; init; }

    /// <summary>What extensions promised: no report but a final one ends the lease earlier.</summary>
    public DateTimeOffset? Floor { get; init; }

    /// <summary>The report number in force: a report that is not larger changes nothing.</summary>
    public required int ReportNumber { get; init; }

    /// <summary>Why it is over; final once written.</summary>
    public EndReason End { get; init; }

    /// <summary>The real number, sealed to purpose, tenant, delivery and claim.</summary>
    public required ReadOnlyMemory<byte> SealedNumber { get; init; }

    /// <summary>Keyed digest of the real number.</summary>
    public required Digest NumberDigest { get; init; }

    /// <summary>
    /// Keyed digest of what the lease stood for at the take: <see cref="NumberDigest"/> as it was then, in pair mode of both numbers and the
    /// direction. A repeat of the request that leased is answered with this lease even after a reassignment; a request that finds its
    /// claim taken with another number is not.
    /// </summary>
    public required Digest LeasedDigest { get; init; }

    /// <summary>The other side of a pair; null in the other modes.</summary>
    public PairSide? Pair { get; init; }

    /// <summary>When calls are connected, and whose, besides the pool's rules; they never change.</summary>
    public CallRules Rules { get; init; } = CallRules.None;

    /// <summary>The extensions granted; one each, so that a repeat extends once.</summary>
    public ImmutableArray<RequestMark> Extensions { get; init; } = [];

    /// <summary>The last reassignments, so that a late repeat does not undo a later one.</summary>
    public ImmutableArray<RequestMark> Reassignments { get; init; } = [];

    /// <summary>By what is in it: a store that packs its records answers others than it was given.</summary>
    public bool Equals(LeaseRecord? other) => ReferenceEquals(this, other) || (other is not null
        && Values == other.Values
        && SealedNumber.Span.SequenceEqual(other.SealedNumber.Span)
        && Equals(Pair, other.Pair)
        && Rules == other.Rules
        && Extensions.SequenceEqual(other.Extensions)
        && Reassignments.SequenceEqual(other.Reassignments));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Block, Slot, LeaseTime);

    private (string, string, uint, uint, PhoneNumber, ClaimId, Digest, (DeliveryRole, string, string?),
        (DateTimeOffset, DateTimeOffset, DateTimeOffset?, DateTimeOffset?, int, EndReason, Digest, Digest)) Values =>
        (TenantId, PoolId, Block, Slot, Number, Claim, Delivery, (Role, Area, Extension),
            (LeaseTime, ExpireTime, Floor, FaultySince, ReportNumber, End, NumberDigest, LeasedDigest));

    /// <summary>Neither marked as ended nor past its expire time. The mark comes first: clocks differ.</summary>
    public bool IsLive(DateTimeOffset now) => End == EndReason.None && ExpireTime > now;
}

/// <summary>The other side of a pair: whom the holder reaches, and who may call.</summary>
/// <param name="Peer">Keyed digest of the peer's real number; null while it is not known.</param>
/// <param name="SealedPeer">The peer's real number, sealed to purpose, tenant, delivery and claim; empty while it is not known.</param>
/// <param name="Direction">Who may call whom.</param>
/// <param name="EndBeforeMove">
/// The expire time that the lease had when its last reassignment ended it, for a number on which both parties fit: there it goes on until
/// then. Null: it was not ended so.
/// </param>
internal sealed record PairSide(Digest? Peer, ReadOnlyMemory<byte> SealedPeer, CallDirection Direction, DateTimeOffset? EndBeforeMove = null)
{
    /// <summary>Whether its last reassignment ended the lease.</summary>
    public bool Moved => EndBeforeMove is not null;

    /// <summary>By what is in it.</summary>
    public bool Equals(PairSide? other) => other is not null
        && (Peer, Direction, EndBeforeMove) == (other.Peer, other.Direction, other.EndBeforeMove)
        && SealedPeer.Span.SequenceEqual(other.SealedPeer.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Peer, Direction, EndBeforeMove);
}
