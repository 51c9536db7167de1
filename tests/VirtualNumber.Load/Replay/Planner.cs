using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Replay;

/// <summary>
/// Makes two parcels of each order: one whose events are reported once, when they happen; and one whose events are reported at
/// least twice, some late, in a shuffled order.
/// </summary>
internal sealed class Planner(int seed)
{
    /// <summary>One parcel in so many gets a 700 number.</summary>
    private const int EveryProtected = 10;

    /// <summary>One delivered parcel in so many is released by its holder.</summary>
    private const int EveryReleased = 8;

    private const int MostReports = 3;
    private const double MostDaysLate = 10;

    private readonly Random _random = new(seed);

    public IReadOnlyList<ParcelPlan> Plan(IReadOnlyList<Order> orders)
    {
        var plans = new List<ParcelPlan>(2 * orders.Count);
        foreach (var order in orders)
        {
            var events = EventsOf(order);
            plans.Add(Create(plans.Count, "INORDER", order, [.. events.Select(e => new PlannedReport(e, e.Time))]));
            plans.Add(Create(plans.Count, "SHUFFLED", order, Shuffle(events)));
        }

        return plans;
    }

    private ParcelPlan Create(int index, string carrier, Order order, IReadOnlyList<PlannedReport> reports)
    {
        var delivered = order.Delivered;
        var released = delivered is not null && _random.Next(EveryReleased) == 0;
        return new ParcelPlan
        {
            Carrier = carrier,
            Waybill = order.Id,
            RealNumber = $"+999{seed % 1_000:d3}{index:d7}",
            Pool = _random.Next(EveryProtected) == 0 ? ReplayPool.Protected : ReplayPool.Mobile,
            LeaseTime = order.Purchased,
            LeasesTwice = _random.Next(2) == 0,
            Reports = [.. reports.OrderBy(report => report.ReportTime)],
            ReleaseTime = released ? delivered + TimeSpan.FromHours(1 + (_random.NextDouble() * 100)) : null,
            DeliveredTime = delivered,
        };
    }

    private List<ParcelEvent> EventsOf(Order order)
    {
        var events = new List<ParcelEvent>();
        if (order.Approved is { } approved)
            events.Add(new(DeliveryStatus.LabelCreated, approved));
        if (order.HandedOver is { } handedOver)
            events.Add(new(DeliveryStatus.PickedUp, handedOver));
        if (order.Delivered is { } delivered)
        {
            events.Add(new(DeliveryStatus.OutForDelivery, delivered - TimeSpan.FromHours(2 + (_random.NextDouble() * 8))));
            events.Add(new(DeliveryStatus.Delivered, delivered));
        }

        if (order.Status is "canceled" or "unavailable")
        {
            // The data does not say when; some time after the last thing that it knows of, delivery aside.
            var last = order.HandedOver ?? order.Approved ?? order.Purchased;
            events.Add(new(DeliveryStatus.Cancelled, last + TimeSpan.FromHours(1 + (_random.NextDouble() * 100))));
        }

        return [.. events.Select(e => e with { Time = ToMilliseconds(e.Time) })];
    }

    /// <summary>Two or three reports of each event: at once, or up to ten days late, so that later events overtake it.</summary>
    private List<PlannedReport> Shuffle(List<ParcelEvent> events)
    {
        var reports = new List<PlannedReport>();
        foreach (var e in events)
        {
            for (var count = _random.Next(2, MostReports + 1); count > 0; count--)
            {
                var late = _random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromDays(Math.Pow(_random.NextDouble(), 3) * MostDaysLate);
                reports.Add(new(e, ToMilliseconds(e.Time + late)));
            }
        }

        return reports;
    }

    /// <summary>The service counts whole milliseconds.</summary>
    private static DateTimeOffset ToMilliseconds(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
}
