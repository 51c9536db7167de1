using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Whether what a call was refused for is so, and whether one that was connected broke no rule; written down a second time.</summary>
internal sealed class Refusals(StepOracle oracle, Promises promises)
{
    /// <summary>Whether rules of pool and lease let a call pass, when it was judged, by some clock.</summary>
    internal bool Pass(InFlight verb, Pool pool, Parties parties, PhoneNumber? caller)
    {
        var (slowest, fastest) = SimulatedWorld.ClocksAt(oracle.Judged[verb].Time);
        return RulesOf(pool, parties).All(rules => rules.Pass(caller, slowest, fastest));
    }

    /// <summary>Whether the reason of a refusal holds.</summary>
    /// <param name="verb">Who asked.</param>
    /// <param name="call">What was asked of a number that is in a pool.</param>
    /// <param name="answer">What was answered.</param>
    /// <param name="found">What lives there, and whom it stands for; null: no lease does.</param>
    internal bool Holds(InFlight verb, CallQuery call, ResolveAnswer answer, (Parties Parties, LeaseRecord Record)? found)
    {
        var (pool, caller, route) = (answer.Pool!, call.Caller, oracle.Routes.TryGetValue(verb, out var routed) ? routed : default(RouteAnswer?));
        return answer.Outcome switch
        {
            ResolveOutcome.CollectDigits => pool.Mode == PoolMode.Extension && call.Digits is null,
            ResolveOutcome.LockedOut => pool.Mode == PoolMode.Extension && call.Digits is not null,
            ResolveOutcome.NotLeased => (pool.Mode != PoolMode.Extension && call.Digits is not null) || route?.Outcome == RouteOutcome.NotLeased,
            ResolveOutcome.Suspended => route?.Outcome == RouteOutcome.Suspended,
            ResolveOutcome.Ended => route?.Outcome == RouteOutcome.Ended,
            ResolveOutcome.EndedForParty => route?.Outcome == RouteOutcome.Ended && promises.WasParty(answer.LeaseId!, caller!),
            ResolveOutcome.CallerWithheld => caller is null && (pool.Mode == PoolMode.Pair || !pool.WithheldCallersAllowed),
            // Whether they hold is looked at where they are counted, and with every answer.
            ResolveOutcome.TooFrequent or ResolveOutcome.GatewayNotAllowed or ResolveOutcome.ForwardedFromPool => true,
            _ => found is { } live && HoldsOf(live.Parties, live.Record, verb, pool, caller, answer.Outcome),
        };
    }

    /// <summary>Whom a caller reaches; null: nobody.</summary>
    internal static PhoneNumber? Reached(Parties parties, LeaseRecord record, PhoneNumber? caller) =>
        record.Pair is not { } pair ? parties.Holder
        : caller == parties.Holder && pair.Direction != CallDirection.ToHolder ? parties.Peer
        : caller == parties.Peer && pair.Direction != CallDirection.FromHolder ? parties.Holder
        : null;

    private bool HoldsOf(Parties parties, LeaseRecord record, InFlight verb, Pool pool, PhoneNumber? caller, ResolveOutcome outcome)
    {
        var (slowest, fastest) = SimulatedWorld.ClocksAt(oracle.Judged[verb].Time);
        return outcome switch
        {
            ResolveOutcome.CallerIsHolder => caller == parties.Holder && record.Pair is null,
            ResolveOutcome.PeerUnknown => caller == parties.Holder && record.Pair is { Peer: null },
            ResolveOutcome.DirectionNotAllowed => record.Pair is { } pair
                && ((caller == parties.Holder && pair.Direction == CallDirection.ToHolder) || (caller == parties.Peer && pair.Direction == CallDirection.FromHolder)),
            ResolveOutcome.OutsideHours => RulesOf(pool, parties).Any(rules => rules.IsClosed(slowest, fastest)),
            ResolveOutcome.CallerBlocked => RulesOf(pool, parties).Any(rules => rules.IsBlocked(caller)),
            ResolveOutcome.CallerNotAllowed => RulesOf(pool, parties).Any(rules => rules.LacksAllowed(caller)),
            ResolveOutcome.RealNumberInPool => Reached(parties, record, caller) is { } reached && oracle.Slots.WasStocked(reached, oracle.Judged[verb].Stocked),
            _ => false,
        };
    }

    private static IEnumerable<SimulatedRules> RulesOf(Pool pool, Parties parties) =>
        new[] { SimulatedWorld.RulesOf(pool), parties.Rules }.OfType<SimulatedRules>();
}
