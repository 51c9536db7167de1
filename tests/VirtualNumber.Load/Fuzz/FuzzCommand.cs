using System.CommandLine;

namespace VirtualNumber.Load.Fuzz;

/// <summary><c>fuzz</c>: hostile bytes for a service of its own, in any number; a seed and a number make each of them again.</summary>
internal static class FuzzCommand
{
    public static Command Create()
    {
        var inputs = new Option<long>("--inputs") { Description = "How many inputs.", DefaultValueFactory = _ => 1_000_000 };
        var first = new Option<long>("--first") { Description = "The number of the first one.", DefaultValueFactory = _ => 0 };
        var seed = new Option<int>("--seed") { Description = "Makes the same inputs again; missing: new ones, printed.", DefaultValueFactory = _ => Random.Shared.Next(1_000_000) };
        var only = new Option<long?>("--only") { Description = "Sends the input of this number and no other." };
        var workers = new Option<int>("--workers") { Description = "How many are on their way at a time.", DefaultValueFactory = _ => 48 };
        var command = new Command("fuzz", "Sends hostile bytes to a service and holds it to what must never happen.") { inputs, first, seed, only, workers };
        command.SetAction(async (parsed, _) =>
        {
            var number = parsed.GetValue(only);
            var report = await FuzzRun.RunAsync(
                parsed.GetRequiredValue(seed),
                number ?? parsed.GetRequiredValue(first),
                number is null ? parsed.GetRequiredValue(inputs) : 1,
                parsed.GetRequiredValue(workers),
                Console.Out);
            report.WriteTo(Console.Out);
            return report.Faults.Count == 0 ? 0 : 1;
        });
        return command;
    }
}
