using System.Collections.Frozen;

namespace VirtualNumber.Leasing;

/// <summary>
/// Decides how long leases last: a pure function of status, event time and policy. Every term counts from the event's own time, so a
/// repeated event gives the same answer whenever it arrives.
/// </summary>
public sealed class LeaseTerms
{
    private readonly FrozenDictionary<DeliveryStatus, TimeSpan> _after;
    private readonly FrozenSet<TimeSpan> _extensionSpans;
    private readonly TimeSpan _futureTolerance;
    private readonly TimeSpan _oldestEvent;

    /// <summary>Takes a copy of the options.</summary>
    /// <exception cref="ArgumentException">The options have faults; the message names all of them.</exception>
    public LeaseTerms(LeaseTermsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        }

        _after = options.After.ToFrozenDictionary();
        _extensionSpans = options.ExtensionSpans.ToFrozenSet();
        _futureTolerance = options.FutureTolerance;
        _oldestEvent = options.OldestEvent;
        HardCap = options.HardCap;
        ExtensionLimit = options.ExtensionLimit;
        DeliveredTermLimit = options.DeliveredTermLimit;
        ReportKept = options.ReportKept;
    }

    /// <summary>The longest a lease lasts from the time it was made.</summary>
    public TimeSpan HardCap { get; }

    /// <summary>How often a holder may extend one lease.</summary>
    public int ExtensionLimit { get; }

    /// <summary>How long a report for a delivery without a lease waits for one.</summary>
    public TimeSpan ReportKept { get; }

    /// <summary>The longest a tenant may set for DELIVERED.</summary>
    public TimeSpan DeliveredTermLimit { get; }

    /// <summary>The terms of a status.</summary>
    /// <param name="status">The status of the event.</param>
    /// <param name="eventTime">When it happened, by the event's own account.</param>
    /// <param name="deliveredTerm">
    /// The tenant's own span for DELIVERED, 0 to <see cref="DeliveredTermLimit"/>; null for the default. Other statuses pass over it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The status is Unspecified or none, or the tenant's span is out of range.</exception>
    public Terms For(DeliveryStatus status, DateTimeOffset eventTime, TimeSpan? deliveredTerm = null)
    {
        if (!_after.TryGetValue(status, out var span))
        {
            throw new ArgumentOutOfRangeException(nameof(status), status, "No event has this status.");
        }

        if (deliveredTerm is { } tenantTerm)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(tenantTerm, TimeSpan.Zero, nameof(deliveredTerm));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(tenantTerm, DeliveredTermLimit, nameof(deliveredTerm));
            span = status == DeliveryStatus.Delivered ? tenantTerm : span;
        }

        return new Terms(Add(eventTime, span), status == DeliveryStatus.Cancelled);
    }

    /// <summary>
    /// The expire time that a new lease starts with: the earliest of what the terms ask for, what the request asks for, and the cap; never
    /// before the lease itself.
    /// </summary>
    /// <param name="terms">Of the delivery's latest event, or of LABEL_CREATED at the lease time if there is none.</param>
    /// <param name="leaseTime">When the lease is made.</param>
    /// <param name="requested">A shorter time that the request asks for; a later one than the terms' has no effect.</param>
    public DateTimeOffset InitialExpireTime(Terms terms, DateTimeOffset leaseTime, DateTimeOffset? requested = null)
    {
        var earliest = Earlier(terms.Instant, CapOf(leaseTime));
        if (requested is { } wish)
        {
            earliest = Earlier(earliest, wish);
        }

        return earliest < leaseTime ? leaseTime : earliest;
    }

    /// <summary>The instant beyond which a lease made at the given time cannot last.</summary>
    public DateTimeOffset CapOf(DateTimeOffset leaseTime) => Add(leaseTime, HardCap);

    /// <summary>Whether a holder may extend by this span.</summary>
    public bool IsExtensionSpan(TimeSpan span) => _extensionSpans.Contains(span);

    /// <summary>Whether an event's time can be believed.</summary>
    /// <param name="eventTime">When it happened, by the event's own account. Exactly at a limit is within it.</param>
    /// <param name="now">The service's clock.</param>
    public EventTimeFault CheckEventTime(DateTimeOffset eventTime, DateTimeOffset now)
    {
        var age = now - eventTime;
        if (age < -_futureTolerance)
        {
            return EventTimeFault.InTheFuture;
        }

        return age > _oldestEvent ? EventTimeFault.TooOld : EventTimeFault.None;
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>Stops at the end of the calendar instead of throwing: event times come from outside.</summary>
    private static DateTimeOffset Add(DateTimeOffset time, TimeSpan span)
    {
        var utc = time.ToUniversalTime();
        return DateTimeOffset.MaxValue - utc < span ? DateTimeOffset.MaxValue : utc + span;
    }
}
