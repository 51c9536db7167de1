using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Load.Replay;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load.Bench;

/// <summary>What the bench of occupancy is asked for.</summary>
/// <param name="Places">Places of each pool.</param>
/// <param name="Couriers">Pair mode: how many couriers the leases are spread over.</param>
/// <param name="Rounds">Rounds of each pool that count.</param>
/// <param name="Redis">Where Redis is; empty: only the embedded store.</param>
internal sealed record OccupancyPlan(int Places, int Couriers, int Rounds, string Redis)
{
    /// <summary>The level that is compared with, in percent.</summary>
    public const int Low = 10;

    /// <summary>The level that must not cost much more, in percent.</summary>
    public const int High = 99;
}

/// <summary>One row of the table.</summary>
/// <param name="Store">Which store.</param>
/// <param name="Mode">Which mode.</param>
/// <param name="What">What was measured.</param>
/// <param name="IsHeld">Whether it is held to the target.</param>
/// <param name="Low">Microseconds per lease at the low level, a figure per round.</param>
/// <param name="High">At the high level.</param>
/// <param name="Refused">Leases that were refused at the high level: the courier was on every number with room.</param>
internal sealed record OccupancyRow(
    string Store, PoolMode Mode, string What, bool IsHeld, IReadOnlyList<double> Low, IReadOnlyList<double> High, int Refused)
{
    /// <summary>What the high level may cost of the low one.</summary>
    public const double MostRatio = 1.5;

    public double Ratio => ResultsFile.Median(High, figure => figure) / ResultsFile.Median(Low, figure => figure);

    public bool Passed => !IsHeld || Ratio <= MostRatio;
}

/// <summary>Measures leasing at two levels of occupancy, the two taking turns, so that noise falls on both.</summary>
internal static class OccupancyBench
{
    /// <summary>One round in so many is run before, for the compiler to be done.</summary>
    private const int WarmUpShare = 2;

    private const int FillersAtOnce = 32;

    private static readonly DateTimeOffset s_start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Measures all modes, on each store that is asked for.</summary>
    public static async Task<IReadOnlyList<OccupancyRow>> MeasureAsync(OccupancyPlan plan, CancellationToken cancellation)
    {
        var rows = new List<OccupancyRow>();
        using var keys = KeyRing.CreateThrowAway();
        foreach (var mode in Enum.GetValues<PoolMode>())
        {
            // A store for each level: what a full pool leaves in the ledgers must not weigh on the other.
            var low = await PrepareAsync(plan, mode, OccupancyPlan.Low, EmbeddedStoreOf(keys), cancellation);
            var high = await PrepareAsync(plan, mode, OccupancyPlan.High, EmbeddedStoreOf(keys), cancellation);
            var verb = await MeasureAsync(plan, low, high, bed => bed.MeasureVerbAsync(cancellation));
            rows.Add(verb.ToRow("embedded", mode, "CreateLease", isHeld: true, round => round.Elapsed));
            var steps = await MeasureAsync(plan, low, high, bed => bed.MeasureStepsAsync(cancellation));
            rows.Add(steps.ToRow("embedded", mode, "of it the choice of block and the take", isHeld: false, round => round.Elapsed));
        }

        if (plan.Redis.Length > 0)
            await MeasureRedisAsync(plan, keys, rows, cancellation);
        return rows;
    }

    private static async Task MeasureRedisAsync(OccupancyPlan plan, KeyRing keys, List<OccupancyRow> rows, CancellationToken cancellation)
    {
        using var target = await RedisTarget.ConnectAsync(plan.Redis);
        using var connection = await RedisConnection.ConnectAsync(plan.Redis);
        var store = StoreOf(target.Pool, target.Stock, keys, FillersAtOnce, () => ReadScriptTimeAsync(connection));
        foreach (var mode in Enum.GetValues<PoolMode>())
        {
            var low = await PrepareAsync(plan, mode, OccupancyPlan.Low, store, cancellation);
            var high = await PrepareAsync(plan, mode, OccupancyPlan.High, store, cancellation);
            var verb = await MeasureAsync(plan, low, high, bed => bed.MeasureVerbAsync(cancellation));
            rows.Add(verb.ToRow("Redis", mode, "CreateLease", isHeld: true, round => round.Elapsed));
            rows.Add(verb.ToRow("Redis", mode, "of it the scripts in Redis", isHeld: true, round => round.Server));
        }
    }

    private static async Task<OccupancyBed> PrepareAsync(
        OccupancyPlan plan, PoolMode mode, int percent, OccupancyStore store, CancellationToken cancellation)
    {
        await Console.Error.WriteLineAsync($"filling: {store.Pool.GetType().Name}, {mode}, {percent} %");
        var bed = new OccupancyBed(store, mode, percent, plan.Places, plan.Couriers);
        await bed.PrepareAsync(cancellation);
        return bed;
    }

    private static async Task<Rounds> MeasureAsync(
        OccupancyPlan plan, OccupancyBed low, OccupancyBed high, Func<OccupancyBed, Task<OccupancyRound>> measure)
    {
        var rounds = new Rounds([], [], high);
        for (var i = -plan.Rounds / WarmUpShare; i < plan.Rounds; i++)
        {
            // Neither always comes first.
            var (first, second) = i % 2 == 0 ? (low, high) : (high, low);
            var (one, other) = (await measure(first), await measure(second));
            if (i < 0)
                continue;
            rounds.Low.Add(first == low ? one : other);
            rounds.High.Add(first == low ? other : one);
        }

        return rounds;
    }

    /// <summary>An empty embedded store.</summary>
    public static OccupancyStore EmbeddedStoreOf(KeyRing keys)
    {
        var store = new EmbeddedStore(new ProtocolBounds());
        return StoreOf(store, store, keys, fillersAtOnce: 1, () => Task.FromResult(0.0));
    }

    private static OccupancyStore StoreOf(
        INumberPool pool, INumberStock stock, KeyRing keys, int fillersAtOnce, Func<Task<double>> readServerTime)
    {
        var time = new ManualTime(s_start);
        var verbs = InProcessVerbs.Create(pool, stock, new LeaseTerms(new LeaseTermsOptions()), keys, CryptographicRandom.Instance, time);
        return new(pool, stock, verbs, time, fillersAtOnce, readServerTime);
    }

    /// <summary>Microseconds that Redis has spent in scripts, what they call included.</summary>
    private static async Task<double> ReadScriptTimeAsync(ConnectionMultiplexer connection)
    {
        var text = (string)(await connection.GetDatabase().ExecuteAsync("INFO", "commandstats"))!;
        return text.Split('\n')
            .Where(line => line.StartsWith("cmdstat_eval", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split("usec=")[1].Split(',')[0], CultureInfo.InvariantCulture));
    }

    private sealed record Rounds(List<OccupancyRound> Low, List<OccupancyRound> High, OccupancyBed HighBed)
    {
        public OccupancyRow ToRow(string store, PoolMode mode, string what, bool isHeld, Func<OccupancyRound, double> figure) =>
            new(store, mode, what, isHeld, [.. Low.Select(figure)], [.. High.Select(figure)], HighBed.Refused);
    }
}
