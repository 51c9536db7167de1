using System.Collections.Immutable;
using Google.Protobuf.Collections;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class RoutingService
{
    /// <inheritdoc/>
    public override async Task<V1.ReportCallEventsResponse> ReportCallEvents(V1.ReportCallEventsRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        var gateway = rules.Gateway(request.GatewayId, faults);
        var callId = RequestRules.CallId(request.CallId, faults);
        var leaseId = RequestRules.LeaseId(request.LeaseId, faults);
        var events = ReadEvents(request.Events, faults);
        faults.ThrowIfAny();

        var command = new ReportCallEventsCommand(gateway.Id, callId, leaseId, request.Epoch, events, gateway.Scope);
        var answer = await verbs.ReportCallEventsAsync(command, context.CancellationToken);
        Telemetry.CallReported(answer.Outcome, answer.New);
        return StatusMap.Of(answer.Outcome) is { } fault
            ? throw fault
            : new V1.ReportCallEventsResponse { NewEventCount = answer.New, EventCount = answer.All };
    }

    private ImmutableArray<CallEvent> ReadEvents(RepeatedField<V1.CallEvent> events, FieldFaults faults)
    {
        faults.Require(events.Count is >= 1 and <= CallEvent.MostPerCall, "events", $"Must be 1 to {CallEvent.MostPerCall}.");
        return [.. events.Take(CallEvent.MostPerCall).Select((e, i) => rules.CallEvent(e, $"events[{i}]", faults))];
    }
}
