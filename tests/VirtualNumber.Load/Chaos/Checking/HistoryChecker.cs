namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>
/// Holds the history of a run against the invariants of the design: each lease and each delivery is followed through all calls that
/// tell of it, with the set of states that it may be in; then slots, requests and roles are looked at across leases.
/// </summary>
internal sealed partial class HistoryChecker
{
    /// <summary>The share of all calls that has to be done: faults leave far more than that alone.</summary>
    private const double LeastDone = 0.5;

    /// <summary>So long before a master was lost a change may have been acknowledged that is forgotten: a second by Everysec, and a slow disk.</summary>
    private static readonly TimeSpan s_forgotten = TimeSpan.FromSeconds(3);

    private readonly ChaosRules _rules;
    private readonly bool _mayLose;
    private readonly IReadOnlyList<Call> _calls;
    private readonly IReadOnlyList<Trouble> _troubles;
    private readonly Verdict _verdict = new();
    private readonly Dictionary<string, Followed> _leases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Call>> _byDelivery = new(StringComparer.Ordinal);

    private HistoryChecker(ChaosRules rules, bool mayLose, IReadOnlyList<Call> calls, IReadOnlyList<Trouble> troubles) =>
        (_rules, _mayLose, _calls, _troubles) = (rules, mayLose, calls, troubles);

    /// <param name="rules">The run's.</param>
    /// <param name="mayLose">Whether the level admits that a fail-over forgets acknowledged writes.</param>
    /// <param name="calls">All calls of the run.</param>
    /// <param name="troubles">When which kind of trouble masters were in.</param>
    public static Verdict Check(ChaosRules rules, bool mayLose, IReadOnlyList<Call> calls, IReadOnlyList<Trouble> troubles)
    {
        var checker = new HistoryChecker(rules, mayLose, [.. calls.OrderBy(call => call.Start)], troubles);
        checker.Run();
        return checker._verdict;
    }

    private long Tolerance => _rules.Tolerance.Ticks;

    private void Run()
    {
        CheckAnswers();
        CheckWorth();
        CheckReadBack();
        foreach (var group in _calls.Where(call => call.Delivery.Length > 0).GroupBy(call => call.Delivery))
            _byDelivery[group.Key] = [.. group];
        FindLeases();
        AssignCalls();
        CheckFacts();
        foreach (var lease in _leases.Values)
            Follow(lease);
        foreach (var (_, calls) in _byDelivery)
            FollowDelivery(calls);
        CheckRequests();
        CheckRoles();
        CheckSlots();
        _verdict.Leases = _leases.Count;
        _verdict.Deliveries = _byDelivery.Count;
    }

    /// <summary>Every lease that some answer named. One whose CreateLease nobody saw succeed is known by whom it connects.</summary>
    private void FindLeases()
    {
        var asked = new Dictionary<string, Call>(StringComparer.Ordinal);
        foreach (var call in _calls.Where(call => call.Verb is Verb.Create or Verb.BatchCreate))
        {
            // A courier has many leases; the recipient is this one's.
            asked[call.Pair ? call.Peer : call.Holder] = call;
            foreach (var seen in call.Seen)
                Find(seen, call);
        }

        var roles = _calls.Where(call => call.Verb is Verb.Create or Verb.BatchCreate).ToLookup(call => (call.Delivery, call.Role));
        foreach (var call in _calls.Where(call => call.Verb is Verb.List or Verb.Report))
        {
            // Before any answer named it: the last request of the role that had begun by then.
            foreach (var seen in call.Seen.Where(seen => !_leases.ContainsKey(seen.Id)))
            {
                if (roles[(call.Delivery, seen.Role)].Where(creation => creation.Start <= seen.Epoch + Tolerance).MaxBy(creation => creation.Start) is { } creation)
                    Find(seen, creation);
                else
                    Break(BreachKind.UnexpectedAnswer, $"Lease {seen.Id} was never asked for.", call.End, [call]);
            }
        }

        foreach (var call in _calls.Where(call => call.Verb == Verb.Resolve && call.Connected.Length > 0))
        {
            foreach (var seen in call.Seen.Where(seen => !_leases.ContainsKey(seen.Id)))
            {
                if (asked.TryGetValue(call.Connected, out var creation) || asked.TryGetValue(call.Caller, out creation))
                    Find(seen, creation);
                else
                    Break(BreachKind.WrongPerson, $"Lease {seen.Id} is nobody's, and it connects {call.Connected}.", call.End, [call]);
            }
        }
    }

    private void Find(SeenLease seen, Call creation)
    {
        if (!_leases.ContainsKey(seen.Id))
            _leases[seen.Id] = new(new LeaseFacts(_rules, seen.Id, seen.Epoch) { Delivery = creation.Delivery, Number = seen.Number }, creation);
    }

    private void AssignCalls()
    {
        var byDelivery = _leases.Values.ToLookup(lease => lease.Facts.Delivery);
        foreach (var call in _calls)
        {
            var about = call.Verb is Verb.List or Verb.Report
                ? byDelivery[call.Delivery]
                : call.Seen.Select(seen => seen.Id).Append(call.LeaseId).Distinct().Select(id => _leases.GetValueOrDefault(id)).OfType<Followed>();
            foreach (var lease in about)
                lease.Calls.Add(call);
        }
    }

    private void CheckAnswers()
    {
        foreach (var call in _calls.Where(call => call.Outcome == CallEnd.Refused && !IsExpected(call)))
            Break(BreachKind.UnexpectedAnswer, $"{call.Verb} was refused with {call.Reason}.", call.End, [call]);
    }

    /// <summary>A service that refuses everything breaks no promise, and keeps none.</summary>
    private void CheckWorth()
    {
        var never = Enum.GetValues<Verb>().Except(_calls.Where(call => call.Outcome == CallEnd.Done).Select(call => call.Verb)).ToList();
        var done = _calls.Count(call => call.Outcome == CallEnd.Done);
        if (never.Count > 0)
            _verdict.Doubt = $"{string.Join(", ", never)} never succeeded.";
        else if (done < _calls.Count * LeastDone)
            _verdict.Doubt = FormattableString.Invariant($"of {_calls.Count} calls only {done} were done.");
    }

    /// <summary>The last look at everything, when all is whole again, has to be answered.</summary>
    private void CheckReadBack()
    {
        var asked = _calls.Where(call => call.Client == Call.ReadBackClient).GroupBy(call => (call.Verb, call.Instance, call.Delivery, call.LeaseId));
        foreach (var group in asked.Where(group => group.All(call => call.Outcome == CallEnd.Unclear)))
        {
            var last = group.Last();
            Break(BreachKind.StillAway, $"{last.Verb} of {last.Delivery}{last.LeaseId} by instance {last.Instance}: {last.Reason}.", last.End, [.. group]);
        }
    }

    /// <summary>A lease keeps its number and the instant of its making; who calls another number is not connected by it.</summary>
    private void CheckFacts()
    {
        foreach (var call in _calls)
        {
            foreach (var seen in call.Seen)
            {
                if (_leases.TryGetValue(seen.Id, out var lease) && (seen.Number != lease.Facts.Number || seen.Epoch != lease.Facts.Epoch))
                {
                    Break(
                        call.Verb == Verb.Resolve ? BreachKind.WrongPerson : BreachKind.EffectLost,
                        $"Lease {seen.Id} was made on {lease.Facts.Number}; {call.Verb} shows it on {seen.Number}, or as made at another instant.",
                        call.End, [.. lease.Calls.Where(other => other.Start <= call.End)]);
                }
            }
        }
    }

    private static bool IsExpected(Call call) => call.Reason is "OVERLOADED" || call.Verb switch
    {
        Verb.Create or Verb.BatchCreate =>
            // A repeat may come after the expire time that it asks for.
            (call.Reason == "FIELDS_INVALID" && call.End >= call.Ticks) || call.Reason is "NUMBERS_AGING" or "POOL_EMPTY" or "PARTY_SATURATED" or "DELIVERY_OVER" or "LEASE_ENDED" or "DELIVERY_ROLE_TAKEN",
        Verb.Extend => call.Reason is "LEASE_UNKNOWN" or "LEASE_ENDED" or "EXTENSION_LIMIT_REACHED",
        Verb.Reassign => call.Reason is "LEASE_UNKNOWN" or "LEASE_ENDED" or "PARTY_BUSY",
        Verb.Get or Verb.Release => call.Reason is "LEASE_UNKNOWN",
        _ => false,
    };

    private void FollowDelivery(List<Call> calls)
    {
        var deeds = calls
            .Where(call => call.Verb == Verb.Report ? call.Outcome != CallEnd.Refused : call.Verb == Verb.List && call.Outcome == CallEnd.Done)
            .Select(call => new DeliveryDeed(call)).ToList();
        var followed = new Possibilities<StatusEvent>([default]);
        var broken = false;
        followed.Follow(deeds, (deed, states) =>
        {
            if (broken)
                return;
            broken = true;
            Break(
                BreachKind.EventOrder,
                $"Delivery {calls[0].Delivery}: {deed.Call.Verb} shows {deed.Call.Latest.Status} ({deed.Call.ReportOutcome}); possible before it: {string.Join(", ", states.Select(state => state.Status))}.",
                deed.Call.End,
                [.. deeds.Select(one => one.Call).Where(call => call.Start <= deed.Call.End)]);
        });
        _verdict.GivenUp += followed.GaveUp ? 1 : 0;
    }

    /// <summary>Whether the level admits it decides where it is written down.</summary>
    /// <param name="kind">Which promise.</param>
    /// <param name="text">In words.</param>
    /// <param name="at">When it was seen.</param>
    /// <param name="proof">The calls.</param>
    /// <param name="forgotten">Those of them of which one would have to be forgotten; null: any.</param>
    private void Break(BreachKind kind, string text, long at, IReadOnlyList<Call> proof, IReadOnlyList<Call>? forgotten = null)
    {
        var breach = new Breach(kind, text, at, proof);
        var admitted = _mayLose && breach.MayComeOfLoss
            && _troubles.Any(trouble => trouble.MayLose && trouble.Start <= at && Explains(trouble, breach, forgotten ?? proof));
        (admitted ? _verdict.Admitted : _verdict.Violations).Add(breach);
    }

    /// <summary>
    /// Whether the loss of a master explains what was seen later: a change that bears on it was under way then, or acknowledged just before. A slot
    /// whose lease may have been forgotten rests from the loss on, whoever takes over.
    /// </summary>
    private bool Explains(Trouble trouble, Breach breach, IReadOnlyList<Call> forgotten) => breach.Kind switch
    {
        // A master that was lost may leave blocks barred for the rest of the run.
        BreachKind.StillAway => true,
        BreachKind.TwoHolders or BreachKind.ReusedBeforeRest when breach.At < trouble.Start + _rules.Aging.Ticks - Tolerance => false,
        _ => forgotten.Any(call => MayHaveForgotten(trouble, call)),
    };

    private bool MayHaveForgotten(Trouble trouble, Call call) =>
        call.Verb is not (Verb.Get or Verb.List or Verb.Resolve) && call.Outcome != CallEnd.Refused
        && call.Start <= trouble.End
        && (call.Outcome == CallEnd.Done ? call.End : call.Start + _rules.LateWithin.Ticks) >= trouble.Start - s_forgotten.Ticks;
}
