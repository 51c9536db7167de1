using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.ListParkedPushesResponse> ListParkedPushes(V1.ListParkedPushesRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        var size = RequestRules.PageSize(request.PageSize, faults);
        var token = RequestRules.PageToken(request.PageToken, faults);
        faults.ThrowIfAny();
        var queue = pushes.Find(request.TenantId, request.WebhookId) ?? throw StatusMap.WebhookUnknown();
        if (!tokens.TryReadParked(token, out var after, "ListParkedPushes", request.TenantId, request.WebhookId))
            throw StatusMap.PageTokenInvalid();

        var parked = await pushes.ListParkedAsync(queue, after, size + 1, context.CancellationToken);
        var response = new V1.ListParkedPushesResponse();
        response.Pushes.AddRange(parked.Take(size).Select(each => new V1.ParkedPush
        {
            PushId = each.Push.Id,
            CreateTime = each.Push.MadeTime.ToTimestamp(),
            ParkTime = each.ParkedTime.ToTimestamp(),
            AttemptCount = each.Push.Failures,
            EventCount = each.Push.Events.Count,
            LastFault = each.Push.LastFault.Describe(),
        }));
        if (parked.Count > size)
            response.NextPageToken = tokens.WriteParked(parked[size - 1].Place, "ListParkedPushes", request.TenantId, request.WebhookId);
        return response;
    }
}
