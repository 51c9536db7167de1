using System.Collections.Immutable;
using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>What a gateway reports of a call.</summary>
/// <param name="GatewayId">The gateway.</param>
/// <param name="CallId">Its call id.</param>
/// <param name="LeaseId">The lease that Resolve answered.</param>
/// <param name="Epoch">The epoch that Resolve answered.</param>
/// <param name="Events">What happened.</param>
/// <param name="Scope">The numbers of the gateway; null: all. Leases of others it does not know.</param>
internal sealed record ReportCallEventsCommand(
    string GatewayId, string CallId, string LeaseId, long Epoch, ImmutableArray<CallEvent> Events, NumberScope? Scope = null);

internal sealed partial class LeaseVerbs
{
    /// <summary>
    /// Attaches what happened to a call to the lease that it went by, as the id names it: slot and epoch, so that a late report never lands on
    /// the next holder, and one on a lease that is over still finds its own.
    /// </summary>
    public async ValueTask<CallEventsAnswer> ReportCallEventsAsync(ReportCallEventsCommand command, CancellationToken cancellation)
    {
        if (!TryFindHolder("", command.LeaseId, out var holder))
            return new(CallEventsOutcome.LeaseIdInvalid);
        if (command.Epoch != holder.LeaseTime.ToUnixTimeMilliseconds())
            return new(CallEventsOutcome.EpochWrong);

        return await pool.ReportCallEventsAsync(
            new CallEventsStep(
                holder.Block,
                DigestOfCall(command.GatewayId, command.CallId),
                new LeaseOfCall(holder.Slot, holder.LeaseTime),
                new CallSource(CallKind.Unspecified, command.GatewayId, RunsOfDigits.Hide(command.CallId), default),
                command.Events,
                Keeping)
            {
                Scope = command.Scope,
            },
            Now,
            cancellation);
    }
}
