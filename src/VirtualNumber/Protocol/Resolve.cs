using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>What Resolve answers.</summary>
/// <param name="Outcome">What the look-up came to. Only Connect connects.</param>
/// <param name="RealNumber">The number to call, when Connect.</param>
/// <param name="LeaseId">The lease, when there is a record.</param>
/// <param name="LeaseTime">Its lease time, when there is a record; in milliseconds the epoch.</param>
internal readonly record struct ResolveAnswer(
    ResolveOutcome Outcome, PhoneNumber? RealNumber = null, string? LeaseId = null, DateTimeOffset LeaseTime = default);

internal sealed partial class LeaseVerbs
{
    /// <summary>Where a call goes. Reads one record and changes nothing; nothing is cached.</summary>
    /// <param name="called">The number as dialled.</param>
    /// <param name="caller">The caller; null when withheld.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async ValueTask<ResolveAnswer> ResolveAsync(PhoneNumber called, PhoneNumber? caller, CancellationToken cancellation)
    {
        var route = await pool.ResolveAsync(new RouteStep(called), Now, cancellation);
        if (route.Record is not { } record)
        {
            return new(route.Outcome switch
            {
                RouteOutcome.NotStocked => ResolveOutcome.NotStocked,
                RouteOutcome.Suspended => ResolveOutcome.Suspended,
                _ => ResolveOutcome.NotLeased,
            });
        }

        var answer = new ResolveAnswer(ResolveOutcome.Ended, null, LeaseIdOf(record), record.LeaseTime);
        if (route.Outcome != RouteOutcome.Route)
            return answer;
        if (caller is null && !route.WithheldCallersAllowed)
            return answer with { Outcome = ResolveOutcome.CallerWithheld };

        var realNumber = Open(record);
        if (realNumber.Equals(caller))
            return answer with { Outcome = ResolveOutcome.CallerIsHolder };
        if (await stock.IsStockedAsync(realNumber, cancellation))
            return answer with { Outcome = ResolveOutcome.RealNumberInPool };
        return answer with { Outcome = ResolveOutcome.Connect, RealNumber = realNumber };
    }
}
