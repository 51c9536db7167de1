using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Chaos;

/// <summary>What was asked.</summary>
internal enum Verb
{
    Create,
    BatchCreate,
    Get,
    List,
    Extend,
    Reassign,
    Release,
    Report,
    Resolve,
}

/// <summary>How a call ended, as its caller may know.</summary>
internal enum CallEnd
{
    /// <summary>It was done.</summary>
    Done,

    /// <summary>It was refused for a reason, which says that nothing was done.</summary>
    Refused,

    /// <summary>UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED, a connection that broke: it may have been done, or may yet be.</summary>
    Unclear,
}

/// <summary>A lease as some answer showed it. Instants in ticks.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Role">Whom it stands for.</param>
/// <param name="Number">Its number as it is printed, the extension with it.</param>
/// <param name="Epoch">When it was made.</param>
/// <param name="Expire">Its expire time, or its end.</param>
/// <param name="End">Unspecified while it lives.</param>
/// <param name="Extensions">How many extensions were counted.</param>
internal sealed record SeenLease(
    string Id, DeliveryRole Role, string Number, long Epoch, long Expire, EndReason End, int Extensions)
{
    public bool IsLive => End == default;
}

/// <summary>A delivery status event.</summary>
/// <param name="Time">When it happened, in ticks.</param>
/// <param name="Status">What happened; its value is its rank.</param>
internal readonly record struct StatusEvent(long Time, DeliveryStatus Status) : IComparable<StatusEvent>
{
    public int CompareTo(StatusEvent other) => (Time, Status).CompareTo((other.Time, other.Status));

    public static bool operator <(StatusEvent left, StatusEvent right) => left.CompareTo(right) < 0;

    public static bool operator >(StatusEvent left, StatusEvent right) => left.CompareTo(right) > 0;

    public static bool operator <=(StatusEvent left, StatusEvent right) => left.CompareTo(right) <= 0;

    public static bool operator >=(StatusEvent left, StatusEvent right) => left.CompareTo(right) >= 0;
}

/// <summary>One call as its caller saw it: what the checker knows of the run. Instants in ticks of the run's clock.</summary>
internal sealed class Call
{
    /// <summary>The client that reads everything back in the end.</summary>
    public const int ReadBackClient = 999;

    public required Verb Verb { get; init; }

    /// <summary>Read before it was sent.</summary>
    public required long Start { get; init; }

    /// <summary>Read after its end.</summary>
    public long End { get; set; }

    public CallEnd Outcome { get; set; }

    /// <summary>The reason of a refusal, or the code of an unclear end; empty when done.</summary>
    public string Reason { get; set; } = "";

    public int Client { get; init; }

    public int Instance { get; init; }

    /// <summary>The delivery; empty for verbs on one lease.</summary>
    public string Delivery { get; init; } = "";

    public DeliveryRole Role { get; init; }

    /// <summary>Its request id; empty where it has none.</summary>
    public string Request { get; init; } = "";

    /// <summary>The lease that it is about; of a look-up the one that the caller expects; of a refused CreateLease the one that stands in the way.</summary>
    public string LeaseId { get; set; } = "";

    /// <summary>Whether the pool is of pairs.</summary>
    public bool Pair { get; init; }

    /// <summary>CreateLease, ReassignLease: the real number; empty: stays.</summary>
    public string Holder { get; init; } = "";

    /// <summary>The peer's.</summary>
    public string Peer { get; init; } = "";

    /// <summary>CreateLease: the expire time that was asked for; ExtendLease: the span.</summary>
    public long Ticks { get; init; }

    /// <summary>ReportDeliveryStatus.</summary>
    public StatusEvent Event { get; init; }

    /// <summary>What became of the report.</summary>
    public ReportOutcome ReportOutcome { get; set; }

    /// <summary>The delivery's latest event, as ReportDeliveryStatus and ListDeliveryLeases answered it.</summary>
    public StatusEvent Latest { get; set; }

    /// <summary>Resolve: the number as it was called, the extension with it.</summary>
    public string Called { get; init; } = "";

    /// <summary>Resolve: who called.</summary>
    public string Caller { get; init; } = "";

    /// <summary>Resolve: who was connected; empty: nobody.</summary>
    public string Connected { get; set; } = "";

    /// <summary>The leases in the answer; of a look-up that connects the one that it names, without its times.</summary>
    public IReadOnlyList<SeenLease> Seen { get; set; } = [];

    /// <summary>For a report of a violation.</summary>
    public string Describe(long origin)
    {
        var about = string.Join(' ', new[]
        {
            Delivery, Request.Length > 0 ? $"request {Request}" : "", LeaseId.Length > 0 ? $"lease {LeaseId}" : "",
            Verb == Verb.Report ? $"{Event.Status} at {Seconds(Event.Time - origin)}" : "",
            Holder.Length > 0 ? $"holder {Holder}" : "", Peer.Length > 0 ? $"peer {Peer}" : "",
            Called.Length > 0 ? $"{Caller} calls {Called}" : "",
            Verb == Verb.Create || Verb == Verb.BatchCreate ? $"until {Seconds(Ticks - origin)}" : Ticks > 0 ? $"by {Seconds(Ticks)}" : "",
        }.Where(part => part.Length > 0));
        var answer = Outcome switch
        {
            CallEnd.Done when Verb == Verb.Resolve => Connected.Length > 0 ? $"connects {Connected}" : "rejects",
            CallEnd.Done when Verb == Verb.List => $"latest {Latest.Status}",
            CallEnd.Done when Verb == Verb.Report => $"{ReportOutcome}, latest {Latest.Status}",
            CallEnd.Done => "done",
            CallEnd.Refused => $"refused: {Reason}",
            _ => $"unclear: {Reason}",
        };
        var seen = string.Join("; ", Seen.Select(lease => lease.Expire == 0 ? lease.Id :
            $"{lease.Id} {lease.Number} since {Seconds(lease.Epoch - origin)} {(lease.IsLive ? "live until" : $"{lease.End} at")} {Seconds(lease.Expire - origin)}, extended {lease.Extensions}"));
        return $"[{Seconds(Start - origin)} - {Seconds(End - origin)}] client {Client} instance {Instance}: {Verb} {about} -> {answer} {seen}".TrimEnd();
    }

    private static string Seconds(long ticks) => FormattableString.Invariant($"{ticks / (double)TimeSpan.TicksPerSecond:0.000}");
}
