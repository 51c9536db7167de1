namespace VirtualNumber.Load.Replay;

/// <summary>
/// Orders of the same shape as the real ones, for machines without them: the same spread of times, the same mix of outcomes, and
/// the contradictions that occur in the real data, some of them more often and some worse.
/// </summary>
internal static class OrderGenerator
{
    /// <summary>As many as the real file has.</summary>
    public const int UsualCount = 999;

    private const double SpanDays = 690;

    private static readonly DateTimeOffset s_firstPurchase = new(2016, 10, 5, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The same seed gives the same orders.</summary>
    public static IReadOnlyList<Order> Generate(int seed, int count = UsualCount)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => Contradict(Create(i, random), random))];
    }

    private static Order Create(int index, Random random)
    {
        // Business grew over the two years, so purchases get denser towards the end.
        var purchased = s_firstPurchase + Seconds(Math.Sqrt(random.NextDouble()) * SpanDays);
        // Medians and tails of the real orders, in days: approval 0.014 (95 % within 2), hand-over 1.9 (8.6), delivery 7 (25).
        var approved = purchased + Seconds(LogNormal(random, 0.014, 2.6));
        var handedOver = approved + Seconds(LogNormal(random, 1.9, 0.95));
        var delivered = handedOver + Seconds(LogNormal(random, 7, 0.8));
        var id = $"generated{index:d6}";
        return random.Next(1000) switch
        {
            < 940 => new Order(id, "delivered", purchased, approved, handedOver, delivered),
            < 960 => new Order(id, "shipped", purchased, approved, handedOver, null),
            < 968 => new Order(id, "canceled", purchased, approved, null, null),
            < 976 => new Order(id, "canceled", purchased, approved, handedOver, null),
            < 980 => new Order(id, "canceled", purchased, null, null, null),
            < 988 => new Order(id, "unavailable", purchased, approved, null, null),
            < 994 => new Order(id, "invoiced", purchased, approved, null, null),
            _ => new Order(id, "processing", purchased, approved, null, null),
        };
    }

    private static Order Contradict(Order order, Random random) => (order, random.Next(1000)) switch
    {
        // Approved after hand-over: 11 of 999 real orders.
        ({ HandedOver: { } handedOver }, < 11) => order with { Approved = handedOver + Hours(random, 60) },
        // Approved after delivery: 2 of 999.
        ({ Delivered: { } delivered }, < 14) => order with { Approved = delivered + Hours(random, 200) },
        // Purchased after hand-over: 1 of 999.
        ({ HandedOver: not null }, < 17) => order with { HandedOver = order.Purchased - Hours(random, 72) },
        // Delivered before handed over, and cancelled yet delivered: in larger extracts of the same data.
        ({ Delivered: { } delivered }, < 22) => order with { HandedOver = delivered + Hours(random, 48) },
        ({ Delivered: not null }, < 26) => order with { Status = "canceled" },
        // Days between approval and pick-up: 69 of 999 wait more than a week.
        ({ Approved: { } approved, HandedOver: { } handedOver, Delivered: { } delivered }, < 66) =>
            order with { HandedOver = handedOver + (handedOver - approved) * 3, Delivered = delivered + (handedOver - approved) * 3 },
        _ => order,
    };

    private static double LogNormal(Random random, double median, double sigma)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return Math.Min(median * Math.Exp(sigma * normal), 80);
    }

    /// <summary>Whole seconds, as the file has them.</summary>
    private static TimeSpan Seconds(double days) => TimeSpan.FromSeconds(Math.Round(days * 86_400));

    private static TimeSpan Hours(Random random, int most) => TimeSpan.FromSeconds(random.Next(60, most * 3_600));
}
