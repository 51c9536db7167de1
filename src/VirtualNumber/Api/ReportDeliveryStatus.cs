using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Leasing;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <inheritdoc/>
    public override Task<V1.ReportDeliveryStatusResponse> ReportDeliveryStatus(
        V1.ReportDeliveryStatusRequest request, ServerCallContext context) =>
        ReportDeliveryStatusAsync(request, request.TenantId, context.CancellationToken);

    private async Task<V1.ReportDeliveryStatusResponse> ReportDeliveryStatusAsync(
        V1.ReportDeliveryStatusRequest request, string tenantId, CancellationToken cancellation)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var faults = new FieldFaults();
        RequestRules.ItemTenant(request.TenantId, tenantId, faults);
        var tenant = rules.Tenant(tenantId, faults);
        var delivery = RequestRules.Delivery(tenant, request.Delivery, faults);
        var (status, known) = RequestRules.Status(request, faults);
        var eventTime = rules.EventTime(request.EventTime, faults);
        faults.ThrowIfAny();

        var answer = await verbs.ReportDeliveryStatusAsync(delivery!, status, eventTime, tenant.DeliveredTerm, cancellation);
        Telemetry.Reported(answer.Outcome, startedAt);
        Log.Report(logger, answer.Outcome, status, answer.Leases.Count);
        if (!known)
            CountUnknownCode((Vendor)request.VendorStatus.Vendor);

        var response = new V1.ReportDeliveryStatusResponse
        {
            Outcome = OutcomeOf(answer.Outcome),
            Status = (V1.DeliveryStatus)answer.Status,
            EventTime = answer.EventTime.ToTimestamp(),
            VendorCodeKnown = known,
        };
        response.Leases.AddRange(answer.Leases.Select(Messages.ToMessage));
        return response;
    }

    private void CountUnknownCode(Vendor vendor)
    {
        Telemetry.UnknownVendorCode(vendor);
        Log.UnknownVendorCode(logger, vendor);
    }

    private static V1.ReportOutcome OutcomeOf(ReportOutcome outcome) => outcome switch
    {
        ReportOutcome.Applied => V1.ReportOutcome.Applied,
        ReportOutcome.Repeated => V1.ReportOutcome.Repeated,
        ReportOutcome.Older => V1.ReportOutcome.Older,
        _ => V1.ReportOutcome.AfterTerminal,
    };
}
