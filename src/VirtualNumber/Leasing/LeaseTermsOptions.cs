namespace VirtualNumber.Leasing;

/// <summary>
/// How long a lease lasts. All spans are exact, none is rounded to days, so tests may scale them down to milliseconds. The shortest
/// that serves is right: a binding is personal data (PIPL, articles 19 and 47).
/// </summary>
public sealed class LeaseTermsOptions
{
    /// <summary>
    /// From the event's own time to the expire time, per status. Range: 0 to <see cref="HardCap"/>; every status needs one. Defaults:
    /// LABEL_CREATED 30 days, AWAITING_PICKUP 15 days, REFUSED and RETURNED 3 days, DELIVERED 7 days, LOST 15 days, CANCELLED 1 hour,
    /// all others 60 days, after which a lease without events counts as stale.
    /// </summary>
    public IDictionary<DeliveryStatus, TimeSpan> After { get; } = new Dictionary<DeliveryStatus, TimeSpan>
    {
        [DeliveryStatus.LabelCreated] = TimeSpan.FromDays(30),
        [DeliveryStatus.PickedUp] = TimeSpan.FromDays(60),
        [DeliveryStatus.InTransit] = TimeSpan.FromDays(60),
        [DeliveryStatus.InCustoms] = TimeSpan.FromDays(60),
        [DeliveryStatus.AtDestination] = TimeSpan.FromDays(60),
        [DeliveryStatus.OutForDelivery] = TimeSpan.FromDays(60),
        [DeliveryStatus.AttemptFailed] = TimeSpan.FromDays(60),
        [DeliveryStatus.AwaitingPickup] = TimeSpan.FromDays(15),
        [DeliveryStatus.Exception] = TimeSpan.FromDays(60),
        [DeliveryStatus.Returning] = TimeSpan.FromDays(60),
        [DeliveryStatus.Refused] = TimeSpan.FromDays(3),
        [DeliveryStatus.Delivered] = TimeSpan.FromDays(7),
        [DeliveryStatus.Returned] = TimeSpan.FromDays(3),
        [DeliveryStatus.Lost] = TimeSpan.FromDays(15),
        [DeliveryStatus.Cancelled] = TimeSpan.FromHours(1),
    };

    /// <summary>The longest that a tenant may set for DELIVERED. Range: 0 to <see cref="HardCap"/>. Default: 30 days.</summary>
    public TimeSpan DeliveredTermLimit { get; set; } = TimeSpan.FromDays(30);

    /// <summary>The longest a lease lasts from the time it was made. Range: 1 ms to 366 days. Default: 90 days.</summary>
    public TimeSpan HardCap { get; set; } = TimeSpan.FromDays(90);

    /// <summary>By how much a holder may extend. At most 16, each 1 ms to <see cref="HardCap"/>. Default: 7, 15, 30 days.</summary>
    public IReadOnlyList<TimeSpan> ExtensionSpans { get; set; } =
        [TimeSpan.FromDays(7), TimeSpan.FromDays(15), TimeSpan.FromDays(30)];

    /// <summary>How often a holder may extend one lease. Range: 0 to 100 times. Default: 3.</summary>
    public int ExtensionLimit { get; set; } = 3;

    /// <summary>
    /// How far ahead of the clock an event's time may be; one wrong time zone would otherwise outrank the truth for hours. Range: 0 to
    /// 1 hour. Default: 10 minutes.
    /// </summary>
    public TimeSpan FutureTolerance { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How old an event may be. Range: 1 ms to 3,660 days. Default: 180 days.</summary>
    public TimeSpan OldestEvent { get; set; } = TimeSpan.FromDays(180);

    /// <summary>How long a report for a delivery without a lease waits for one. Range: 1 ms to 366 days. Default: 30 days.</summary>
    public TimeSpan ReportKept { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Every fault of these options, in words; empty where there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        var shortest = TimeSpan.FromMilliseconds(1);

        void CheckRange(string name, TimeSpan value, TimeSpan min, TimeSpan max)
        {
            if (value < min || value > max)
            {
                faults.Add($"{name}: {value} is not between {min} and {max}.");
            }
        }

        CheckRange(nameof(HardCap), HardCap, shortest, TimeSpan.FromDays(366));
        CheckRange(nameof(DeliveredTermLimit), DeliveredTermLimit, TimeSpan.Zero, HardCap);
        CheckRange(nameof(FutureTolerance), FutureTolerance, TimeSpan.Zero, TimeSpan.FromHours(1));
        CheckRange(nameof(OldestEvent), OldestEvent, shortest, TimeSpan.FromDays(3660));
        CheckRange(nameof(ReportKept), ReportKept, shortest, TimeSpan.FromDays(366));
        foreach (var status in Enum.GetValues<DeliveryStatus>().Where(status => status != DeliveryStatus.Unspecified))
        {
            if (After.TryGetValue(status, out var span))
            {
                CheckRange($"{nameof(After)}[{status}]", span, TimeSpan.Zero, HardCap);
            }
            else
            {
                faults.Add($"{nameof(After)}[{status}]: missing.");
            }
        }

        faults.AddRange(After.Keys.Where(status => !Enum.IsDefined(status) || status == DeliveryStatus.Unspecified)
            .Select(status => $"{nameof(After)}[{status}]: no event has this status."));
        if (ExtensionSpans.Count > 16)
        {
            faults.Add($"{nameof(ExtensionSpans)}: {ExtensionSpans.Count} are more than 16.");
        }

        foreach (var span in ExtensionSpans)
        {
            CheckRange(nameof(ExtensionSpans), span, shortest, HardCap);
        }

        if (ExtensionLimit is < 0 or > 100)
        {
            faults.Add($"{nameof(ExtensionLimit)}: {ExtensionLimit} is not between 0 and 100.");
        }

        return faults;
    }
}
