using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.UpdatePoolResponse> UpdatePool(V1.UpdatePoolRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        var aging = Aging(request.Aging, "aging", faults);
        var quota = Quota(request.Quota, "quota", faults);
        var announcement = request.HasEndedAnnouncement ? Announcement(request.EndedAnnouncement, "ended_announcement", faults) : null;
        faults.Require(
            request.Aging is not null || request.HasWithheldCallersAllowed || request.Quota is not null || request.HasEndedAnnouncement || request.HasEndedHotline,
            "aging",
            "At least one of aging, withheld_callers_allowed, quota, ended_announcement and ended_hotline must be set.");
        int? version = null;
        if (request.Etag.Length > 0)
        {
            version = Messages.VersionOf(request.Etag);
            faults.Require(version is not null, "etag", "Must be an etag that this service answered, or empty.");
        }

        faults.ThrowIfAny();

        bool? withheld = request.HasWithheldCallersAllowed ? request.WithheldCallersAllowed : null;
        string? hotline = null;
        if (request.HasEndedHotline)
        {
            var pool = await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken);
            hotline = Hotline(request.EndedHotline, pool.CountryCode, "ended_hotline", faults);
            faults.ThrowIfAny();
        }

        var update = new PoolUpdate(aging, withheld, quota, announcement, hotline);
        var updated = await stock.UpdatePoolAsync(
            request.TenantId, request.PoolId, update, version, context.CancellationToken) ?? throw StatusMap.PoolUnknown();
        return updated.Changed
            ? new V1.UpdatePoolResponse { Pool = updated.Pool.ToMessage() }
            : throw Fault.Of(
                StatusCode.FailedPrecondition,
                V1.ErrorReason.EtagMismatch,
                "The pool was changed since it was read.",
                ("etag", Messages.EtagOf(updated.Pool)));
    }
}
