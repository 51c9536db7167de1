using System.Diagnostics;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override Task<V1.CreateLeaseResponse> CreateLease(V1.CreateLeaseRequest request, ServerCallContext context) =>
        CreateLeaseAsync(request, request.TenantId, context.CancellationToken);

    private async Task<V1.CreateLeaseResponse> CreateLeaseAsync(
        V1.CreateLeaseRequest request, string tenantId, CancellationToken cancellation)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var answer = await verbs.CreateLeaseAsync(ReadCreateLease(request, tenantId), cancellation);
        Telemetry.Leased("create", answer.Outcome, startedAt);
        Log.Verb(logger, "create", answer.Outcome, answer.Lease?.LeaseId);
        return answer.Outcome == CreateLeaseOutcome.Leased
            ? new V1.CreateLeaseResponse { Lease = answer.Lease!.ToMessage(), Existing = answer.Existing }
            : throw StatusMap.Of(answer, time.GetUtcNow());
    }

    private CreateLeaseCommand ReadCreateLease(V1.CreateLeaseRequest request, string tenantId)
    {
        var faults = new FieldFaults();
        RequestRules.ItemTenant(request.TenantId, tenantId, faults);
        var tenant = rules.Tenant(tenantId, faults);
        var requestId = RequestRules.RequestId(request.RequestId, faults, required: false);
        var poolId = RequestRules.PoolId(request.PoolId, faults);
        var delivery = RequestRules.Delivery(tenant, request.Delivery, faults);
        var role = RequestRules.Role(request.Role, faults);
        var realNumber = rules.RealNumber(request.RealNumber, tenant, faults);
        var expireTime = rules.ExpireTime(request.ExpireTime, faults);
        var peerNumber = rules.PeerNumber(request.PeerNumber, tenant, faults);
        RequestRules.TwoPersons(realNumber, peerNumber, faults);
        var direction = RequestRules.Direction(request.CallDirection, faults);
        var area = RequestRules.Area(request.Area, faults);
        var callRules = CallRulesReader.OfLease(request.CallRules, tenant, faults);
        faults.ThrowIfAny();
        return new(delivery!, role, poolId, realNumber!, requestId, expireTime) { PeerNumber = peerNumber, Direction = direction, Area = area, Rules = callRules.Kept(verbs, tenantId) };
    }
}
