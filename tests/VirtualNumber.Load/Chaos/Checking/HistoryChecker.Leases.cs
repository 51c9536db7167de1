using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Chaos.Checking;

internal sealed partial class HistoryChecker
{
    /// <summary>Follows one lease from its making to the end of the history.</summary>
    private void Follow(Followed lease)
    {
        var deeds = lease.Calls.Select(call => DeedOf(call, lease.Facts)).OfType<LeaseDeed>().ToList();
        var persons = PersonsOf(lease);
        var followed = new Possibilities<LeaseState>(Born(lease));
        var impossible = new List<(LeaseDeed Deed, IReadOnlyCollection<LeaseState> States)>();
        followed.Follow(deeds, (deed, states) => impossible.Add(((LeaseDeed)deed, states)));
        if (impossible.Count > 0 && WithoutUnconfirmed(lease, deeds) is { } sure)
        {
            followed = sure;
            _verdict.Unconfirmed++;
        }
        else
        {
            foreach (var (deed, states) in impossible)
                Judge(lease, deed, states, persons);
        }

        lease.Finally = followed.States;
        _verdict.GivenUp += followed.GaveUp ? 1 : 0;
    }

    /// <summary>
    /// A look-up waits for no replica: while a master is being lost it may see a change that goes with it, and that nobody was told of. Null: the
    /// others contradict each other too, or one of those look-ups saw what nothing before it explains.
    /// </summary>
    private Possibilities<LeaseState>? WithoutUnconfirmed(Followed lease, List<LeaseDeed> deeds)
    {
        var unsure = deeds.Where(deed => deed.Call.Verb == Verb.Resolve
            && _troubles.Any(trouble => trouble.MayLose && deed.Call.Start <= trouble.End && deed.Call.End >= trouble.Start)).ToHashSet();
        var sure = deeds.Where(deed => !unsure.Contains(deed)).ToList();
        // What is forgotten by a level that may lose is told as that.
        if (_mayLose || unsure.Count == 0 || !unsure.All(looked => Holds([.. sure.Where(deed => deed.Start <= looked.Call.End), looked], out _)))
            return null;
        return Holds(sure, out var followed) ? followed : null;

        bool Holds(List<LeaseDeed> some, out Possibilities<LeaseState> followed)
        {
            followed = new(Born(lease));
            var holds = true;
            followed.Follow(some, (_, _) => holds = false);
            return holds && !followed.GaveUp;
        }
    }

    private static LeaseDeed? DeedOf(Call call, LeaseFacts facts)
    {
        if (call.Outcome == CallEnd.Refused && call.Reason == "OVERLOADED")
            return null;
        return call.Verb switch
        {
            // Told by those that were answered; what a request that was not may have done is in the states that the lease was born with.
            Verb.Create or Verb.BatchCreate => call.Outcome == CallEnd.Unclear ? null : new CreateDeed(call, facts),
            Verb.Get or Verb.List => call.Outcome == CallEnd.Unclear ? null : new ReadDeed(call, facts),
            Verb.Resolve => call.Outcome == CallEnd.Done ? new ResolveDeed(call, facts) : null,
            Verb.Extend => new ExtendDeed(call, facts),
            Verb.Reassign => new ReassignDeed(call, facts),
            Verb.Release => new ReleaseDeed(call, facts),
            Verb.Report => call.Outcome == CallEnd.Refused ? null : new ReportDeed(call, facts),
            _ => null,
        };
    }

    /// <summary>
    /// How it may have begun: with the expire time that was asked for, or an earlier one that an event of its delivery gave it. An event
    /// whose report was acknowledged before the lease was made is in it.
    /// </summary>
    private IEnumerable<LeaseState> Born(Followed lease)
    {
        var (facts, creation) = (lease.Facts, lease.Creation);
        var reports = _byDelivery.GetValueOrDefault(facts.Delivery, []).Where(call => call.Verb == Verb.Report && call.Outcome != CallEnd.Refused).ToList();
        var known = reports.Where(call => call.Outcome == CallEnd.Done && call.End < facts.Epoch - Tolerance)
            .Select(call => call.Latest).DefaultIfEmpty().Max();
        var events = reports.Where(call => call.Start < facts.Epoch + Tolerance)
            .SelectMany(call => call.Outcome == CallEnd.Done ? [call.Event, call.Latest] : new[] { call.Event })
            .Append(default).Append(known).Distinct().Where(one => one >= known);
        foreach (var one in events)
        {
            var terms = one == default ? long.MaxValue : _rules.Terms.For(one.Status, new DateTimeOffset(one.Time, TimeSpan.Zero)).Instant.UtcTicks;
            var expire = Math.Max(facts.Epoch, Math.Min(Math.Min(creation.Ticks, terms), facts.Cap));
            yield return new(creation.Holder, creation.Peer, expire, expire, 0, EndReason.None, one, 0, 0, Gone: false);
        }
    }

    /// <summary>Everybody whom the lease may ever have stood for.</summary>
    private static HashSet<string> PersonsOf(Followed lease) =>
    [
        .. lease.Calls.Where(call => call.Verb == Verb.Reassign).Append(lease.Creation)
            .SelectMany(call => new[] { call.Holder, call.Peer }).Where(person => person.Length > 0),
    ];

    /// <summary>An answer that none of the possible states gives.</summary>
    private void Judge(Followed lease, LeaseDeed deed, IReadOnlyCollection<LeaseState> states, HashSet<string> persons)
    {
        var call = deed.Call;
        var connects = deed is ResolveDeed { Connects: true };
        if (connects && persons.Contains(call.Connected) && _troubles.Any(trouble => MaySeeTheStateBefore(trouble, lease, call)))
        {
            _verdict.Stale.Add(call);
            return;
        }

        // What follows from one loss is told once.
        var kind = !connects ? BreachKind.EffectLost : persons.Contains(call.Connected) ? BreachKind.RouteAfterEnd : BreachKind.WrongPerson;
        if (kind != BreachKind.WrongPerson && !lease.Broken.Add(kind))
            return;
        var proof = lease.Calls.Where(other => other.Start <= call.End).ToList();
        var possible = string.Join(" or ", states.Take(3).Select(state => Text(state, lease.Facts.Epoch)));
        Break(kind, $"Lease {lease.Facts.Id} ({lease.Facts.Number}): {call.Verb} cannot be answered like this by {possible}.", call.End, proof);
    }

    /// <summary>
    /// Whether it was on its way as a frozen master thawed, and the lease was changed since that one froze: what was over before is over
    /// there too.
    /// </summary>
    private bool MaySeeTheStateBefore(Trouble trouble, Followed lease, Call lookUp) =>
        trouble.Thaw is { } thaw && lookUp.Start <= thaw.Until && thaw.From <= lookUp.End
        && lease.Calls.Any(call => call.Verb is Verb.Release or Verb.Reassign or Verb.Report && call.Outcome != CallEnd.Refused && call.Start <= lookUp.End
            && trouble.Start <= (call.Outcome == CallEnd.Done ? call.End : call.Start + _rules.LateWithin.Ticks));

    private static string Text(LeaseState state, long epoch)
    {
        var end = state.Gone ? "gone" : state.End == EndReason.None ? "live" : state.End.ToString();
        return FormattableString.Invariant(
            $"[{end}, until {Seconds(state.Low)} to {Seconds(state.High)} s after its making, for {state.Holder} {state.Peer}, extended {state.ExtensionCount}, {state.InForce.Status}]");

        double Seconds(long ticks) => Math.Round((ticks - epoch) / (double)TimeSpan.TicksPerSecond, 3);
    }
}
