using VirtualNumber.Load.Chaos.Bed;
using VirtualNumber.Load.Chaos.Checking;
using VirtualNumber.Load.Chaos.Faults;

namespace VirtualNumber.Load.Chaos;

/// <summary>What a run came to, in words.</summary>
internal sealed class ChaosReport(ChaosPlan plan, long origin, IReadOnlyList<Call> calls, IReadOnlyList<FaultRecord> faults, Verdict verdict)
{
    private const int MostTold = 3;
    private const int MostProof = 20;

    private static readonly TimeSpan s_afterwards = TimeSpan.FromSeconds(2);

    public void WriteTo(TextWriter text)
    {
        text.WriteLine();
        text.WriteLine($"Calls: {calls.Count}, {verdict.Leases} leases, {verdict.Deliveries} deliveries, {verdict.Reused} slots leased again, shortest rest {Seconds(verdict.ShortestRest)} s");
        foreach (var group in calls.GroupBy(call => call.Verb).OrderBy(group => group.Key))
        {
            var outcomes = group.GroupBy(call => call.Outcome == CallEnd.Done ? "done" : call.Reason).OrderByDescending(outcome => outcome.Count());
            text.WriteLine($"  {group.Key}: {string.Join(", ", outcomes.Select(outcome => $"{outcome.Count()} {outcome.Key}"))}");
        }

        foreach (var group in calls.GroupBy(call => call.Instance % plan.Instances).OrderBy(group => group.Key))
            text.WriteLine($"  instance{group.Key}: {group.Count()} calls, {group.Count(call => call.Outcome == CallEnd.Unclear)} unclear, the last of those at {Seconds(group.Where(call => call.Outcome == CallEnd.Unclear).Select(call => call.End - origin).DefaultIfEmpty().Max())} s");
        text.WriteLine($"Faults: {faults.Count}");
        foreach (var fault in faults)
            text.WriteLine($"  at {Seconds(fault.Start - origin)} s {fault.Plan.Kind} of {fault.Target} for {Seconds(fault.End - fault.Start)} s: {Unavailable(fault)}");
        Write(text, "Violations", verdict.Violations);
        if (plan.MayLose)
            Write(text, $"Losses that level {plan.Level} admits", verdict.Admitted);
        text.WriteLine($"Look-ups that were on their way at a frozen or cut off master and saw the state before: {verdict.Stale.Count}");
        text.WriteLine($"Leases whose look-ups saw a change that was never confirmed and went with its master: {verdict.Unconfirmed}");
        text.WriteLine($"Not followed, too many possibilities: {verdict.GivenUp}");
        text.WriteLine($"seed {plan.Seed}: {(verdict.Violations.Count + verdict.GivenUp > 0 ? "BROKEN" : verdict.Holds ? "every invariant held" : $"PROVES NOTHING: {verdict.Doubt}")}");
    }

    /// <summary>The calls that prove each violation and each loss.</summary>
    public void WriteProofTo(TextWriter text)
    {
        foreach (var breach in verdict.Violations.Concat(verdict.Admitted))
        {
            text.WriteLine($"{breach.Kind}: {breach.Text}");
            foreach (var call in breach.Proof)
                text.WriteLine($"  {call.Describe(origin)}");
        }
    }

    private void Write(TextWriter text, string title, List<Breach> breaches)
    {
        var kinds = string.Join(", ", breaches.GroupBy(breach => breach.Kind).Select(group => $"{group.Count()} {group.Key}"));
        text.WriteLine($"{title}: {breaches.Count}{(kinds.Length > 0 ? $" ({kinds})" : "")}");
        foreach (var breach in breaches.GroupBy(breach => breach.Kind).SelectMany(group => group.Take(MostTold)))
        {
            text.WriteLine($"  {breach.Kind}: {breach.Text}");
            foreach (var call in breach.Proof.TakeLast(MostProof))
                text.WriteLine($"    {call.Describe(origin)}");
        }
    }

    /// <summary>The longest time without a successful call to what was hit: its instance, or the blocks of its master.</summary>
    private string Unavailable(FaultRecord fault)
    {
        if (fault.Instance is null && fault.Blocks.Count == 0)
            return "no block of direct numbers was there";
        var hit = calls.Where(call => call.Outcome != CallEnd.Unclear && call.End >= fault.Start && call.Start <= fault.Whole + s_afterwards.Ticks && IsHit(fault, call))
            .Select(call => call.End).Order().ToList();
        var until = Math.Min(fault.Whole + s_afterwards.Ticks, calls.Max(call => call.End));
        if (hit.Count == 0 && !calls.Any(call => call.End >= fault.Start && call.Start <= until && IsHit(fault, call)))
            return "not asked";
        var (longest, before) = (0L, fault.Start);
        foreach (var end in hit)
        {
            longest = Math.Max(longest, end - before);
            before = end;
        }

        // Also what never came back.
        longest = Math.Max(longest, until - before);
        return $"{(fault.Instance is null ? $"its {fault.Blocks.Count} blocks" : "it")} had no successful call for {Seconds(longest)} s";
    }

    /// <summary>Calls that need no other part of the store: one step on a block of direct numbers.</summary>
    private bool IsHit(FaultRecord fault, Call call)
    {
        if (fault.Instance is { } instance)
            return call.Instance % plan.Instances == instance;
        if (call.Verb is not (Verb.Get or Verb.Extend or Verb.Reassign or Verb.Release or Verb.Resolve))
            return false;
        var number = call.Called.Length > 0 ? call.Called : call.Seen.Count > 0 ? call.Seen[0].Number : "";
        return TestBed.BlockOf(number) is { } block && fault.Blocks.Contains(block);
    }

    private static string Seconds(long ticks) => FormattableString.Invariant($"{ticks / (double)TimeSpan.TicksPerSecond:0.0}");
}
