using System.Diagnostics;
using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override async Task<V1.ReleaseLeaseResponse> ReleaseLease(V1.ReleaseLeaseRequest request, ServerCallContext context)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        RequestRules.RequestId(request.RequestId, faults, required: false);
        var leaseId = RequestRules.LeaseId(request.LeaseId, faults);
        faults.ThrowIfAny();

        var answer = await verbs.ReleaseLeaseAsync(request.TenantId, leaseId, context.CancellationToken);
        return new V1.ReleaseLeaseResponse { Lease = Answer("release", answer, startedAt) };
    }
}
