using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override async Task<V1.BatchReportDeliveryStatusResponse> BatchReportDeliveryStatus(
        V1.BatchReportDeliveryStatusRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        RequestRules.ItemCount(request.Requests.Count, faults);
        faults.ThrowIfAny();

        var response = new V1.BatchReportDeliveryStatusResponse();
        await RunItemsAsync(
            request.Requests,
            async item => response.Results.Add(new V1.BatchReportDeliveryStatusResult
            {
                Response = await ReportDeliveryStatusAsync(item, request.TenantId, context.CancellationToken),
            }),
            error => response.Results.Add(new V1.BatchReportDeliveryStatusResult { Error = error }));
        return response;
    }
}
