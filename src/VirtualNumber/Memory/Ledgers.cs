using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>All deliveries' ledgers, in stripes with a gate each, so that deliveries seldom wait for each other.</summary>
internal sealed class Ledgers
{
    private const int StripeCount = 64;

    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(_ => new Stripe())];
    private int _nextStripe;

    public ClaimAnswer Claim(ClaimStep step, DateTimeOffset now) =>
        StripeOf(step.Delivery).Run(step.Delivery, now, create: step.ProposedBlock is not null, ledger => ledger.Claim(step, now))
        ?? new ClaimAnswer(ClaimKind.None, null, SameContent: true, ReportNumber: 0, Terms: null);

    public ClaimAnswer Replace(ReplaceStep step, DateTimeOffset now) =>
        StripeOf(step.Delivery).Run(step.Delivery, now, create: false, ledger => ledger.Replace(step, now))
        ?? new ClaimAnswer(ClaimKind.Moved, null, SameContent: true, ReportNumber: 0, Terms: null);

    public bool Bind(Digest delivery, RequestMark request, Claim claim, DateTimeOffset now) =>
        StripeOf(delivery).Run(delivery, now, create: false, ledger => ledger.Bind(request, claim)) ?? true;

    public (ReportOutcome Outcome, LedgerView View) Decide(DecideStep step, DateTimeOffset now) =>
        StripeOf(step.Delivery).Run(step.Delivery, now, create: true, ledger => (ledger.Decide(step), ledger.Read()))!.Value;

    public LedgerView? Read(Digest delivery, DateTimeOffset now)
    {
        LedgerView? view = null;
        StripeOf(delivery).Run(delivery, now, create: false, ledger => (view = ledger.Read()) is not null);
        return view;
    }

    /// <summary>Removes ledgers whose time is over, at most so many; goes on where the last cycle stopped.</summary>
    public ReclaimAnswer Reclaim(int limit, DateTimeOffset now)
    {
        var removed = 0;
        for (var i = 0; i < StripeCount && removed < limit; i++)
        {
            removed += _stripes[_nextStripe].Reclaim(limit - removed, now);
            if (removed < limit)
                _nextStripe = (_nextStripe + 1) % StripeCount;
        }

        return new(0, removed, Backlog: removed >= limit);
    }

    private Stripe StripeOf(Digest delivery) => _stripes[(uint)delivery.GetHashCode() % StripeCount];

    private sealed class Stripe
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<Digest, Ledger> _ledgers = [];

        /// <summary>When to look at a ledger again; its time may have grown since.</summary>
        private readonly PriorityQueue<Digest, DateTimeOffset> _byTime = new();

        /// <summary>Runs a step on a ledger; null when there is none, or its time is over, and none is to be made.</summary>
        public T? Run<T>(Digest delivery, DateTimeOffset now, bool create, Func<Ledger, T> step)
            where T : struct
        {
            lock (_gate)
            {
                if (!_ledgers.TryGetValue(delivery, out var ledger) || ledger.KeepUntil <= now)
                {
                    _ledgers.Remove(delivery);
                    if (!create)
                        return null;
                    ledger = new Ledger();
                    var made = step(ledger);
                    _ledgers.Add(delivery, ledger);
                    _byTime.Enqueue(delivery, ledger.KeepUntil);
                    return made;
                }

                return step(ledger);
            }
        }

        public int Reclaim(int limit, DateTimeOffset now)
        {
            lock (_gate)
            {
                var removed = 0;
                for (var looked = 0; looked < limit && _byTime.TryPeek(out var delivery, out var until) && until <= now; looked++)
                {
                    _byTime.Dequeue();
                    if (!_ledgers.TryGetValue(delivery, out var ledger))
                        continue;
                    if (ledger.KeepUntil > now)
                    {
                        _byTime.Enqueue(delivery, ledger.KeepUntil);
                        continue;
                    }

                    _ledgers.Remove(delivery);
                    removed++;
                }

                return removed;
            }
        }
    }
}
