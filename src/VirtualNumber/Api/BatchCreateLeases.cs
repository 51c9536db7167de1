using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override async Task<V1.BatchCreateLeasesResponse> BatchCreateLeases(V1.BatchCreateLeasesRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        RequestRules.ItemCount(request.Requests.Count, faults);
        faults.ThrowIfAny();

        var response = new V1.BatchCreateLeasesResponse();
        await RunItemsAsync(
            request.Requests,
            async item => response.Results.Add(
                new V1.BatchCreateLeasesResult { Response = await CreateLeaseAsync(item, request.TenantId, context.CancellationToken) }),
            error => response.Results.Add(new V1.BatchCreateLeasesResult { Error = error }));
        return response;
    }
}
