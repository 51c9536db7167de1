using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.UpdatePoolResponse> UpdatePool(V1.UpdatePoolRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        var aging = Aging(request.Aging, "aging", faults);
        faults.Require(
            request.Aging is not null || request.HasWithheldCallersAllowed, "aging", "At least one of aging and withheld_callers_allowed must be set.");
        int? version = null;
        if (request.Etag.Length > 0)
        {
            version = Messages.VersionOf(request.Etag);
            faults.Require(version is not null, "etag", "Must be an etag that this service answered, or empty.");
        }

        faults.ThrowIfAny();

        bool? withheld = request.HasWithheldCallersAllowed ? request.WithheldCallersAllowed : null;
        var updated = await stock.UpdatePoolAsync(
            request.TenantId, request.PoolId, new(aging, withheld), version, context.CancellationToken) ?? throw StatusMap.PoolUnknown();
        return updated.Changed
            ? new V1.UpdatePoolResponse { Pool = updated.Pool.ToMessage() }
            : throw Fault.Of(
                StatusCode.FailedPrecondition,
                V1.ErrorReason.EtagMismatch,
                "The pool was changed since it was read.",
                ("etag", Messages.EtagOf(updated.Pool)));
    }
}
