using System.CommandLine;
using VirtualNumber.Load.Bench;
using VirtualNumber.Load.Calls;
using VirtualNumber.Load.Chaos;
using VirtualNumber.Load.Fuzz;
using VirtualNumber.Load.Pairs;
using VirtualNumber.Load.Replay;
using VirtualNumber.Load.Sip;

var root = new RootCommand("A client of Virtual Number: makes single calls, replays deliveries, measures.");
root.Subcommands.Add(CallCommand.Create());
root.Subcommands.Add(ReplayCommand.Create());
root.Subcommands.Add(PairsCommand.Create());
root.Subcommands.Add(BenchCommand.Create());
root.Subcommands.Add(OccupancyCommand.Create());
root.Subcommands.Add(FuzzCommand.Create());
root.Subcommands.Add(BenchServerCommand.Create());
root.Subcommands.Add(ChaosCommand.Create());
root.Subcommands.Add(SipCommand.Create());

var parsed = root.Parse(args);
if (parsed.Errors.Count == 0)
    return await parsed.InvokeAsync();

foreach (var error in parsed.Errors)
    Console.Error.WriteLine(error.Message);
Console.Error.WriteLine(parsed.CommandResult.Command.Name == CallCommand.Name ? ServiceCatalog.Usage : "Try --help.");
return 2;
