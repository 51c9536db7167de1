namespace VirtualNumber.Protocol;

/// <summary>What happened to a lease.</summary>
internal enum EventKind
{
    /// <summary>It began.</summary>
    Leased = 1,

    /// <summary>Its holder moved the expire time later.</summary>
    Extended = 2,

    /// <summary>It stands for other real numbers.</summary>
    Reassigned = 3,

    /// <summary>It was released.</summary>
    Released = 4,

    /// <summary>Its end was written down, its expire time having passed.</summary>
    Expired = 5,

    /// <summary>A report of the delivery's status set its expire time.</summary>
    StatusReported = 6,

    /// <summary>Not of one lease: events of the tenant may be missing here.</summary>
    EventsLost = 7,
}

/// <summary>An event: a state change of a block that a tenant hears of. It holds no number, of whatever kind, sealed or not.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Block">In which block.</param>
/// <param name="Change">Which entry of its log it was: with the block and the kind it tells one event from all others, for good.</param>
/// <param name="Time">When, by the clock of the instance that did it.</param>
/// <param name="Slot">Which slot; 0 where it is not of one lease.</param>
/// <param name="LeaseTime">Which holder; the epoch's start where it is not of one lease.</param>
internal sealed record LeaseEvent(
    EventKind Kind, uint Block, EventPosition Change, DateTimeOffset Time, uint Slot, DateTimeOffset LeaseTime)
{
    /// <summary>That events of a block after a position may be missing.</summary>
    public static LeaseEvent Lost(uint block, EventPosition after, DateTimeOffset now) =>
        new(EventKind.EventsLost, block, after, now, 0, DateTimeOffset.UnixEpoch);
}

/// <summary>An event where it stands in its tenant's stream.</summary>
internal sealed record StreamedEvent(EventPosition Position, LeaseEvent Event);

/// <summary>A part of a tenant's stream.</summary>
/// <param name="Events">The events, in order.</param>
/// <param name="Cut">The last event that was taken out of the stream, its time being over: who had not read that has missed events.</param>
/// <param name="End">The last event that there is, or was.</param>
internal sealed record EventPage(IReadOnlyList<StreamedEvent> Events, EventPosition Cut, EventPosition End);

/// <summary>A block whose changes become events.</summary>
/// <param name="Block">The block.</param>
/// <param name="TenantId">Whose they are.</param>
/// <param name="IsInTurn">Whether it is visited whatever is known of it: a fail-over may have undone what was appended.</param>
internal readonly record struct EventSource(uint Block, string TenantId, bool IsInTurn = false);

/// <summary>What a block's log has after a position.</summary>
/// <param name="Events">The changes of leases among them, in order.</param>
/// <param name="Last">The last change of any kind; the position itself when there is none.</param>
/// <param name="MayLack">Whether the log was cut past the position, so that changes may be missing in between.</param>
internal sealed record BlockChanges(IReadOnlyList<LeaseEvent> Events, EventPosition Last, bool MayLack);

/// <summary>Appends what was read of a block's log to its tenant's stream.</summary>
/// <param name="Stream">The tenant's.</param>
/// <param name="Block">The block.</param>
/// <param name="From">Up to where its log was forwarded before.</param>
/// <param name="To">Up to where it is then.</param>
/// <param name="Events">The events between.</param>
/// <param name="KeepFrom">Events from before that are taken out.</param>
/// <param name="MostKept">More events than so many are taken out, the oldest first.</param>
internal sealed record AppendEventsStep(
    Sealing.Digest Stream, uint Block, EventPosition From, EventPosition To, IReadOnlyList<LeaseEvent> Events, DateTimeOffset KeepFrom, int MostKept);
