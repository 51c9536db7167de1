using System.CommandLine;
using System.Diagnostics;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Bench;

/// <summary><c>bench</c>: what calls cost the server, each kind in a process of its own, the client in this one.</summary>
internal static class BenchCommand
{
    /// <summary>What the table calls the call that the target is about.</summary>
    public const string EmptyName = "Empty RPC";

    /// <summary>So many calls are under way at a time, all over one connection.</summary>
    private const int UsualConcurrency = 32;

    private const int RoundCount = 4;

    /// <summary>As long as a round or longer: the compiler in the background needs some seconds to be done.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(4);

    public static Command Create()
    {
        var leases = new Option<int>("--leases") { Description = "Live leases that Resolve looks among.", DefaultValueFactory = _ => 100_000 };
        var seconds = new Option<double>("--seconds") { Description = "How long each call is measured, all rounds together.", DefaultValueFactory = _ => 8 };
        var concurrency = new Option<int>("--concurrency") { Description = "Calls under way at a time.", DefaultValueFactory = _ => UsualConcurrency };
        var output = new Option<FileInfo?>("--out") { Description = "Where the table goes; missing: RESULTS.md beside the project." };
        var only = new Option<string>("--only") { Description = "Measures calls whose name holds this text and writes no file: for a profiler.", DefaultValueFactory = _ => "" };
        var allowDebug = new Option<bool>("--allow-debug") { Description = "Measures a debug build, to try the command." };
        var command = new Command("bench", "Measures what calls cost.") { leases, seconds, concurrency, output, only, allowDebug };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (IsDebugBuild && !parsed.GetRequiredValue(allowDebug))
            {
                await Console.Error.WriteLineAsync("This is a debug build, its figures mean nothing: dotnet run -c Release --project tests/VirtualNumber.Load -- bench");
                return 2;
            }

            var results = await RunAsync(
                parsed.GetRequiredValue(leases),
                TimeSpan.FromSeconds(parsed.GetRequiredValue(seconds) / RoundCount),
                parsed.GetRequiredValue(concurrency),
                parsed.GetRequiredValue(only),
                cancellation);
            var text = ResultsFile.Format(results, parsed.GetRequiredValue(leases), parsed.GetRequiredValue(seconds), RoundCount, parsed.GetRequiredValue(concurrency));
            Console.WriteLine(text);
            if (parsed.GetRequiredValue(only).Length == 0 && (parsed.GetValue(output)?.FullName ?? ResultsFile.Find()) is { } path)
                ResultsFile.Write(path, text);
            return 0;
        });
        return command;
    }

    private static bool IsDebugBuild => typeof(LeaseServiceReflection).Assembly
        .GetCustomAttributes(typeof(DebuggableAttribute), false).Cast<DebuggableAttribute>().Any(debuggable => debuggable.IsJITOptimizerDisabled);

    private static async Task<IReadOnlyList<(string Name, IReadOnlyList<Round> Rounds)>> RunAsync(
        int leases, TimeSpan round, int concurrency, string only, CancellationToken cancellation)
    {
        await using var bare = await EmptyServer.StartAsync("--bare");
        await using var empty = await EmptyServer.StartAsync();
        await using var service = await ServiceProcess.StartAsync(ServiceLoad.Settings);
        using var serviceChannel = new Channel(service.GrpcAddress.Port);
        var load = new ServiceLoad(serviceChannel.Invoker);
        await load.PrepareAsync(leases);

        Subject[] all =
        [
            new("Empty, bare Kestrel, hand-framed", bare.Process, bare.CallAsync, Nothing),
            new(EmptyName, empty.Process, empty.CallAsync, Nothing),
            new("Resolve", service.Process, load.ResolveAsync, Nothing),
            new("CreateLease", service.Process, load.CreateLeaseAsync, load.StockAsync),
        ];
        var subjects = all.Where(subject => subject.Name.Contains(only, StringComparison.OrdinalIgnoreCase)).ToList();
        foreach (var subject in subjects)
        {
            await Console.Error.WriteLineAsync($"warming up: {subject.Name}, process {subject.Process.Id}");
            await Meter.MeasureAsync(subject, concurrency, s_warmUp);
        }

        var rounds = subjects.ToDictionary(subject => subject, _ => new List<Round>());
        for (var i = 0; i < RoundCount; i++)
        {
            foreach (var subject in subjects)
            {
                cancellation.ThrowIfCancellationRequested();
                rounds[subject].Add(await Meter.MeasureAsync(subject, concurrency, round));
            }
        }

        return [.. subjects.Select(subject => (subject.Name, (IReadOnlyList<Round>)rounds[subject]))];
    }

    private static Task Nothing(TimeSpan round) => Task.CompletedTask;

    /// <summary>A bench-server in a process of its own.</summary>
    private sealed class EmptyServer : IAsyncDisposable
    {
        private static readonly TimeSpan s_readyWithin = TimeSpan.FromSeconds(20);

        private readonly Channel _channel;
        private readonly EmptyService.EmptyServiceClient _client;

        private EmptyServer(ChildProcess process, int port)
        {
            Process = process;
            _channel = new Channel(port);
            _client = new EmptyService.EmptyServiceClient(_channel.Invoker);
        }

        public ChildProcess Process { get; }

        public static async Task<EmptyServer> StartAsync(params string[] arguments)
        {
            var (port, _) = ServiceProcess.FindFreePorts();
            var process = ChildProcess.Start(
                typeof(BenchCommand).Assembly.Location, [BenchServerCommand.Name, "--port", $"{port}", .. arguments], []);
            var server = new EmptyServer(process, port);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            for (var start = Stopwatch.GetTimestamp(); !process.Output.Contains(BenchServerCommand.Ready, StringComparison.Ordinal); await timer.WaitForNextTickAsync())
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(start) > s_readyWithin)
                    throw new InvalidOperationException($"bench-server did not start:{Environment.NewLine}{process.Output}");
            }

            return server;
        }

        public async Task CallAsync() => await _client.CallAsync(new EmptyMessage());

        public async ValueTask DisposeAsync()
        {
            _channel.Dispose();
            await Process.DisposeAsync();
        }
    }
}
