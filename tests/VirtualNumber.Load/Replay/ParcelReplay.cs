using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Replay;

/// <summary>
/// One parcel: makes its calls one after the other, and holds each answer to an own account of what it must be. A verdict that
/// depends on time is given only where the whole interval of the call lies on one side of the end.
/// </summary>
internal sealed partial class ParcelReplay(ReplayContext context, ParcelPlan plan) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Ledger _ledger = new(context.Policy.Terms);

    /// <summary>Its lease; null: none, or not yet.</summary>
    public Holding? Holding { get; private set; }

    public ParcelPlan Plan => plan;

    private ReplayReport Report => context.Report;

    private LeaseTerms Terms => context.Policy.Terms;

    /// <summary>Puts everything that is planned on the agenda.</summary>
    public void Schedule()
    {
        context.Agenda.Add(plan.LeaseTime, () => InTurnAsync(LeaseAsync));
        foreach (var report in plan.Reports)
            context.Agenda.Add(report.ReportTime, () => InTurnAsync(() => ReportAsync(report.Event)));
        if (plan.ReleaseTime is { } release)
            context.Agenda.Add(release, () => InTurnAsync(ReleaseAsync));
    }

    public void Dispose() => _turn.Dispose();

    private async Task InTurnAsync(Func<Task> action)
    {
        await _turn.WaitAsync();
        try
        {
            await action();
        }
        catch (ReplayCallException exception)
        {
            Violate(Violation.CallFailed, exception.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task LeaseAsync()
    {
        var call = await context.CallAsync(target => target.LeaseAsync(plan));
        switch (call.Answer.Outcome)
        {
            case CreateLeaseOutcome.Leased:
                TakeDown(call);
                if (plan.LeasesTwice)
                    await LeaseAgainAsync();
                await ProbeAsync();
                break;
            case CreateLeaseOutcome.DeliveryOver:
                Report.Count(Counted.Over);
                if (_ledger.Latest is not { } latest || TermsOf(latest).Instant > call.Answered)
                    Violate(Violation.LeaseRefused, "DELIVERY_OVER, but its terms leave time");
                break;
            case CreateLeaseOutcome.NumbersAging or CreateLeaseOutcome.PoolEmpty:
                Report.Count(Counted.Refused);
                // A simulation stands still, so the stock can be asked.
                if (context.Time is ManualTime && (await context.Target.CountAsync(plan.Pool)).Available > 0)
                    Violate(Violation.LeaseRefused, $"{call.Answer.Outcome} with numbers available");
                break;
            default:
                Violate(Violation.LeaseRefused, $"{call.Answer.Outcome}");
                break;
        }
    }

    private void TakeDown(Timed<SeenCreation> call)
    {
        var lease = call.Answer.Lease!;
        Holding = new Holding(plan.Pool, lease);
        Report.Count(Counted.Leases);
        var terms = _ledger.Latest is { } latest ? TermsOf(latest) : Terms.For(DeliveryStatus.LabelCreated, lease.LeaseTime);
        if (lease.ExpireTime != Terms.InitialExpireTime(terms, lease.LeaseTime))
            Violate(Violation.WrongExpireTime, $"leased until {lease.ExpireTime:O} at {lease.LeaseTime:O}");
        if (call.Answer.Existing || !lease.Live || !call.Spans(lease.LeaseTime))
            Violate(Violation.LeaseLost, $"a new lease is told as of {lease.LeaseTime:O}, existing {call.Answer.Existing}, live {lease.Live}");
        _ledger.KeepForLease(lease.LeaseTime);
        ScheduleProbes();
    }

    /// <summary>The repeat of a request whose answer was lost gets the same lease.</summary>
    private async Task LeaseAgainAsync()
    {
        var call = await context.CallAsync(target => target.LeaseAsync(plan));
        if (call.Answer.Lease?.Id != Holding!.LeaseId && Holding.IsLive(call.Sent, call.Answered) == true)
            Violate(Violation.LeaseLost, $"a repeated request got {call.Answer.Outcome} and another lease");
    }

    private async Task ReleaseAsync()
    {
        if (Holding is not { } holding)
            return;
        var call = await context.CallAsync(target => target.ReleaseAsync(holding.LeaseId));
        Report.Count(Counted.Releases);
        var wasLive = holding.IsLive(call.Sent, call.Answered);
        if (call.Answer is not { } lease)
        {
            // Its record is kept until the number has rested, and no longer.
            if (wasLive != false || call.Answered < holding.End + context.Policy.Aging)
                Violate(Violation.LeaseLost, "not found when released");
            return;
        }

        if (lease.Live)
            Violate(Violation.RouteAfterRelease, "told as live in the answer of its release");
        if (wasLive == true && !call.Spans(lease.ExpireTime))
            Violate(Violation.WrongExpireTime, $"released between {call.Sent:O} and {call.Answered:O}, but ended {lease.ExpireTime:O}");
        if (wasLive == false && lease.ExpireTime != holding.End)
            Violate(Violation.ExpireTimeMoved, "a release moved the end of a lease that had ended");
        // What is promised counts, not what is told: the release was acknowledged.
        var acknowledged = call.Answered;
        holding.Released |= wasLive == true;
        holding.End = lease.ExpireTime < acknowledged ? lease.ExpireTime : acknowledged;
        await ProbeAsync();
        ScheduleProbes();
    }

    private Terms TermsOf(ParcelEvent e) => Terms.For(e.Status, e.Time);

    private void Violate(Violation kind, string text) =>
        Report.Violate(kind, $"{plan.Carrier} {plan.Waybill} at {context.Time.GetUtcNow():O}: {text}");
}
