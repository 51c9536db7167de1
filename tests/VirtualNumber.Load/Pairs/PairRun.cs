using VirtualNumber.Leasing;
using VirtualNumber.Load.Replay;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load.Pairs;

/// <summary>
/// A day of couriers and recipients: the verbs over a store, on a clock that is moved from one event to the next. Every answer is held to
/// books of the command's own.
/// </summary>
internal sealed class PairRun : IDisposable
{
    private const string TenantId = "pairs";
    private const string PoolId = "pairs";
    private const string Carrier = "PAIRS";
    private const int EntriesPerCycle = 5_000;

    /// <summary>The calls of one parcel in so many are tried.</summary>
    private const int EveryProbed = 10;

    private static readonly TimeSpan s_reclaimInterval = TimeSpan.FromMinutes(1);
    private static readonly PhoneNumber s_stranger = Parse("+9990000000000");

    private readonly PairPlan _plan;
    private readonly ManualTime _time = new(PairDay.Start);
    private readonly Agenda _agenda = new();
    private readonly PairReport _report = new();
    private readonly KeyRing _keys = KeyRing.CreateThrowAway();
    private readonly LeaseTerms _terms = new(new LeaseTermsOptions());
    private readonly INumberPool _pool;
    private readonly INumberStock _stock;
    private readonly LeaseVerbs _verbs;
    private readonly PairBooks _books;

    /// <summary>The numbers in the order in which they are stocked.</summary>
    private readonly Dictionary<string, int> _places;

    private PairRun(PairPlan plan, INumberPool pool, INumberStock stock)
    {
        (_plan, _pool, _stock) = (plan, pool, stock);
        _verbs = InProcessVerbs.Create(pool, stock, _terms, _keys, new SeededRandom((ulong)plan.Seed), _time);
        _places = Enumerable.Range(0, plan.Blocks * PairPlan.NumbersPerBlock)
            .ToDictionary(place => $"{PrefixOf(place / PairPlan.NumbersPerBlock)}{place % PairPlan.NumbersPerBlock:d2}");
        _books = new PairBooks(plan, _places, _report);
    }

    /// <summary>Runs a day.</summary>
    /// <param name="plan">What is asked for.</param>
    /// <param name="store">An empty store; null: the embedded one.</param>
    /// <param name="wrap">Puts something between the verbs and the store; null: nothing.</param>
    public static async Task<PairReport> RunAsync(
        PairPlan plan, (INumberPool Pool, INumberStock Stock)? store = null, Func<INumberPool, INumberPool>? wrap = null)
    {
        var (pool, stock) = store ?? Both(new EmbeddedStore(new ProtocolBounds()));
        using var run = new PairRun(plan, wrap?.Invoke(pool) ?? pool, stock);
        await run.RunAsync();
        return run._report;
    }

    public void Dispose() => _keys.Dispose();

    private static (INumberPool Pool, INumberStock Stock) Both(EmbeddedStore store) => (store, store);

    private async Task RunAsync()
    {
        await StockAsync();
        var parcels = PairDay.Create(_plan);
        foreach (var parcel in parcels)
            _agenda.Add(parcel.LeaseTime, () => LeaseAsync(parcel));
        ScheduleReclaim(parcels.Min(parcel => parcel.LeaseTime));
        await _agenda.RunAsync(_time);
        _report.TakeFrom(_books, _plan);
    }

    private async Task StockAsync()
    {
        var wanted = new Pool(
            TenantId, PoolId, PoolMode.Pair, PhoneNumber.China, BlockDigits: 2, _plan.Aging, WithheldCallersAllowed: false, _time.GetUtcNow(), Version: 1)
        {
            Density = _plan.Density,
        };
        var (made, _) = await _stock.CreatePoolAsync(wanted, CancellationToken.None);
        var selection = new NumberSelection([.. Enumerable.Range(0, _plan.Blocks).Select(PrefixOf)], []);
        var added = await _stock.AddNumbersAsync(made, selection, _time.GetUtcNow(), CancellationToken.None);
        if (added.Added != _places.Count)
            throw new InvalidOperationException($"{added.Added} of {_places.Count} numbers were added.");
    }

    /// <summary>As long as there is something else to do.</summary>
    private void ScheduleReclaim(DateTimeOffset due) => _agenda.Add(due, async () =>
    {
        while ((await _pool.ReclaimAsync(EntriesPerCycle, _time.GetUtcNow(), CancellationToken.None)).Backlog)
        {
            // Goes on: what is due at this instant is a bounded lot.
        }

        if (!_agenda.IsEmpty)
            ScheduleReclaim(due + s_reclaimInterval);
    });

    private async Task LeaseAsync(PairParcel parcel)
    {
        var command = new CreateLeaseCommand(
            KeyOf(parcel), DeliveryRole.Courier, PoolId, CourierOf(parcel), RequestId: "lease", ExpireTime: null)
        {
            PeerNumber = RecipientOf(parcel),
        };
        var answer = await _verbs.CreateLeaseAsync(command, CancellationToken.None);
        if (answer.Outcome != CreateLeaseOutcome.Leased)
        {
            _report.Violate(PairViolation.LeaseRefused, $"parcel {parcel.Number} at {_time.GetUtcNow():O}: {answer.Outcome}");
            return;
        }

        var lease = answer.Lease!;
        _report.Leases++;
        var stay = _books.Lease(parcel, lease.Number.National, lease.LeaseTime);
        if (IsProbed(parcel))
            await ProbeLiveAsync(parcel, lease);
        _agenda.Add(parcel.VisitTime, () => VisitAsync(parcel, lease, stay));
    }

    private async Task VisitAsync(PairParcel parcel, Lease lease, PairStay stay)
    {
        if (IsProbed(parcel))
            await ProbeLiveAsync(parcel, lease);
        var status = parcel.Delivered ? DeliveryStatus.Delivered : DeliveryStatus.AttemptFailed;
        await _verbs.ReportDeliveryStatusAsync(KeyOf(parcel), status, _time.GetUtcNow(), _plan.DeliveredTerm, CancellationToken.None);
        var end = _terms.For(status, _time.GetUtcNow(), _plan.DeliveredTerm).Instant;
        _books.EndAt(stay, end);
        // Who was not in is tried again another day.
        if (IsProbed(parcel) && parcel.Delivered)
            _agenda.Add(end, () => ProbeEndedAsync(parcel, lease));
    }

    private async Task ProbeLiveAsync(PairParcel parcel, Lease lease)
    {
        await ProbeAsync(CourierOf(parcel), RecipientOf(parcel));
        await ProbeAsync(RecipientOf(parcel), CourierOf(parcel));
        if ((await ResolveAsync(lease, s_stranger)).Outcome == ResolveOutcome.Connect)
            _report.Violate(PairViolation.StrangerConnected, Describe(parcel));

        async Task ProbeAsync(PhoneNumber caller, PhoneNumber other)
        {
            var answer = await ResolveAsync(lease, caller);
            if (answer.Outcome != ResolveOutcome.Connect)
                _report.Violate(PairViolation.NoRoute, $"{Describe(parcel)}: {answer.Outcome}");
            else if (answer.RealNumber != other || answer.LeaseId != lease.LeaseId)
                _report.Violate(PairViolation.WrongNumber, Describe(parcel));
        }
    }

    private async Task ProbeEndedAsync(PairParcel parcel, Lease lease)
    {
        foreach (var caller in (PhoneNumber[])[CourierOf(parcel), RecipientOf(parcel)])
        {
            var answer = await ResolveAsync(lease, caller);
            if (answer.Outcome != ResolveOutcome.EndedForParty)
                _report.Violate(PairViolation.WrongAfterEnd, $"{Describe(parcel)}: {answer.Outcome}");
        }
    }

    private async Task<ResolveAnswer> ResolveAsync(Lease lease, PhoneNumber caller)
    {
        _report.Probes++;
        return await _verbs.ResolveAsync(new CallQuery(lease.Number, Digits: null, caller), CancellationToken.None);
    }

    private string Describe(PairParcel parcel) => $"parcel {parcel.Number} at {_time.GetUtcNow():O}";

    private static bool IsProbed(PairParcel parcel) => parcel.Number % EveryProbed == 0;

    /// <summary>Nine digits of a segment that serves as virtual numbers.</summary>
    private static string PrefixOf(int block) => $"170{block:d6}";

    private static PhoneNumber CourierOf(PairParcel parcel) => Parse($"+9991{parcel.Courier:d9}");

    private static PhoneNumber RecipientOf(PairParcel parcel) => Parse($"+9992{parcel.Recipient:d9}");

    private static PhoneNumber Parse(string text) =>
        PhoneNumber.TryParse(text, PhoneNumber.China, out var number, out var fault)
            ? number
            : throw new FormatException($"A number of the day does not parse: {fault}.");

    private static DeliveryKey KeyOf(PairParcel parcel) =>
        DeliveryKey.TryCreate(TenantId, Carrier, $"{parcel.Number:d8}", out var key, out var faults)
            ? key
            : throw new FormatException($"A delivery of the day is malformed: {faults}.");
}
