using System.Diagnostics;
using Grpc.Core;

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
        var realNumber = rules.RealNumber(request.RealNumber, tenant, faults);
        faults.ThrowIfAny();

        var answer = await verbs.ReassignLeaseAsync(request.TenantId, leaseId, requestId!, realNumber!, context.CancellationToken);
        return new V1.ReassignLeaseResponse { Lease = Answer("reassign", answer, startedAt) };
    }
}
