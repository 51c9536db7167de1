using System.Diagnostics;
using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override async Task<V1.GetLeaseResponse> GetLease(V1.GetLeaseRequest request, ServerCallContext context)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        var leaseId = RequestRules.LeaseId(request.LeaseId, faults);
        faults.ThrowIfAny();

        var answer = await verbs.GetLeaseAsync(request.TenantId, leaseId, context.CancellationToken);
        return new V1.GetLeaseResponse { Lease = Answer("get", answer, startedAt) };
    }
}
