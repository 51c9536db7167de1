using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace VirtualNumber.Load.Bench;

/// <summary>RESULTS.md: the figures with the machine and the commit that they belong to.</summary>
internal static class ResultsFile
{
    /// <summary>What is written by hand from here on is kept.</summary>
    private const string KeptFrom = "## What the profile showed";

    private const double EmptyTargetMicroseconds = 17;

    /// <summary>The file beside the project; null when this does not run from a build of the repository.</summary>
    public static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VirtualNumber.Load.csproj")))
                return Path.Combine(folder.FullName, "RESULTS.md");
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

    public static string Format(
        IReadOnlyList<(string Name, IReadOnlyList<Round> Rounds)> results, int leases, double seconds, int rounds, int concurrency)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Results

            Made by `dotnet run -c Release --project tests/VirtualNumber.Load -- bench`, which writes everything down to the profile.

            {seconds:0.#} s per call in {rounds} interleaved rounds after a warm-up, {concurrency} calls at a time over one connection. Client and server share
            the machine, so calls per second and latency are those of both together; server time is the processor time of the server's
            process alone, per call. Median of the rounds (least – most). Resolve looks among {leases:n0} live leases, the embedded store
            behind it; the service logs at Warning.

            | call | server µs per call | of bare Kestrel | calls/s | p50 ms | p99 ms |
            | --- | ---: | ---: | ---: | ---: | ---: |

            """);
        var bare = Median(results[0].Rounds, round => round.ServerMicroseconds);
        foreach (var (name, measured) in results)
        {
            var server = Median(measured, round => round.ServerMicroseconds);
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {Spread(measured, round => round.ServerMicroseconds, "0.0")} | {server / bare:0.00} ")
                .Append(CultureInfo.InvariantCulture, $"| {Spread(measured, round => round.CallsPerSecond, "#,0")} ")
                .Append(CultureInfo.InvariantCulture, $"| {Spread(measured, round => round.P50, "0.00")} | {Spread(measured, round => round.P99, "0.00")} |\n");
        }

        foreach (var (_, measured) in results.Where(result => result.Name == BenchCommand.EmptyName))
        {
            var empty = Median(measured, round => round.ServerMicroseconds);
            text.Append(CultureInfo.InvariantCulture, $"\nTarget: an empty RPC costs at most {EmptyTargetMicroseconds} µs of server time. ")
                .Append(CultureInfo.InvariantCulture, $"Here: {empty:0.0} µs, {(empty <= EmptyTargetMicroseconds ? "met" : "missed")}.\n\n");
        }

        AppendMachine(text);
        return text.ToString();
    }

    private static void AppendMachine(StringBuilder text)
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

    private static string Spread(IReadOnlyList<Round> rounds, Func<Round, double> figure, string format)
    {
        var culture = CultureInfo.InvariantCulture;
        return $"{Median(rounds, figure).ToString(format, culture)} ({rounds.Min(figure).ToString(format, culture)} – {rounds.Max(figure).ToString(format, culture)})";
    }

    private static double Median(IReadOnlyList<Round> rounds, Func<Round, double> figure)
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
