using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.UpdatePoolResponse> UpdatePool(V1.UpdatePoolRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        var tenant = TenantAndPool(request.TenantId, request.PoolId, faults);
        var aging = Aging(request.Aging, "aging", faults);
        var quota = Quota(request.Quota, "quota", faults);
        var announcement = request.HasEndedAnnouncement ? Announcement(request.EndedAnnouncement, "ended_announcement", faults) : null;
        var callRules = request.CallRules is { } asked ? CallRulesReader.OfPool(asked, tenant, "call_rules", faults) : null;
        var allowed = CallRulesReader.Changes(request.AllowedCallerChanges, tenant, "allowed_caller_changes", faults);
        var blocked = CallRulesReader.Changes(request.BlockedCallerChanges, tenant, "blocked_caller_changes", faults);
        faults.Require(
            request.Aging is not null || request.HasWithheldCallersAllowed || request.Quota is not null || request.HasEndedAnnouncement || request.HasEndedHotline
                || request.CallRules is not null || request.AllowedCallerChanges is not null || request.BlockedCallerChanges is not null,
            "aging",
            "At least one of aging, withheld_callers_allowed, quota, ended_announcement, ended_hotline, call_rules, allowed_caller_changes and blocked_caller_changes must be set.");
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

        var update = new PoolUpdate(aging, withheld, quota, announcement, hotline)
        {
            Rules = callRules?.Kept(verbs, request.TenantId),
            AllowedKinds = callRules?.Kinds,
            AllowedCallers = allowed?.Kept(verbs, request.TenantId),
            BlockedCallers = blocked?.Kept(verbs, request.TenantId),
        };
        if (allowed is { Added.Count: > 0 } || blocked is { Added.Count: > 0 })
            await RequireRoomAsync(request, update, allowed, blocked, faults, context.CancellationToken);
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

    /// <summary>Changes at the same time may each find room and pass the limit together; the next one that adds callers is refused then.</summary>
    private async Task RequireRoomAsync(
        V1.UpdatePoolRequest request, PoolUpdate update, AskedCallerChanges? allowed, AskedCallerChanges? blocked, FieldFaults faults, CancellationToken cancellation)
    {
        var rules = update.On(await FindPoolAsync(request.TenantId, request.PoolId, cancellation)).Rules;
        faults.Require(
            allowed is null or { Added.Count: 0 } || rules.Allowed is not { Count: > CallRulesReader.MostCallersOfPool }, "allowed_caller_changes.added_callers", CallRulesReader.TooMany);
        faults.Require(blocked is null or { Added.Count: 0 } || rules.Blocked.Count <= CallRulesReader.MostCallersOfPool, "blocked_caller_changes.added_callers", CallRulesReader.TooMany);
        faults.ThrowIfAny();
    }
}
