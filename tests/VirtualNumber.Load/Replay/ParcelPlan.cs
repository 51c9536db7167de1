using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Replay;

/// <summary>Something that happened to a parcel.</summary>
internal readonly record struct ParcelEvent(DeliveryStatus Status, DateTimeOffset Time);

/// <summary>When an event is reported; not before it happened.</summary>
internal readonly record struct PlannedReport(ParcelEvent Event, DateTimeOffset ReportTime);

/// <summary>What will be asked of the service for one parcel, and when.</summary>
internal sealed record ParcelPlan
{
    /// <summary>Carrier and waybill number: the parcel.</summary>
    public required string Carrier { get; init; }

    /// <inheritdoc cref="Carrier"/>
    public required string Waybill { get; init; }

    /// <summary>A made-up number, another one for each parcel, so that a call that goes wrong is seen.</summary>
    public required string RealNumber { get; init; }

    /// <summary>The pool to lease from.</summary>
    public required ReplayPool Pool { get; init; }

    /// <summary>When the number is leased.</summary>
    public required DateTimeOffset LeaseTime { get; init; }

    /// <summary>Whether the lease is asked for twice with one request id, as after a lost answer.</summary>
    public required bool LeasesTwice { get; init; }

    /// <summary>The reports, by report time.</summary>
    public required IReadOnlyList<PlannedReport> Reports { get; init; }

    /// <summary>When the holder releases the number; null: never.</summary>
    public required DateTimeOffset? ReleaseTime { get; init; }

    /// <summary>When the recipient got the parcel; null: never.</summary>
    public required DateTimeOffset? DeliveredTime { get; init; }

    /// <summary>The same plan at other times.</summary>
    public ParcelPlan At(Func<DateTimeOffset, DateTimeOffset> map) => this with
    {
        LeaseTime = map(LeaseTime),
        Reports =
        [
            .. Reports.Select(report => new PlannedReport(report.Event with { Time = map(report.Event.Time) }, map(report.ReportTime))),
        ],
        ReleaseTime = ReleaseTime is { } release ? map(release) : null,
        DeliveredTime = DeliveredTime is { } delivered ? map(delivered) : null,
    };
}
