using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>What ReportDeliveryStatus answers.</summary>
/// <param name="Outcome">What became of the event.</param>
/// <param name="Status">The delivery's latest status.</param>
/// <param name="EventTime">When that happened.</param>
/// <param name="Leases">The delivery's live leases after it, in the order of the roles.</param>
internal sealed record ReportAnswer(
    ReportOutcome Outcome, DeliveryStatus Status, DateTimeOffset EventTime, IReadOnlyList<Lease> Leases);

internal sealed partial class LeaseVerbs
{
    /// <summary>
    /// Reports what happened to a parcel. The ledger decides whether it counts; what is stored is then applied to every claim,
    /// also when this event changed nothing: an earlier try may have been cut off in between. Acknowledged after the last one.
    /// </summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="status">What happened.</param>
    /// <param name="eventTime">When, by the source's clock.</param>
    /// <param name="deliveredTerm">The tenant's own term for DELIVERED; null: the default.</param>
    /// <param name="cancellation">Ends the call; the report may have happened.</param>
    public async ValueTask<ReportAnswer> ReportDeliveryStatusAsync(
        DeliveryKey delivery, DeliveryStatus status, DateTimeOffset eventTime, TimeSpan? deliveredTerm, CancellationToken cancellation)
    {
        var now = Now;
        var step = new DecideStep(
            DigestOf(delivery),
            status,
            eventTime,
            terms.For(status, eventTime, deliveredTerm),
            DeliveryStatusRules.AllowedFrom(status),
            now + LedgerKeptWithoutLease);
        var (outcome, view) = await pool.DecideAsync(step, now, cancellation);

        var leases = new List<Lease>(view.Claims.Count);
        foreach (var (_, claim) in view.Claims)
        {
            now = Now;
            var applied = await pool.ApplyAsync(claim, view.ReportNumber, view.Terms!.Value, terms.HardCap, now, cancellation);
            if (applied.Record is { } record && record.IsLive(now))
                leases.Add(LeaseOf(record, now));
        }

        return new(outcome, view.Status, view.EventTime, leases);
    }

    /// <summary>A report for a delivery without a lease waits so long for one.</summary>
    private TimeSpan LedgerKeptWithoutLease => terms.ReportKept;
}
