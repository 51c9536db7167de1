using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Replay;

internal sealed partial class ParcelReplay
{
    private async Task ReportAsync(ParcelEvent e)
    {
        var call = await context.CallAsync(target => target.ReportAsync(plan, e));
        var outcome = call.Answer.Outcome;
        Report.Count(outcome switch
        {
            ReportOutcome.Applied => Counted.Applied,
            ReportOutcome.Repeated => Counted.Repeated,
            ReportOutcome.Older => Counted.Older,
            _ => Counted.AfterTerminal,
        });

        var expected = _ledger.Expect(e, call.Answered);
        var latest = outcome == ReportOutcome.Applied ? e : _ledger.Latest;
        if (expected is not null && expected != outcome)
            Violate(Violation.WrongOutcome, $"{e.Status} of {e.Time:O} is {outcome}, should be {expected}");
        else if (expected is not null && new ParcelEvent(call.Answer.Status, call.Answer.EventTime) != latest)
            Violate(Violation.WrongOutcome, $"{call.Answer.Status} of {call.Answer.EventTime:O} is told as the latest event");
        _ledger.Know(new(call.Answer.Status, call.Answer.EventTime), call.Sent);

        if (Holding is { } holding)
            await CheckAfterReportAsync(holding, e, call);
    }

    private async Task CheckAfterReportAsync(Holding holding, ParcelEvent e, Timed<SeenReport> call)
    {
        var wasLive = holding.IsLive(call.Sent, call.Answered);
        var applied = call.Answer.Outcome == ReportOutcome.Applied;
        var told = call.Answer.Leases.FirstOrDefault(lease => lease.Id == holding.LeaseId);
        if (wasLive == false)
        {
            if (told is not null)
                Violate(Violation.LeaseRevived, $"ended {holding.End:O}, told as live after {e.Status}");
            return;
        }

        // Not told as live: the report ended it, or it expired in the meantime. Either way it can still be read.
        var lease = told;
        if (lease is null)
        {
            var read = await context.CallAsync(target => target.GetAsync(holding.LeaseId));
            lease = read.Answer;
            if (lease is null && read.Answered < call.Sent + context.Policy.Aging)
                Violate(Violation.LeaseLost, $"not found after {e.Status}");
        }

        if (lease is null)
        {
            // Read so late that its record may be gone: it ended during the report, no more is known.
            holding.End = call.Sent < holding.End ? call.Sent : holding.End;
            return;
        }

        if (wasLive == true)
            CheckExpireTime(holding, e, lease.ExpireTime, applied, call);
        if (lease.ExpireTime == holding.End)
            return;
        holding.End = lease.ExpireTime;
        ScheduleProbes();
    }

    private void CheckExpireTime(Holding holding, ParcelEvent e, DateTimeOffset expireTime, bool applied, Timed<SeenReport> call)
    {
        if (!applied)
        {
            if (expireTime != holding.End)
                Violate(Violation.ExpireTimeMoved, $"{call.Answer.Outcome} {e.Status} moved the expire time from {holding.End:O} to {expireTime:O}");
            return;
        }

        // An event whose terms are over ends the lease when it is reported, not back then.
        var instant = TermsOf(e).Instant;
        var cap = Terms.CapOf(holding.LeaseTime);
        var right = expireTime == (instant < cap ? instant : cap) || (instant <= call.Answered && call.Spans(expireTime));
        if (!right)
            Violate(Violation.WrongExpireTime, $"{e.Status} of {e.Time:O} made it {expireTime:O}");
    }
}
