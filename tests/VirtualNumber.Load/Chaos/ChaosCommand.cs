using System.CommandLine;
using VirtualNumber.Load.Chaos.Bed;

namespace VirtualNumber.Load.Chaos;

/// <summary><c>chaos</c>: the verbs of leases, reports and look-ups against several instances on a cluster while things break; the history is held against the invariants.</summary>
internal static class ChaosCommand
{
    private static readonly string[] s_levels = ["everysec", "always", "replicated"];

    public static Command Create()
    {
        var seed = new Option<int>("--seed") { Description = "Replays the schedule and the clients' choices; missing: a new one, printed.", DefaultValueFactory = _ => Random.Shared.Next(1_000_000) };
        var clients = new Option<int>("--clients") { Description = "How many deliveries are under way at a time.", DefaultValueFactory = _ => 96 };
        var instances = new Option<int>("--instances") { Description = "Instances of the service.", DefaultValueFactory = _ => 3 };
        var faults = new Option<int>("--faults") { Description = "How many faults.", DefaultValueFactory = _ => 30 };
        var calls = new Option<int>("--calls") { Description = "How many calls at least.", DefaultValueFactory = _ => 500_000 };
        var blocks = new Option<int>("--blocks") { Description = "Stock: blocks of 100 direct numbers; the other pools go with it.", DefaultValueFactory = _ => 8 };
        var level = new Option<string>("--level") { Description = "The durability level.", DefaultValueFactory = _ => ChaosPlan.DefaultLevel };
        level.AcceptOnlyFromAmong(s_levels);
        var plant = new Option<string>("--plant") { Description = "A bug for the checker to find.", DefaultValueFactory = _ => "none" };
        plant.AcceptOnlyFromAmong("none", "no-aging", "drop-write");
        var links = new Option<string>("--links") { Description = "How links are cut: namespaces where allowed (auto), or proxies.", DefaultValueFactory = _ => "auto" };
        links.AcceptOnlyFromAmong("auto", "proxies");
        var output = new Option<FileInfo?>("--out") { Description = "Where the calls that prove a violation go." };
        foreach (var (option, least, most) in new[] { (clients, 1, 900), (instances, 1, 9), (faults, 0, 10_000), (calls, 0, int.MaxValue), (blocks, 1, 10) })
        {
            option.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() is var value && (value < least || value > most))
                    result.AddError($"{option.Name} must be {least} to {most}.");
            });
        }

        var command = new Command("chaos", "Breaks things under load and checks the history.") { seed, clients, instances, faults, calls, blocks, level, plant, links, output };
        command.SetAction(async (parsed, cancellation) =>
        {
            var plan = new ChaosPlan(
                parsed.GetRequiredValue(seed),
                parsed.GetRequiredValue(clients),
                parsed.GetRequiredValue(instances),
                parsed.GetRequiredValue(faults),
                parsed.GetRequiredValue(calls),
                parsed.GetRequiredValue(level),
                parsed.GetRequiredValue(plant) switch { "no-aging" => Plant.NoAging, "drop-write" => Plant.DropWrite, _ => Plant.None },
                parsed.GetRequiredValue(blocks));
            if (!Namespaces.IsInside && parsed.GetRequiredValue(links) == "auto" && await Namespaces.AreAllowedAsync())
                return await Namespaces.RunInsideAsync(ArgumentsOf(plan, parsed.GetValue(output)), cancellation);

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (Namespaces.IsInside)
                _ = Namespaces.WatchParentAsync(stop);
            return await new ChaosRun(plan, parsed.GetValue(output), Console.Out).RunAsync(stop.Token);
        });
        return command;
    }

    private static string[] ArgumentsOf(ChaosPlan plan, FileInfo? output) =>
    [
        "chaos", "--seed", $"{plan.Seed}", "--clients", $"{plan.Clients}", "--instances", $"{plan.Instances}", "--faults", $"{plan.Faults}",
        "--calls", $"{plan.Calls}", "--blocks", $"{plan.DirectBlocks}", "--level", plan.Level,
        "--plant", plan.Plant switch { Plant.NoAging => "no-aging", Plant.DropWrite => "drop-write", _ => "none" },
        .. output is null ? [] : new[] { "--out", output.FullName },
    ];
}
