using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override async Task<V1.ListDeliveryLeasesResponse> ListDeliveryLeases(
        V1.ListDeliveryLeasesRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        var tenant = rules.Tenant(request.TenantId, faults);
        var delivery = RequestRules.Delivery(tenant, request.Delivery, faults);
        faults.ThrowIfAny();

        var answer = await verbs.ListDeliveryLeasesAsync(delivery!, context.CancellationToken);
        var response = new V1.ListDeliveryLeasesResponse
        {
            Status = (V1.DeliveryStatus)answer.Status,
            EventTime = answer.EventTime?.ToTimestamp(),
        };
        response.Leases.AddRange(answer.Leases.Select(Messages.ToMessage));
        return response;
    }
}
