using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace VirtualNumber.Load.Bench;

/// <summary>The files of results: the figures with the machine and the commit that they belong to.</summary>
internal static class ResultsFile
{
    /// <summary>What is written by hand from here on is kept.</summary>
    private const string KeptFrom = "## What the profile showed";

    private const double EmptyTargetMicroseconds = 17;
    private const double ResolveTarget = 1.25;

    /// <summary>The file beside the project; null when this does not run from a build of the repository.</summary>
    public static string? Find(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VirtualNumber.Load.csproj")))
                return Path.Combine(folder.FullName, name);
        }

        return null;
    }

    /// <summary>Writes the figures, and leaves what was written by hand behind them.</summary>
    public static void Write(string path, string text)
    {
        var old = File.Exists(path) ? File.ReadAllText(path) : "";
        var kept = old.IndexOf(KeptFrom, StringComparison.Ordinal);
        File.WriteAllText(path, kept < 0 ? text : $"{text}\n{old[kept..]}");
    }

    public static string Format(BenchPlan plan, IReadOnlyList<Measured> results)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Results

            Made by `dotnet run -c Release --project tests/VirtualNumber.Load -- bench`, which writes everything down to the profile.

            {Conditions(plan)} Resolve looks among {plan.Leases:n0} live leases, the embedded store
            behind it; the service logs at Warning.


            """);
        AppendTable(text, results, compared: "bare Kestrel", results[0]);
        foreach (var measured in results.Where(result => result.Name == BenchCommand.EmptyName))
        {
            var empty = ServerTime(measured);
            text.Append(CultureInfo.InvariantCulture, $"\nTarget: an empty RPC costs at most {EmptyTargetMicroseconds} µs of server time. ")
                .Append(CultureInfo.InvariantCulture, $"Here: {empty:0.0} µs, {(empty <= EmptyTargetMicroseconds ? "met" : "missed")}.\n\n");
        }

        AppendMachine(text);
        return text.ToString();
    }

    /// <summary>The figures on Redis, and what a lease takes of its memory.</summary>
    public static string FormatRedis(BenchPlan plan, IReadOnlyList<Measured> results, string memory)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Results on Redis

            Made by `dotnet run -c Release --project tests/VirtualNumber.Load -- bench --redis 127.0.0.1:6379 --leases {plan.Leases}`
            on an empty Redis; it writes everything down to the profile.

            {Conditions(plan)} Redis runs with `deploy/redis/redis.conf`, every write on disk before its answer, and
            its own time is not in the table. Look-ups and reports go to {plan.Leases:n0} live leases. A loop makes its calls in the
            process that is measured, through the same client, without a service around it.


            """);
        AppendTable(text, results, compared: "the empty RPC", results[0]);
        if (results.ToDictionary(result => result.Name) is var named
            && named.TryGetValue(BenchCommand.EmptyName, out var empty)
            && named.TryGetValue(BenchCommand.HashGetName, out var bare)
            && named.TryGetValue(BenchCommand.ResolveName, out var resolve))
        {
            var (parts, whole) = (ServerTime(empty) + ServerTime(bare), ServerTime(resolve));
            text.Append(CultureInfo.InvariantCulture, $"\nTarget: Resolve costs at most {ResolveTarget} times the empty RPC and a bare HGET. ")
                .Append(CultureInfo.InvariantCulture, $"Here: {whole:0.0} µs of {parts:0.0} µs, {whole / parts:0.00} times, {(whole <= ResolveTarget * parts ? "met" : "missed")}.\n");
        }

        text.Append('\n').Append(memory).Append('\n');
        AppendMachine(text);
        return text.ToString();
    }

    /// <summary>What a lease costs at two levels of occupancy.</summary>
    public static string FormatOccupancy(OccupancyPlan plan, IReadOnlyList<OccupancyRow> rows)
    {
        var redis = plan.Redis.Length > 0 ? " --redis 127.0.0.1:6379" : "";
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Results by occupancy

            Made by `dotnet run -c Release --project tests/VirtualNumber.Load -- occupancy{redis}`, which writes everything down to the profile.

            A pool of {plan.Places:n0} places in each mode and at each level, in blocks of as many places as a block may have. A round leases 1 % of the
            places, from half a percent below the level to half above it, one after the other; then these are released and rest, unmeasured.
            {plan.Rounds} rounds at each level, the two taking turns, after half as many for warming up. Everything runs in the process that is
            measured; no call goes over the wire but those to Redis. The verb is measured from call to answer. Pairs are of a random one
            of {plan.Couriers:n0} couriers and a recipient of its own. Median of the rounds (least – most).

            | store | mode | µs per lease | at {OccupancyPlan.Low} % | at {OccupancyPlan.High} % | ratio |
            | --- | --- | --- | ---: | ---: | ---: |

            """);
        foreach (var row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Store} | {row.Mode.ToString().ToLowerInvariant()} | {row.What} ")
                .Append(CultureInfo.InvariantCulture, $"| {Spread(row.Low, figure => figure, "0.0")} | {Spread(row.High, figure => figure, "0.0")} | {row.Ratio:0.00} |\n");
        }

        var worst = rows.Where(row => row.IsHeld).MaxBy(row => row.Ratio)!;
        text.Append(CultureInfo.InvariantCulture, $"\nTarget: leasing at {OccupancyPlan.High} % costs at most {OccupancyRow.MostRatio} times what it costs at {OccupancyPlan.Low} %, in all modes. ")
            .Append(CultureInfo.InvariantCulture, $"Here: {worst.Ratio:0.00} at most\n({worst.Store}, {worst.Mode.ToString().ToLowerInvariant()}, {worst.What}), {(worst.Passed ? "met" : "missed")}.\n");
        if (rows.Max(row => row.Refused) is var refused and > 0)
            text.Append(CultureInfo.InvariantCulture, $"Up to {refused:n0} leases of a pool were refused, the courier being on every number with room, and another courier's was tried.\n");
        text.Append('\n');
        AppendMachine(text);
        return text.ToString();
    }

    private static string Conditions(BenchPlan plan) => string.Create(CultureInfo.InvariantCulture, $"""
        {plan.Duration.TotalSeconds:0.#} s per call in {plan.Rounds} interleaved rounds after a warm-up, {plan.Concurrency} calls at a time over one connection. Client and server share
        the machine, so calls per second and latency are those of both together; server time is the processor time of the server's
        process alone, per call. Median of the rounds (least – most).
        """);

    private static void AppendTable(StringBuilder text, IReadOnlyList<Measured> results, string compared, Measured with)
    {
        text.Append(CultureInfo.InvariantCulture, $"| call | server µs per call | of {compared} | calls/s | p50 ms | p99 ms |\n")
            .Append("| --- | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var measured in results)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {measured.Name} | {Spread(measured.Rounds, round => round.ServerMicroseconds, "0.0")} | {ServerTime(measured) / ServerTime(with):0.00} ")
                .Append(CultureInfo.InvariantCulture, $"| {Spread(measured.Rounds, round => round.CallsPerSecond, "#,0")} ")
                .Append(CultureInfo.InvariantCulture, $"| {Spread(measured.Rounds, round => round.P50, "0.00")} | {Spread(measured.Rounds, round => round.P99, "0.00")} |\n");
        }
    }

    private static double ServerTime(Measured measured) => Median(measured.Rounds, round => round.ServerMicroseconds);

    /// <summary>The machine and the commit that figures belong to.</summary>
    public static void AppendMachine(StringBuilder text)
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        (string Name, string Value)[] facts =
        [
            ("machine", $"{Fact("/proc/cpuinfo", "model name", ':')}, {Environment.ProcessorCount} cores, {memory:0} GiB"),
            ("system", $"{Fact("/etc/os-release", "PRETTY_NAME", '=').Trim('"')}, kernel {Environment.OSVersion.Version}"),
            (".NET", $"{RuntimeInformation.FrameworkDescription}, server garbage collection {(System.Runtime.GCSettings.IsServerGC ? "on" : "off")}"),
            ("packages", $"Google.Protobuf {VersionOf(typeof(Google.Protobuf.IMessage)).Split('+')[0]}, gRPC: {typeof(Grpc.Core.ServerCallContext).Assembly.GetName().Name}"),
            ("commit", VersionOf(typeof(ResultsFile)).Split('+')[^1]),
        ];
        text.Append("| | |\n| --- | --- |\n");
        foreach (var (name, value) in facts)
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {value} |\n");
    }

    private static string Spread<T>(IReadOnlyList<T> rounds, Func<T, double> figure, string format)
    {
        var culture = CultureInfo.InvariantCulture;
        return $"{Median(rounds, figure).ToString(format, culture)} ({rounds.Min(figure).ToString(format, culture)} – {rounds.Max(figure).ToString(format, culture)})";
    }

    /// <summary>The middle one of the rounds' figures.</summary>
    public static double Median<T>(IReadOnlyList<T> rounds, Func<T, double> figure)
    {
        var sorted = rounds.Select(figure).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static string Fact(string path, string name, char separator) => !File.Exists(path)
        ? "unknown"
        : File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(separator, 2)[1].Trim() ?? "unknown";
}
