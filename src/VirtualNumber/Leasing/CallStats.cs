namespace VirtualNumber.Leasing;

/// <summary>What calls are counted by. The values are those of the public document.</summary>
public enum CallGrouping
{
    /// <summary>By nothing: all together.</summary>
    Unspecified = 0,

    /// <summary>By the lease that they reached.</summary>
    Lease = 1,

    /// <summary>By the virtual number.</summary>
    Number = 2,

    /// <summary>By the gateway.</summary>
    Gateway = 3,
}

/// <summary>Counts of calls, made of their records.</summary>
/// <param name="LeaseId">The lease; empty where they are not counted by it, or reached none.</param>
/// <param name="Number">The virtual number; null where they are not counted by it.</param>
/// <param name="GatewayId">The gateway; empty where they are not counted by it.</param>
/// <param name="Calls">How many.</param>
/// <param name="Answered">How many of them were answered.</param>
/// <param name="TalkTime">How long was talked, in all of them together.</param>
/// <param name="Outcomes">How many came to what, in the order of the outcomes; those without a look-up are not in it.</param>
public sealed record CallStats(
    string LeaseId, PhoneNumber? Number, string GatewayId, int Calls, int Answered, TimeSpan TalkTime, IReadOnlyList<(ResolveOutcome Outcome, int Count)> Outcomes)
{
    /// <summary>Counts calls that have one of these in common.</summary>
    public static IReadOnlyList<CallStats> Of(IEnumerable<CallSummary> calls, CallGrouping by) =>
    [
        .. calls.GroupBy(call => (
                Lease: by == CallGrouping.Lease ? call.LeaseId ?? "" : "",
                Number: by == CallGrouping.Number ? call.Number : null,
                Gateway: by == CallGrouping.Gateway ? call.GatewayId : ""))
            .Select(group => new CallStats(
                group.Key.Lease,
                group.Key.Number,
                group.Key.Gateway,
                group.Count(),
                group.Count(call => call.AnswerTime is not null),
                group.Aggregate(TimeSpan.Zero, (sum, call) => sum + call.TalkTime),
                [
                    .. group.Where(call => call.Outcome != ResolveOutcome.Unspecified).GroupBy(call => call.Outcome).OrderBy(outcome => outcome.Key)
                        .Select(outcome => (outcome.Key, outcome.Count())),
                ])),
    ];
}
