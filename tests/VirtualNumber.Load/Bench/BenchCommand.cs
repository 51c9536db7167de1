using System.CommandLine;
using System.Diagnostics;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Bench;

/// <summary><c>bench</c>: what calls cost the server, each kind in a process of its own, the client in this one.</summary>
internal static class BenchCommand
{
    /// <summary>What the table calls the call that the target is about.</summary>
    public const string EmptyName = "Empty RPC";

    public const string ResolveName = "Resolve";

    public const string HashGetName = "bare HGET, a loop";

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
        var redis = new Option<string>("--redis") { Description = "Measures the service on this Redis, which must be empty, instead of the embedded store.", DefaultValueFactory = _ => "" };
        var output = new Option<FileInfo?>("--out") { Description = "Where the table goes; missing: RESULTS.md, or RESULTS-REDIS.md, beside the project." };
        var only = new Option<string>("--only") { Description = "Measures calls whose name holds this text and writes no file: for a profiler.", DefaultValueFactory = _ => "" };
        var allowDebug = new Option<bool>("--allow-debug") { Description = "Measures a debug build, to try the command." };
        var command = new Command("bench", "Measures what calls cost.") { leases, seconds, concurrency, redis, output, only, allowDebug };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (IsDebugBuild && !parsed.GetRequiredValue(allowDebug))
            {
                await Console.Error.WriteLineAsync("This is a debug build, its figures mean nothing: dotnet run -c Release --project tests/VirtualNumber.Load -- bench");
                return 2;
            }

            var plan = new BenchPlan(
                parsed.GetRequiredValue(leases),
                TimeSpan.FromSeconds(parsed.GetRequiredValue(seconds)),
                RoundCount,
                parsed.GetRequiredValue(concurrency),
                parsed.GetRequiredValue(redis),
                parsed.GetRequiredValue(only));
            var text = plan.Redis.Length == 0
                ? ResultsFile.Format(plan, await EmbeddedAsync(plan, cancellation))
                : await RedisAsync(plan, cancellation);
            Console.WriteLine(text);
            var name = plan.Redis.Length == 0 ? "RESULTS.md" : "RESULTS-REDIS.md";
            if (plan.Only.Length == 0 && (parsed.GetValue(output)?.FullName ?? ResultsFile.Find(name)) is { } path)
                ResultsFile.Write(path, text);
            return 0;
        });
        return command;
    }

    /// <summary>Whether the service was built without optimising.</summary>
    public static bool IsDebugBuild => typeof(LeaseServiceReflection).Assembly
        .GetCustomAttributes(typeof(DebuggableAttribute), false).Cast<DebuggableAttribute>().Any(debuggable => debuggable.IsJITOptimizerDisabled);

    private static async Task<IReadOnlyList<Measured>> EmbeddedAsync(BenchPlan plan, CancellationToken cancellation)
    {
        await using var bare = await EmptyServer.StartAsync("--bare");
        await using var empty = await EmptyServer.StartAsync();
        await using var service = await ServiceProcess.StartAsync(ServiceLoad.Settings);
        using var serviceChannel = new Channel(service.GrpcAddress.Port);
        var load = new ServiceLoad(serviceChannel.Invoker);
        await load.PrepareAsync(plan.Leases);
        return await MeasureAsync(
            plan,
            [
                Subject.OfCalls("Empty, bare Kestrel, hand-framed", bare.Process, bare.CallAsync),
                Subject.OfCalls(EmptyName, empty.Process, empty.CallAsync),
                Subject.OfCalls(ResolveName, service.Process, load.ResolveAsync),
                Subject.OfCalls("CreateLease", service.Process, load.CreateLeaseAsync, load.StockAsync),
            ],
            cancellation);
    }

    /// <summary>The same calls on Redis, beside what Redis alone costs through the same client.</summary>
    private static async Task<string> RedisAsync(BenchPlan plan, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-bench-");
        try
        {
            using var memory = await RedisMemory.ConnectAsync(plan.Redis);
            var ring = Path.Combine(folder.FullName, "keys.json");
            await using var keys = ChildProcess.Start(typeof(LeaseServiceReflection).Assembly.Location, ["keys", "create", ring], []);
            await keys.WaitForOutputAsync();
            await using var empty = await EmptyServer.StartAsync();
            await using var loops = await EmptyServer.StartAsync("--redis", plan.Redis);
            await using var service = await ServiceProcess.StartAsync(
                new Dictionary<string, string>(ServiceLoad.Settings) { ["Redis:Configuration"] = plan.Redis, ["Sealing:KeyRing"] = ring });
            using var serviceChannel = new Channel(service.GrpcAddress.Port);
            var load = new ServiceLoad(serviceChannel.Invoker);
            var before = await memory.ReadUsedAsync();
            await load.PrepareAsync(plan.Leases);
            var table = await memory.DescribeAsync(before, plan.Leases);
            var measured = await MeasureAsync(
                plan,
                [
                    Subject.OfCalls(EmptyName, empty.Process, empty.CallAsync),
                    loops.SubjectOf(HashGetName, RedisLoops.HashGet, plan.Leases),
                    Subject.OfCalls(ResolveName, service.Process, load.ResolveAsync),
                    loops.SubjectOf("bare scripts of a lease, a loop", RedisLoops.LeaseScripts, plan.Leases),
                    Subject.OfCalls("CreateLease", service.Process, load.CreateLeaseAsync, load.StockAsync),
                    Subject.OfCalls(
                        $"BatchCreateLeases of {ServiceLoad.SmallBatch}, per lease", service.Process, load.BatchCreateLeasesAsync, load.StockAsync, ServiceLoad.SmallBatch),
                    Subject.OfCalls("ReportDeliveryStatus", service.Process, load.ReportDeliveryStatusAsync),
                ],
                cancellation);
            return ResultsFile.FormatRedis(plan, measured, table);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<IReadOnlyList<Measured>> MeasureAsync(BenchPlan plan, IReadOnlyList<Subject> all, CancellationToken cancellation)
    {
        var subjects = all.Where(subject => subject.Name.Contains(plan.Only, StringComparison.OrdinalIgnoreCase)).ToList();
        foreach (var subject in subjects)
        {
            await Console.Error.WriteLineAsync($"warming up: {subject.Name}, process {subject.Process.Id}");
            await subject.PrepareAsync(s_warmUp);
            await subject.MeasureAsync(plan.Concurrency, s_warmUp);
        }

        var rounds = subjects.ToDictionary(subject => subject, _ => new List<Round>());
        for (var i = 0; i < plan.Rounds; i++)
        {
            foreach (var subject in subjects)
            {
                cancellation.ThrowIfCancellationRequested();
                var round = plan.Duration / plan.Rounds;
                await subject.PrepareAsync(round);
                rounds[subject].Add(await subject.MeasureAsync(plan.Concurrency, round));
            }
        }

        return [.. subjects.Select(subject => new Measured(subject.Name, rounds[subject]))];
    }

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

        /// <summary>A loop in the server's own process.</summary>
        public Subject SubjectOf(string name, string kind, int leases) => new(
            name,
            Process,
            _ => Task.CompletedTask,
            async (concurrency, duration) =>
            {
                var request = new LoopRequest { Kind = kind, Concurrency = concurrency, Seconds = duration.TotalSeconds, Leases = leases };
                var round = await _client.LoopAsync(request);
                return new Round(round.CallsPerSecond, round.Microseconds, round.P50Milliseconds, round.P99Milliseconds);
            });

        public async Task CallAsync() => await _client.CallAsync(new EmptyMessage());

        public async ValueTask DisposeAsync()
        {
            _channel.Dispose();
            await Process.DisposeAsync();
        }
    }
}
