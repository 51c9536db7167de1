using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// What the oracle knows of each delivery: the latest event, how many counted, which of them are acknowledged. Every live lease must
/// be the ledger's own, and must know every acknowledged report.
/// </summary>
internal sealed class LedgerOracle(RunningStore store)
{
    private readonly Dictionary<Digest, Delivery> _deliveries = [];

    /// <summary>A report is acknowledged once its last apply is done.</summary>
    internal void Acknowledge(Digest delivery, int reportNumber)
    {
        if (_deliveries.TryGetValue(delivery, out var known) && reportNumber <= known.ReportNumber)
            known.Acknowledged = Math.Max(known.Acknowledged, reportNumber);
    }

    internal async Task AfterStepAsync(
        InFlight verb, string step, DateTimeOffset? now, object? argument, object? answer, IReadOnlyCollection<LeaseRecord> records)
    {
        if (DeliveryOf(argument) is { } key)
            ForgetIfOver(key, now!.Value);
        switch (argument, answer)
        {
            case (ClaimStep claim, ClaimAnswer { Kind: not ClaimKind.None } claimed):
                AfterClaim(claim.Delivery, claim.KeepUntil, claimed);
                break;
            case (ReplaceStep replace, ClaimAnswer { Kind: ClaimKind.Created } replaced):
                AfterClaim(replace.Delivery, replace.KeepUntil, replaced);
                break;
            case (DecideStep decide, ValueTuple<ReportOutcome, LedgerView> decided):
                AfterDecide(verb, decide, decided.Item1, decided.Item2);
                break;
            case (ApplyCall apply, ApplyAnswer { Outcome: ApplyOutcome.Set, Record: { } record }):
                Unless(
                    Of(record.Delivery) is var stored && (apply.ReportNumber != stored.ReportNumber || apply.Terms == stored.Terms),
                    () => "A report applied other terms than those that are stored under its number.");
                break;
            case (_, ReclaimAnswer):
                await ForgetRemovedAsync(now!.Value);
                break;
        }

        foreach (var record in records.Where(record => record.IsLive(now ?? DateTimeOffset.MaxValue)))
        {
            Unless(
                record.ReportNumber >= (_deliveries.GetValueOrDefault(record.Delivery)?.Acknowledged ?? 0),
                () => $"{step}: a live lease does not know an acknowledged report.");
            if (step is "take" or "replace" or "claim")
                await CheckKnownAsync(record, now!.Value);
        }
    }

    private async Task CheckKnownAsync(LeaseRecord record, DateTimeOffset now)
    {
        var ledger = await store.Pool.ReadLedgerAsync(record.Delivery, now, CancellationToken.None);
        Unless(
            ledger?.Claims.Any(known => known.Role == record.Role && known.Claim.Id == record.Claim) == true,
            () => "A live lease's claim is not the role's claim in the ledger.");
    }

    private void AfterClaim(Digest key, DateTimeOffset keepUntil, ClaimAnswer answer)
    {
        var delivery = Of(key);
        Unless(
            (answer.ReportNumber, answer.Terms) == (delivery.ReportNumber, delivery.Terms),
            () => $"A claim was answered with report {answer.ReportNumber} where {delivery.ReportNumber} stands.");
        if (answer.Kind == ClaimKind.Created)
            delivery.Keep(keepUntil);
    }

    private void AfterDecide(InFlight verb, DecideStep step, ReportOutcome outcome, LedgerView view)
    {
        var delivery = Of(step.Delivery);
        var order = (step.EventTime, step.Status).CompareTo((delivery.EventTime, delivery.Status));
        var expected = delivery.ReportNumber == 0 || (order > 0 && MayFollow(delivery.Status, step.Status)) ? ReportOutcome.Applied
            : order > 0 ? ReportOutcome.AfterTerminal
            : order == 0 ? ReportOutcome.Repeated
            : ReportOutcome.Older;
        Unless(outcome == expected, () => $"An event came to {outcome} where {expected} is right.");
        if (outcome == ReportOutcome.Applied)
        {
            delivery.ReportNumber++;
            (delivery.EventTime, delivery.Status, delivery.Terms) = (step.EventTime, step.Status, step.Terms);
        }

        Unless(
            (view.ReportNumber, view.EventTime, view.Status, view.Terms)
                == (delivery.ReportNumber, delivery.EventTime, delivery.Status, delivery.Terms),
            () => "decide answers something else than what is stored.");
        delivery.Keep(step.KeepUntil);
        verb.DecidedNumber = view.ReportNumber;
    }

    /// <summary>Domain note, section 4, written down a second time.</summary>
    private static bool MayFollow(DeliveryStatus present, DeliveryStatus next) => present switch
    {
        DeliveryStatus.Delivered => next is DeliveryStatus.Returning or DeliveryStatus.Exception,
        DeliveryStatus.Refused => next is DeliveryStatus.Returning,
        DeliveryStatus.Returned or DeliveryStatus.Lost => false,
        DeliveryStatus.Cancelled => next is not (DeliveryStatus.LabelCreated or DeliveryStatus.Exception or DeliveryStatus.Lost
            or DeliveryStatus.Cancelled),
        _ => true,
    };

    private static Digest? DeliveryOf(object? argument) => argument switch
    {
        ClaimStep claim => claim.Delivery,
        ReplaceStep replace => replace.Delivery,
        DecideStep decide => decide.Delivery,
        Digest delivery => delivery,
        _ => null,
    };

    private Delivery Of(Digest key)
    {
        if (!_deliveries.TryGetValue(key, out var delivery))
            _deliveries.Add(key, delivery = new Delivery());
        return delivery;
    }

    /// <summary>A ledger whose time is over is forgotten by whichever step comes first.</summary>
    private void ForgetIfOver(Digest key, DateTimeOffset now)
    {
        if (_deliveries.TryGetValue(key, out var delivery) && delivery.KeepUntil <= now)
            _deliveries.Remove(key);
    }

    private async Task ForgetRemovedAsync(DateTimeOffset now)
    {
        foreach (var (key, _) in _deliveries.Where(delivery => delivery.Value.KeepUntil <= now).ToList())
        {
            if (await store.Pool.ReadLedgerAsync(key, DateTimeOffset.UnixEpoch, CancellationToken.None) is null)
                _deliveries.Remove(key);
        }
    }

    private sealed class Delivery
    {
        internal int ReportNumber { get; set; }

        internal int Acknowledged { get; set; }

        internal DeliveryStatus Status { get; set; }

        internal DateTimeOffset EventTime { get; set; }

        internal Terms? Terms { get; set; }

        internal DateTimeOffset KeepUntil { get; private set; } = DateTimeOffset.MinValue;

        internal void Keep(DateTimeOffset until) => KeepUntil = until > KeepUntil ? until : KeepUntil;
    }
}
