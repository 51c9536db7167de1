using System.Diagnostics;
using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override async Task<V1.ExtendLeaseResponse> ExtendLease(V1.ExtendLeaseRequest request, ServerCallContext context)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        var requestId = RequestRules.RequestId(request.RequestId, faults, required: true);
        var leaseId = RequestRules.LeaseId(request.LeaseId, faults);
        var extension = rules.ExtensionSpan(request.Extension, faults);
        faults.ThrowIfAny();

        var answer = await verbs.ExtendLeaseAsync(request.TenantId, leaseId, requestId!, extension, context.CancellationToken);
        return new V1.ExtendLeaseResponse { Lease = Answer("extend", answer, startedAt) };
    }
}
