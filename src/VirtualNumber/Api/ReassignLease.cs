using System.Diagnostics;
using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override async Task<V1.ReassignLeaseResponse> ReassignLease(V1.ReassignLeaseRequest request, ServerCallContext context)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var faults = new FieldFaults();
        var tenant = rules.Tenant(request.TenantId, faults);
        var requestId = RequestRules.RequestId(request.RequestId, faults, required: true);
        var leaseId = RequestRules.LeaseId(request.LeaseId, faults);
        var peerNumber = rules.PeerNumber(request.PeerNumber, tenant, faults);
        // In pair mode either may stay as it is; in the others that the number is missing is told like any other fault.
        var realNumber = request.RealNumber.Length == 0 && request.PeerNumber.Length > 0 ? null : rules.RealNumber(request.RealNumber, tenant, faults);
        RequestRules.TwoPersons(realNumber, peerNumber, faults);
        faults.ThrowIfAny();

        var command = new ReassignLeaseCommand(request.TenantId, leaseId, requestId!, realNumber, peerNumber, request.NewNumberIfBusy);
        var answer = await verbs.ReassignLeaseAsync(command, context.CancellationToken);
        if (answer.Missed is not null)
        {
            Telemetry.Leased("reassign", answer.Outcome, startedAt);
            Log.Verb(logger, "reassign", answer.Missed.Outcome, answer.Lease?.LeaseId);
            throw StatusMap.Of(answer.Missed, time.GetUtcNow());
        }

        return new V1.ReassignLeaseResponse { Lease = Answer("reassign", answer, startedAt), NewNumber = answer.NewNumber };
    }
}
