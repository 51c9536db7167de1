namespace VirtualNumber.Load.Replay;

internal sealed partial class ParcelReplay
{
    /// <summary>Looks just before the end and just after it, unless the end has moved by then.</summary>
    private void ScheduleProbes()
    {
        var end = Holding!.End;
        context.Agenda.Add(end - context.ProbeBefore, () => InTurnAsync(() => ProbeIfStillAsync(end)));
        context.Agenda.Add(end + context.ProbeAfter, () => InTurnAsync(() => ProbeIfStillAsync(end)));
    }

    private Task ProbeIfStillAsync(DateTimeOffset end) => Holding!.End == end ? ProbeAsync() : Task.CompletedTask;

    private async Task ProbeAsync()
    {
        var holding = Holding!;
        var call = await context.CallAsync(target => target.ResolveAsync(holding.Number));
        switch (holding.IsLive(call.Sent, call.Answered))
        {
            case true:
                Report.Count(Counted.ProbesLive);
                CheckLiveRoute(holding, call.Answer);
                break;
            case false:
                Report.Count(Counted.ProbesEnded);
                CheckEndedRoute(holding, call);
                break;
            default:
                Report.Count(Counted.ProbesStraddling);
                break;
        }

        await ReadAsync(holding);
    }

    private void CheckLiveRoute(Holding holding, SeenRoute route)
    {
        if (route.ConnectNumber is null)
            Violate(Violation.NoRoute, $"refused although it lives until {holding.End:O}");
        else if (route.ConnectNumber != plan.RealNumber || route.LeaseId != holding.LeaseId)
            Violate(Violation.WrongNumber, "a call to its live lease reached somebody else, or under another lease");
    }

    private void CheckEndedRoute(Holding holding, Timed<SeenRoute> call)
    {
        if (call.Answer.ConnectNumber is not { } number)
            return;
        if (number == plan.RealNumber || call.Answer.LeaseId == holding.LeaseId)
            Violate(holding.Released ? Violation.RouteAfterRelease : Violation.RouteAfterExpire, $"connected although it ended {holding.End:O}");
        else if (call.Answered < holding.End + context.Policy.Aging)
            Violate(Violation.ReusedBeforeRest, $"connects to another holder although it ended only {holding.End:O}");
    }

    private async Task ReadAsync(Holding holding)
    {
        var call = await context.CallAsync(target => target.GetAsync(holding.LeaseId));
        var live = holding.IsLive(call.Sent, call.Answered);
        if (call.Answer is not { } lease)
        {
            if (call.Answered < holding.End + context.Policy.Aging)
                Violate(Violation.LeaseLost, "not found, although its number does not rest for long enough yet");
            return;
        }

        if (lease.Number != holding.Number || lease.ExpireTime != holding.End)
            Violate(Violation.ExpireTimeMoved, $"read with expire time {lease.ExpireTime:O}, last told as {holding.End:O}");
        if (live is not null && lease.Live != live)
            Violate(live.Value ? Violation.LeaseLost : Violation.LeaseRevived, $"read as live: {lease.Live}, its end is {holding.End:O}");
    }
}
