using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.ListGatewaysResponse> ListGateways(V1.ListGatewaysRequest request, ServerCallContext context)
    {
        var gateways = callers.Gateways;
        var health = await Task.WhenAll(gateways.Select(gateway => watch.LookAsync(gateway.Id, context.CancellationToken).AsTask()));
        return new V1.ListGatewaysResponse { Gateways = { gateways.Zip(health, (gateway, instances) => GatewayOf(gateway.Id, instances)) } };
    }

    private static V1.Gateway GatewayOf(string id, IReadOnlyList<InstanceHealth> instances) => new()
    {
        GatewayId = id,
        State = instances.Count == 0 ? V1.GatewayState.NeverSeen : StateOf(instances.Any(instance => instance.IsAlive)),
        Instances =
        {
            instances.Select(instance => new V1.GatewayInstance
            {
                InstanceId = instance.Last.InstanceId,
                State = StateOf(instance.IsAlive),
                LastHeartbeatTime = instance.Last.Time.ToTimestamp(),
                CallsInProgress = instance.Last.CallsInProgress,
            }),
        },
    };

    private static V1.GatewayState StateOf(bool isAlive) => isAlive ? V1.GatewayState.Alive : V1.GatewayState.Silent;
}
