using System.CommandLine;
using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Bench;

/// <summary><c>occupancy</c>: what a lease costs when nearly all of a pool is leased, beside what it costs when little of it is.</summary>
internal static class OccupancyCommand
{
    private const string FileName = "RESULTS-OCCUPANCY.md";

    /// <summary>A block holds so many places at most; pools of whole blocks have the same size in each mode.</summary>
    private const int PlacesStep = Pool.MostPlacesPerBlock;

    private const int MostPlaces = 30 * PlacesStep;

    public static Command Create()
    {
        var places = new Option<int>("--places") { Description = $"Places of each pool, a multiple of {PlacesStep}.", DefaultValueFactory = _ => 3 * PlacesStep };
        var couriers = new Option<int>("--couriers") { Description = "Pair mode: how many couriers the leases are spread over.", DefaultValueFactory = _ => 1_000 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each pool that count.", DefaultValueFactory = _ => 24 };
        var redis = new Option<string>("--redis") { Description = "Measures this Redis too, which must be empty and no cluster.", DefaultValueFactory = _ => "" };
        var output = new Option<FileInfo?>("--out") { Description = $"Where the table goes; missing: {FileName} beside the project." };
        var allowDebug = new Option<bool>("--allow-debug") { Description = "Measures a debug build, to try the command; writes no file but --out." };
        places.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value is < PlacesStep or > MostPlaces || value % PlacesStep != 0))
                result.AddError($"--places must be a multiple of {PlacesStep}, at most {MostPlaces}.");
        });
        var command = new Command("occupancy", "Measures leasing at 10 % and at 99 % of a pool, in all modes.") { places, couriers, rounds, redis, output, allowDebug };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (BenchCommand.IsDebugBuild && !parsed.GetRequiredValue(allowDebug))
            {
                await Console.Error.WriteLineAsync("This is a debug build, its figures mean nothing: dotnet run -c Release --project tests/VirtualNumber.Load -- occupancy");
                return 2;
            }

            var plan = new OccupancyPlan(
                parsed.GetRequiredValue(places), parsed.GetRequiredValue(couriers), Math.Max(1, parsed.GetRequiredValue(rounds)), parsed.GetRequiredValue(redis));
            var rows = await OccupancyBench.MeasureAsync(plan, cancellation);
            var text = ResultsFile.FormatOccupancy(plan, rows);
            Console.WriteLine(text);
            var beside = BenchCommand.IsDebugBuild ? null : ResultsFile.Find(FileName);
            if ((parsed.GetValue(output)?.FullName ?? beside) is { } path)
                ResultsFile.Write(path, text);
            return rows.All(row => row.Passed) ? 0 : 1;
        });
        return command;
    }
}
