namespace VirtualNumber.Load.Pairs;

/// <summary>A parcel of the day.</summary>
/// <param name="Number">Which one, from 0.</param>
/// <param name="Courier">Who carries it, from 0.</param>
/// <param name="Recipient">Whom it is for, from 0.</param>
/// <param name="LeaseTime">When the courier scans it at the depot: from then on the two may have to call each other.</param>
/// <param name="VisitTime">When the courier is at the door.</param>
/// <param name="Delivered">Whether somebody was in.</param>
internal sealed record PairParcel(int Number, int Courier, int Recipient, DateTimeOffset LeaseTime, DateTimeOffset VisitTime, bool Delivered);

/// <summary>
/// A day's work: each courier loads in tours over the morning and delivers each tour before the next, the last one until evening. Of
/// recipients with several parcels, many get all from the one courier of their street, others from couriers of several companies.
/// </summary>
internal static class PairDay
{
    public const int MostParcelsPerRecipient = 3;

    /// <summary>Of a hundred parcels so many find nobody in; their leases go on.</summary>
    private const int FailedPercent = 4;

    public static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan s_loading = TimeSpan.FromMinutes(30);

    /// <summary>Not all couriers are at the depot at the same minute.</summary>
    private static readonly TimeSpan s_latest = TimeSpan.FromMinutes(30);

    /// <summary>When the tours begin to load, and when the last one is done.</summary>
    private static readonly TimeSpan[] s_tours =
        [TimeSpan.FromHours(7), TimeSpan.FromHours(10), TimeSpan.FromHours(13), TimeSpan.FromHours(19)];

    public static IReadOnlyList<PairParcel> Create(PairPlan plan)
    {
        var random = new Random(plan.Seed);
        var recipients = AssignRecipients(plan, random);
        var parcels = new List<PairParcel>(plan.Couriers * plan.Parcels);
        for (var courier = 0; courier < plan.Couriers; courier++)
        {
            var late = s_latest * random.NextDouble();
            var own = recipients[courier];
            for (var i = 0; i < own.Length; i++)
            {
                var tour = i * (s_tours.Length - 1) / own.Length;
                var loading = Start + s_tours[tour] + late;
                var leased = loading + (s_loading * random.NextDouble());
                var visited = loading + s_loading + ((s_tours[tour + 1] - s_tours[tour] - s_loading) * random.NextDouble());
                parcels.Add(new PairParcel(parcels.Count, courier, own[i], Round(leased), Round(visited), random.Next(100) >= FailedPercent));
            }
        }

        return parcels;
    }

    /// <summary>Per courier the recipients of the parcels, in the order of loading.</summary>
    private static int[][] AssignRecipients(PairPlan plan, Random random)
    {
        var assigned = Enumerable.Range(0, plan.Couriers).Select(_ => new List<int>(plan.Parcels)).ToArray();
        var open = Enumerable.Range(0, plan.Couriers).ToList();
        for (var recipient = 0; open.Count > 0; recipient++)
        {
            var count = random.Next(1, MostParcelsPerRecipient + 1);
            var sameCourier = random.Next(2) == 0;
            var courier = open[random.Next(open.Count)];
            for (var i = 0; i < count && open.Count > 0; i++)
            {
                if (!sameCourier || assigned[courier].Count == plan.Parcels)
                    courier = open[random.Next(open.Count)];
                assigned[courier].Add(recipient);
                if (assigned[courier].Count == plan.Parcels)
                    open.Remove(courier);
            }
        }

        return [.. assigned.Select(list =>
        {
            var order = list.ToArray();
            random.Shuffle(order);
            return order;
        })];
    }

    /// <summary>The service counts in whole milliseconds.</summary>
    private static DateTimeOffset Round(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
}
