namespace VirtualNumber.Load.Chaos.Checking;

internal sealed partial class HistoryChecker
{
    /// <summary>A slot in somebody's hand: not later than the one, and at least until the other.</summary>
    private sealed record Holding(Followed Lease, long From, long Until);

    /// <summary>As long as a lease's record stands, its request comes to it and to no other.</summary>
    private void CheckRequests()
    {
        var answered = _calls.Where(call => call.Verb is Verb.Create or Verb.BatchCreate && call.Request.Length > 0 && call.Seen.Count > 0);
        foreach (var group in answered.GroupBy(call => (call.Delivery, call.Role, call.Request)))
        {
            var ids = group.SelectMany(call => call.Seen).Select(seen => seen.Id).Distinct().Select(id => _leases[id]).OrderBy(lease => lease.Facts.Epoch).ToList();
            for (var i = 1; i < ids.Count; i++)
            {
                if (ids[i].Facts.Epoch < ids[i - 1].HeldUntil + _rules.Aging.Ticks - Tolerance)
                {
                    Break(
                        BreachKind.RequestLeasedTwice,
                        $"Request {group.Key.Request} of {group.Key.Delivery} came to {ids[i - 1].Facts.Id} and to {ids[i].Facts.Id}.",
                        ids[i].Facts.Epoch, [.. group]);
                }
            }
        }
    }

    /// <summary>One live lease per delivery and role.</summary>
    private void CheckRoles()
    {
        foreach (var group in _leases.Values.GroupBy(lease => (lease.Facts.Delivery, lease.Creation.Role)))
            Check(group.Select(lease => new Holding(lease, lease.Facts.Epoch, lease.HeldUntil)), BreachKind.RoleLeasedTwice, $"{group.Key.Role} of {group.Key.Delivery}", rest: false);
    }

    /// <summary>One holder per slot at a time, and the aging between two. Who is on a number by a pair is on it once.</summary>
    private void CheckSlots()
    {
        foreach (var group in _leases.Values.Where(lease => !lease.IsPair).GroupBy(lease => lease.Facts.Number))
            Check(group.Select(lease => new Holding(lease, lease.Facts.Epoch, lease.HeldUntil)), BreachKind.TwoHolders, $"slot {group.Key}", rest: true);
        var parties = _leases.Values.Where(lease => lease.IsPair).SelectMany(PartiesOf).GroupBy(party => (party.Number, party.Person));
        foreach (var group in parties)
            Check(group.Select(party => party.Holding), BreachKind.TwoHolders, $"{group.Key.Person} on {group.Key.Number}", rest: true);
    }

    /// <summary>When somebody joined or left a pair is known only as far as the calls tell.</summary>
    private static IEnumerable<(string Number, string Person, Holding Holding)> PartiesOf(Followed lease)
    {
        var number = lease.Facts.Number;
        var moves = lease.Calls.Where(call => call.Verb == Verb.Reassign && call.Outcome != CallEnd.Refused).ToList();
        foreach (var (person, others) in new[] { (lease.Creation.Holder, moves.Where(call => call.Holder.Length > 0)), (lease.Creation.Peer, moves.Where(call => call.Peer.Length > 0)) })
        {
            var left = Math.Min(lease.HeldUntil, others.Select(call => call.Start).DefaultIfEmpty(long.MaxValue).Min());
            yield return (number, person, new(lease, lease.Facts.Epoch, left));
        }

        foreach (var group in moves.GroupBy(call => (Person: call.Holder.Length > 0 ? call.Holder : call.Peer, call.Request)))
        {
            var done = group.Where(call => call.Outcome == CallEnd.Done).Select(call => call.End).DefaultIfEmpty(long.MaxValue).Min();
            var side = group.First().Holder.Length > 0;
            var left = moves.Where(call => call.Request != group.Key.Request && call.Holder.Length > 0 == side)
                .Select(call => call.Start).DefaultIfEmpty(long.MaxValue).Min();
            // Where others took that side before or after, it is not told here who was first.
            if (done < long.MaxValue && left == long.MaxValue)
                yield return (number, group.Key.Person, new(lease, Math.Min(done, lease.HeldUntil), lease.HeldUntil));
        }
    }

    private void Check(IEnumerable<Holding> all, BreachKind kind, string what, bool rest)
    {
        Holding? before = null;
        foreach (var holding in all.OrderBy(holding => holding.From).ThenBy(holding => holding.Until))
        {
            if (before is not null && before.Lease != holding.Lease)
            {
                var gap = holding.From - before.Until;
                var needed = rest ? _rules.Aging.Ticks : 0;
                if (rest)
                {
                    _verdict.Reused++;
                    _verdict.ShortestRest = Math.Min(_verdict.ShortestRest, gap);
                }

                if (gap < needed - Tolerance && !(rest && gap >= 0 && MayBeTakenLate(holding, before.Until + needed)))
                {
                    var seconds = FormattableString.Invariant($"{gap / (double)TimeSpan.TicksPerSecond:0.000}");
                    Break(
                        gap < -Tolerance ? kind : BreachKind.ReusedBeforeRest,
                        $"{what}: {holding.Lease.Facts.Id} has it {seconds} s after the end of {before.Lease.Facts.Id}.",
                        holding.From, [.. before.Lease.Calls, .. holding.Lease.Calls], before.Lease.Calls);
                }
            }

            if (before is null || holding.Until > before.Until)
                before = holding;
        }
    }

    /// <summary>
    /// A take carries the time at which it was sent, which the lease has as its own, and one that a fault held up is done later: by then somebody
    /// may have found the slot rested. Not where the lease was seen before.
    /// </summary>
    private bool MayBeTakenLate(Holding holding, long rested) =>
        holding.From == holding.Lease.Facts.Epoch
        && _troubles.Any(trouble => trouble.Start <= rested && trouble.End >= holding.From)
        && holding.Lease.Calls.Where(call => call.Seen.Any(seen => seen.Id == holding.Lease.Facts.Id)).All(call => call.End >= rested - Tolerance);
}
