using System.CommandLine;
using System.CommandLine.Parsing;
using VirtualNumber.Load.Replay;
using VirtualNumber.Protocol;

namespace VirtualNumber.Load.Pairs;

/// <summary><c>pairs</c>: how many numbers a day of couriers and recipients takes, of the fewest that it could take.</summary>
internal static class PairsCommand
{
    public static Command Create()
    {
        var couriers = new Option<int>("--couriers") { Description = "How many couriers.", DefaultValueFactory = _ => 200 };
        var parcels = new Option<int>("--parcels") { Description = "How many parcels each carries.", DefaultValueFactory = _ => 400 };
        var aging = SpanOption("--aging", "How long a party rests from a number; 5m at least.", TimeSpan.FromHours(1));
        var term = SpanOption("--delivered-term", "How long a lease goes on after the delivery; 30d at most.", TimeSpan.Zero);
        var density = new Option<int>("--density") { Description = "How many pairs may live on a number.", DefaultValueFactory = _ => PairPlan.UsualDensity };
        var seed = new Option<int>("--seed") { Description = "Replays a day; missing: a new one, printed.", DefaultValueFactory = _ => Random.Shared.Next(1_000_000) };
        var redis = new Option<string?>("--redis") { Description = "On an empty Redis or cluster: what Redis:Configuration takes." };
        RequireRange(couriers, 1, 10_000);
        RequireRange(parcels, 1, 10_000);
        RequireRange(density, 1, PairPlan.UsualDensity);
        RequireRange(aging, new ProtocolBounds().LeastAging, ProtocolBounds.LongestAging);
        RequireRange(term, TimeSpan.Zero, TimeSpan.FromDays(30));
        var command = new Command("pairs", "Leases the pairs of a day and counts the numbers that they take.")
        {
            couriers, parcels, aging, term, density, seed, redis,
        };
        command.SetAction(async (parsed, _) =>
        {
            var plan = new PairPlan(
                parsed.GetRequiredValue(couriers),
                parsed.GetRequiredValue(parcels),
                parsed.GetRequiredValue(aging),
                parsed.GetRequiredValue(term),
                parsed.GetRequiredValue(density),
                parsed.GetRequiredValue(seed));
            Console.WriteLine(
                $"{plan.Couriers} couriers with {plan.Parcels} parcels each, aging {Spans.Text(plan.Aging)}, "
                + $"delivered term {Spans.Text(plan.DeliveredTerm)}, density {plan.Density}, seed {plan.Seed}");
            using var store = parsed.GetValue(redis) is { } configuration ? await RedisTarget.ConnectAsync(configuration) : null;
            var report = await PairRun.RunAsync(plan, store is null ? null : (store.Pool, store.Stock));
            report.WriteTo(Console.Out);
            return report.Passed ? 0 : 1;
        });
        return command;
    }

    private static Option<TimeSpan> SpanOption(string name, string description, TimeSpan usual) =>
        new(name) { Description = description, DefaultValueFactory = _ => usual, CustomParser = Spans.Parse };

    private static void RequireRange<T>(Option<T> option, T least, T most)
        where T : IComparable<T> =>
        option.Validators.Add((OptionResult result) =>
        {
            var value = result.GetValueOrDefault<T>();
            if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
                result.AddError($"{option.Name} must be {least} to {most}.");
        });
}
