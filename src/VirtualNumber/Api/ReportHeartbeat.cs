using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class RoutingService
{
    /// <inheritdoc/>
    public override async Task<V1.ReportHeartbeatResponse> ReportHeartbeat(V1.ReportHeartbeatRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        var gateway = rules.Gateway(request.GatewayId, faults);
        var instance = RequestRules.Instance(request.InstanceId, faults);
        faults.Require(request.CallsInProgress >= 0, "calls_in_progress", "Must not be negative.");
        faults.ThrowIfAny();

        var beat = new InstanceBeat(instance, time.GetNow(), request.CallsInProgress);
        await pool.BeatAsync(gateway.Id, beat, context.CancellationToken);
        return new V1.ReportHeartbeatResponse { HeartbeatTime = beat.Time.ToTimestamp(), SilentAfter = watch.SilentAfter.ToDuration() };
    }
}
