using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>What one call did to a delivery's latest event, or saw of it.</summary>
internal sealed class DeliveryDeed(Call call) : IDeed<StatusEvent>
{
    public Call Call => call;

    public long Start => call.Start;

    public long End => Answered ? call.End : long.MaxValue;

    public bool Answered => call.Outcome == CallEnd.Done;

    public IEnumerable<StatusEvent> From(StatusEvent state, long now)
    {
        if (call.Verb == Verb.List)
            return call.Latest == state ? [state] : [];

        var counts = call.Event > state && DeliveryStatusRules.AllowedFrom(call.Event.Status).Contains(state.Status);
        var after = counts ? call.Event : state;
        if (!Answered)
            return counts ? [after] : [];
        // Where Redis lost the first answer, the service's own repeat finds its event known, though it was this call that brought it.
        var outcomes = counts ? [ReportOutcome.Applied, ReportOutcome.Repeated]
            : call.Event == state ? new[] { ReportOutcome.Repeated }
            : call.Event < state ? [ReportOutcome.Older] : [ReportOutcome.AfterTerminal];
        return outcomes.Contains(call.ReportOutcome) && call.Latest == after ? [after] : [];
    }
}
