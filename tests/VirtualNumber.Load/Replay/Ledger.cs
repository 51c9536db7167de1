using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Replay;

/// <summary>What the service should know of a delivery: an independent account of the rule (event time, rank).</summary>
internal sealed class Ledger(LeaseTerms terms)
{
    private DateTimeOffset _keptUntil = DateTimeOffset.MinValue;

    /// <summary>The latest event that counted; null: none.</summary>
    public ParcelEvent? Latest { get; private set; }

    /// <summary>
    /// What the service must answer; null where it may have forgotten the delivery, since it promises only so many days.
    /// </summary>
    public ReportOutcome? Expect(ParcelEvent e, DateTimeOffset answered)
    {
        if (Latest is not { } latest)
            return ReportOutcome.Applied;
        if (answered >= _keptUntil)
            return null;
        if (e == latest)
            return ReportOutcome.Repeated;
        if (e.Time < latest.Time || (e.Time == latest.Time && e.Status < latest.Status))
            return ReportOutcome.Older;
        return DeliveryStatusRules.AllowedFrom(e.Status).Contains(latest.Status) ? ReportOutcome.Applied : ReportOutcome.AfterTerminal;
    }

    /// <summary>Takes down what the service answered as the delivery's latest event.</summary>
    public void Know(ParcelEvent latest, DateTimeOffset sent)
    {
        Latest = latest;
        KeepUntil(sent + terms.ReportKept);
    }

    /// <summary>A lease keeps the ledger for as long as it could last.</summary>
    public void KeepForLease(DateTimeOffset leaseTime) => KeepUntil(terms.CapOf(leaseTime));

    private void KeepUntil(DateTimeOffset until) => _keptUntil = until > _keptUntil ? until : _keptUntil;
}
