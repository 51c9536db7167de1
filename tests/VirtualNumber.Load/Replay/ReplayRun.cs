namespace VirtualNumber.Load.Replay;

/// <summary>A replay from the first lease to the last end: the parcels, the checks across them, the counts.</summary>
internal sealed class ReplayRun(
    ReplayContext context, IReadOnlyList<ParcelPlan> plans, IReadOnlyDictionary<ReplayPool, ReplayNumbers> stock)
{
    private readonly List<ParcelReplay> _parcels = [.. plans.Select(plan => new ParcelReplay(context, plan))];

    private ReplayReport Report => context.Report;

    /// <summary>Stocks the pools, replays, checks.</summary>
    /// <param name="run">Runs the agenda to its end.</param>
    public async Task RunAsync(Func<Task> run)
    {
        foreach (var (pool, numbers) in stock)
        {
            await context.Target.StockAsync(pool, numbers, context.Policy.Aging);
            Report.Count(Counted.Stocked, numbers.Count);
        }

        foreach (var parcel in _parcels)
            parcel.Schedule();
        ScheduleDay(plans.Min(plan => plan.LeaseTime));
        await run();

        await CheckCountsAsync();
        CheckSlots();
        Report.Count(Counted.PeakLive, FindPeak());
        Report.Count(Counted.DeliveredAfterEnd, _parcels.Count(parcel => parcel.Holding?.End <= parcel.Plan.DeliveredTime));
        _parcels.ForEach(parcel => parcel.Dispose());
    }

    /// <summary>Once a day the store is tidied and counted, as long as there is something else to do.</summary>
    private void ScheduleDay(DateTimeOffset due) => context.Agenda.Add(due, async () =>
    {
        await context.Target.TidyAsync();
        await CheckCountsAsync();
        if (!context.Agenda.IsEmpty)
            ScheduleDay(due + context.Policy.Scaled(TimeSpan.FromDays(1)));
    });

    private async Task CheckCountsAsync()
    {
        foreach (var (pool, numbers) in stock)
        {
            var call = await context.CallAsync(target => target.CountAsync(pool));
            Report.Count(Counted.CountsChecked);
            var counts = call.Answer;
            if (counts.Stocked != numbers.Count || counts.Available + counts.Leased + counts.Aging + counts.Others != counts.Stocked)
                Report.Violate(Violation.WrongCounts, $"{pool} at {call.Sent:O}: {counts}, stocked were {numbers.Count}");
            // In real time other calls are under way; then only the sum can be held against something.
            if (context.Time is ManualTime)
                CheckAgainstHoldings(pool, counts, call.Sent);
        }
    }

    private void CheckAgainstHoldings(ReplayPool pool, SeenCounts counts, DateTimeOffset now)
    {
        // The last holder of a number decides its state.
        var ends = HoldingsByNumber().Where(number => number.Last().Pool == pool).Select(number => number.Last().End).ToList();
        var leased = ends.Count(end => end > now);
        var aging = ends.Count(end => end <= now && end > now - context.Policy.Aging);
        if (counts.Leased != leased || counts.Aging != aging)
            Report.Violate(Violation.WrongCounts, $"{pool} at {now:O}: {counts}, should be {leased} leased, {aging} aging");
    }

    private void CheckSlots()
    {
        foreach (var holdings in HoldingsByNumber().Select(number => number.ToList()))
        {
            Report.Count(Counted.SlotsReused, holdings.Count - 1);
            foreach (var (earlier, later) in holdings.Zip(holdings.Skip(1)))
            {
                if (later.LeaseTime < earlier.End || later.LeaseTime == earlier.LeaseTime)
                    Report.Violate(Violation.TwoHolders, $"a number is leased at {later.LeaseTime:O}, held until {earlier.End:O}");
                else if (later.LeaseTime < earlier.End + context.Policy.Aging)
                    Report.Violate(Violation.ReusedBeforeRest, $"a number is leased at {later.LeaseTime:O}, its rest began {earlier.End:O}");
            }
        }
    }

    private IEnumerable<IGrouping<string, Holding>> HoldingsByNumber() => _parcels
        .Select(parcel => parcel.Holding)
        .OfType<Holding>()
        .OrderBy(holding => holding.LeaseTime)
        .GroupBy(holding => holding.Number);

    private int FindPeak()
    {
        var (live, peak) = (0, 0);
        var changes = _parcels.Select(parcel => parcel.Holding).OfType<Holding>()
            .SelectMany(holding => new[] { (Time: holding.LeaseTime, Change: 1), (Time: holding.End, Change: -1) })
            .Order();
        foreach (var (_, change) in changes)
            peak = Math.Max(peak, live += change);
        return peak;
    }
}
