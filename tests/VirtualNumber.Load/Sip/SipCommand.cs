using System.CommandLine;
using VirtualNumber.Load.Bench;

namespace VirtualNumber.Load.Sip;

/// <summary><c>sip</c>: calls per second through Kamailio that asks the service, beside the same Kamailio that looks into Redis by itself; and good calls beside look-ups that hang.</summary>
internal static class SipCommand
{
    private const string FileName = "RESULTS-SIP.md";

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each gateway that count.", DefaultValueFactory = _ => 5 };
        var calls = new Option<int>("--calls") { Description = "Calls of a round.", DefaultValueFactory = _ => 4_000 };
        var good = new Option<int>("--good") { Description = "Good calls a second beside hung look-ups.", DefaultValueFactory = _ => 300 };
        var hung = new Option<int>("--hung") { Description = "Hung look-ups a second.", DefaultValueFactory = _ => 20 };
        var seconds = new Option<int>("--seconds") { Description = "How long look-ups hang.", DefaultValueFactory = _ => 15 };
        var output = new Option<FileInfo?>("--out") { Description = $"Where the figures go; missing: {FileName} beside the project." };
        var allowDebug = new Option<bool>("--allow-debug") { Description = "Measures a debug build, to try the command; writes no file but --out." };
        var command = new Command("sip", "Measures real SIP calls through Kamailio; needs Debian's kamailio, its modules, sip-tester and redis-server.")
        {
            rounds, calls, good, hung, seconds, output, allowDebug,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (BenchCommand.IsDebugBuild && !parsed.GetRequiredValue(allowDebug))
            {
                await Console.Error.WriteLineAsync("This is a debug build, its figures mean nothing: dotnet run -c Release --project tests/VirtualNumber.Load -- sip");
                return 2;
            }

            var plan = new SipPlan(
                parsed.GetRequiredValue(rounds), parsed.GetRequiredValue(calls), parsed.GetRequiredValue(good), parsed.GetRequiredValue(hung), parsed.GetRequiredValue(seconds));
            var report = await SipMeasurement.RunAsync(plan, cancellation);
            var text = report.Format();
            Console.WriteLine(text);
            var beside = BenchCommand.IsDebugBuild ? null : ResultsFile.Find(FileName);
            if ((parsed.GetValue(output)?.FullName ?? beside) is { } path)
                ResultsFile.Write(path, text);
            return report.Passed ? 0 : 1;
        });
        return command;
    }
}
