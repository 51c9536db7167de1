using System.CommandLine;
using Grpc.Net.Client;
using VirtualNumber.Load.Calls;

namespace VirtualNumber.Load.Replay;

/// <summary><c>replay</c>: two years of a marketplace's orders, and every invariant that can be seen from outside.</summary>
internal static class ReplayCommand
{
    private const int UsualDay = 200;

    public static Command Create()
    {
        var orders = new Argument<FileInfo?>("orders")
        {
            Description = $"{TestData.OrdersFile}; missing: where the test data is, or generated orders.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var segments = new Option<FileInfo?>("--segments") { Description = $"{TestData.SegmentsFile}; missing: where the test data is, or made-up prefixes." };
        var seed = new Option<int>("--seed") { Description = "Replays a run; missing: a new one, printed.", DefaultValueFactory = _ => Random.Shared.Next(1_000_000) };
        var limit = new Option<int>("--limit") { Description = "So many orders only.", DefaultValueFactory = _ => int.MaxValue };
        var redis = new Option<string?>("--redis") { Description = "In this process, on an empty Redis or cluster: what Redis:Configuration takes." };
        var wire = new Option<bool>("--over-the-wire") { Description = "Against a running service, in real time." };
        var start = new Option<bool>("--start-service") { Description = "Over the wire: starts the service with the settings that fit, and stops it." };
        var address = CallCommand.AddressOption();
        var day = new Option<int>("--day") { Description = "Over the wire: how many milliseconds a day of the data lasts.", DefaultValueFactory = _ => UsualDay };
        var settings = new Option<bool>("--print-settings") { Description = "Prints the environment that the service needs for --day, and ends." };
        var command = new Command("replay", "Replays orders and checks every answer.") { orders, segments, seed, limit, redis, wire, start, address, day, settings };
        command.SetAction(async (parsed, cancellation) =>
        {
            var policy = new ReplayPolicy(TimeSpan.FromMilliseconds(parsed.GetRequiredValue(day)));
            if (parsed.GetRequiredValue(settings))
                return PrintSettings(policy);

            var number = parsed.GetRequiredValue(seed);
            var chosen = parsed.GetValue(orders) is { } file ? OrderFile.Read(file.FullName) : TestData.OrdersOrGenerated(number);
            chosen = [.. chosen.Take(parsed.GetRequiredValue(limit))];
            var segmentsPath = parsed.GetValue(segments)?.FullName ?? TestData.Find(TestData.SegmentsFile);
            Console.WriteLine($"{chosen.Count} orders, seed {number}");
            ReplayReport report;
            if (parsed.GetRequiredValue(wire) || parsed.GetRequiredValue(start))
            {
                await using var service = parsed.GetRequiredValue(start) ? await ServiceProcess.StartAsync(policy.ToSettings()) : null;
                using var channel = GrpcChannel.ForAddress(service?.GrpcAddress ?? parsed.GetRequiredValue(address));
                report = await Replayer.OverTheWireAsync(
                    chosen, number, segmentsPath, channel.CreateCallInvoker(), TimeSpan.FromMilliseconds(parsed.GetRequiredValue(day)), cancellation);
            }
            else if (parsed.GetValue(redis) is { } configuration)
            {
                using var store = await RedisTarget.ConnectAsync(configuration);
                report = await Replayer.InProcessAsync(chosen, number, segmentsPath, (store.Pool, store.Stock));
            }
            else
            {
                report = await Replayer.InProcessAsync(chosen, number, segmentsPath);
            }

            report.WriteTo(Console.Out);
            return report.Violations.Count == 0 ? 0 : 1;
        });
        return command;
    }

    private static int PrintSettings(ReplayPolicy policy)
    {
        foreach (var (name, value) in policy.ToSettings())
            Console.WriteLine($"{name.Replace(":", "__", StringComparison.Ordinal)}={value}");
        return 0;
    }
}
