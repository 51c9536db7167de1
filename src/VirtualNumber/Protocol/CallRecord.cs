using System.Collections.Immutable;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>A call as a store keeps it, in the block of the called number. No real number in clear is in here.</summary>
internal sealed record CallRecord
{
    /// <summary>Keyed digest of the gateway and its call id: what two look-ups of one call have in common.</summary>
    public required Digest Call { get; init; }

    /// <summary>When the service first heard of it, by its own clock.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>From when on Reclaim removes it.</summary>
    public required DateTimeOffset DueTime { get; init; }

    /// <summary>What its latest look-up came to, of those that reached a lease if one did; unspecified: none was seen.</summary>
    public required ResolveOutcome Outcome { get; init; }

    /// <summary>The lease that it reached last; null: none. What is reported of it belongs to this holder of the slot and to no other.</summary>
    public required LeaseOfCall? Lease { get; init; }

    /// <summary>The virtual number that was called.</summary>
    public required PhoneNumber Number { get; init; }

    /// <summary>Who asked, and who called.</summary>
    public required CallSource Source { get; init; }

    /// <summary>What its gateway reported, in the order of time.</summary>
    public required ImmutableArray<CallEvent> Events { get; init; }

    /// <summary>In the order in which they are shown: by time, then by kind.</summary>
    public static ImmutableArray<CallEvent> InOrder(IEnumerable<CallEvent> events) =>
        [.. events.OrderBy(e => e.Time).ThenBy(e => e.Kind).ThenBy(e => e.ReleasedBy).ThenBy(e => e.Q850Cause)];

    /// <summary>By what is in it: a store that packs its records answers others than it was given.</summary>
    public bool Equals(CallRecord? other) => other is not null
        && (Call, StartTime, DueTime, Outcome, Lease, Number, Source) == (other.Call, other.StartTime, other.DueTime, other.Outcome, other.Lease, other.Number, other.Source)
        && Events.SequenceEqual(other.Events);

    /// <inheritdoc/>
    public override int GetHashCode() => Call.GetHashCode();
}

/// <summary>Which holder of which slot of its block a call belongs to.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="LeaseTime">When it was leased: the epoch.</param>
internal readonly record struct LeaseOfCall(uint Slot, DateTimeOffset LeaseTime);

/// <summary>Where a call came from.</summary>
/// <param name="Kind">Voice or text.</param>
/// <param name="GatewayId">The gateway that asked.</param>
/// <param name="CallId">Its call id, without what may be a number.</param>
/// <param name="SealedCaller">The caller's number, sealed to purpose, tenant and call; empty: withheld, or not known.</param>
internal sealed record CallSource(CallKind Kind, string GatewayId, string CallId, ReadOnlyMemory<byte> SealedCaller)
{
    /// <summary>By what is in it.</summary>
    public bool Equals(CallSource? other) => other is not null
        && (Kind, GatewayId, CallId) == (other.Kind, other.GatewayId, other.CallId)
        && SealedCaller.Span.SequenceEqual(other.SealedCaller.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, GatewayId, CallId);
}
