using CsvHelper;

namespace VirtualNumber.Load.Replay;

/// <summary>The pools of a replay.</summary>
internal enum ReplayPool
{
    /// <summary>Mobile numbers of the segments used for virtual numbers: small blocks and single numbers.</summary>
    Mobile,

    /// <summary>700 numbers: one block of 10,000.</summary>
    Protected,
}

/// <summary>The numbers of one pool.</summary>
/// <param name="BlockDigits">How many digits vary within a block.</param>
/// <param name="Blocks">Blocks by the digits that their numbers share.</param>
/// <param name="Numbers">Single numbers.</param>
internal sealed record ReplayNumbers(int BlockDigits, IReadOnlyList<string> Blocks, IReadOnlyList<string> Numbers)
{
    /// <summary>How many numbers that are.</summary>
    public int Count => (Blocks.Count * (int)Math.Pow(10, BlockDigits)) + Numbers.Count;
}

/// <summary>
/// The numbers of a replay: just enough real prefixes for what will be leased at once, so that slots come round again and again.
/// </summary>
internal static class ReplayStock
{
    private const int BlockSize = 100;
    private const int LeastSingles = 20;

    /// <summary>Room for what the estimate does not see.</summary>
    private const double Margin = 1.1;

    public static IReadOnlyDictionary<ReplayPool, ReplayNumbers> Create(
        int seed, IReadOnlyList<ParcelPlan> plans, ReplayPolicy policy, string? segmentsPath)
    {
        var random = new Random(seed);
        var prefixes = segmentsPath is null ? MadeUpPrefixes(random) : ReadPrefixes(segmentsPath);
        random.Shuffle(prefixes);

        var needed = (int)(EstimatePeak(plans.Where(plan => plan.Pool == ReplayPool.Mobile), policy) * Margin);
        var blockCount = Math.Max(0, needed - LeastSingles) / BlockSize;
        var singleCount = Math.Max(LeastSingles, needed - (blockCount * BlockSize));
        var blocks = prefixes.Take(blockCount).Select(prefix => $"{prefix}{random.Next(BlockSize):d2}");
        var singles = prefixes.Skip(blockCount).Take(singleCount).Select(prefix => $"{prefix}{random.Next(10_000):d4}");
        return new Dictionary<ReplayPool, ReplayNumbers>
        {
            [ReplayPool.Mobile] = new(2, [.. blocks], [.. singles]),
            // 700, operator, platform; the last four digits are the block's.
            [ReplayPool.Protected] = new(4, [$"700{random.Next(1, 10)}{random.Next(10_000_000):d7}"], []),
        };
    }

    /// <summary>How many numbers are leased or aging at once, when everything goes as planned.</summary>
    private static int EstimatePeak(IEnumerable<ParcelPlan> plans, ReplayPolicy policy)
    {
        var changes = plans
            .SelectMany(plan => new[] { (Time: plan.LeaseTime, Change: 1), (Time: EstimateEnd(plan, policy) + policy.Aging, Change: -1) })
            .Order();
        var (count, peak) = (0, 0);
        foreach (var (_, change) in changes)
            peak = Math.Max(peak, count += change);
        return peak;
    }

    private static DateTimeOffset EstimateEnd(ParcelPlan plan, ReplayPolicy policy)
    {
        // Reports may be late, so each of them counts with the longest that it could have kept the number.
        var end = policy.Terms.For(Leasing.DeliveryStatus.LabelCreated, plan.LeaseTime).Instant;
        foreach (var report in plan.Reports.OrderBy(report => report.Event.Time).ThenBy(report => report.Event.Status))
        {
            var instant = policy.Terms.For(report.Event.Status, report.Event.Time).Instant;
            end = report.ReportTime > instant ? report.ReportTime : instant;
        }

        return end;
    }

    private static string[] ReadPrefixes(string path)
    {
        using var reader = CsvReader.FromFile(path);
        var prefixes = new List<string>();
        while (reader.Read())
            prefixes.Add(reader.GetString("prefix7"));
        return [.. prefixes];
    }

    private static string[] MadeUpPrefixes(Random random) =>
        [.. Enumerable.Range(0, 10_000).Select(_ => $"170{random.Next(10_000):d4}").Distinct()];
}
