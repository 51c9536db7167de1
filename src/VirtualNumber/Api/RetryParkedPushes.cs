using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.RetryParkedPushesResponse> RetryParkedPushes(V1.RetryParkedPushesRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        RequestRules.PushIds(request.PushIds, faults);
        faults.ThrowIfAny();
        var queue = pushes.Find(request.TenantId, request.WebhookId) ?? throw StatusMap.WebhookUnknown();

        var count = await pushes.RetryParkedAsync(queue, request.PushIds, RequestRules.MostItems, Now, context.CancellationToken);
        Log.Retried(logger, request.WebhookId, request.TenantId, count);
        return new V1.RetryParkedPushesResponse { RetriedCount = count };
    }
}
