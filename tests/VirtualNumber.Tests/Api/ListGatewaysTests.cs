using Google.Protobuf.WellKnownTypes;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ListGatewaysTests : ApiTests
{
    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(settings: [("Gateways:1:Id", "a-second-one")]);

    [Test]
    public async Task A_gateway_that_was_never_heard_is_listed_too() => Assert.That(
        (await ListAsync()).Select(gateway => (gateway.GatewayId, gateway.State, gateway.Instances.Count)),
        Is.EqualTo(new[] { ("a-second-one", GatewayState.NeverSeen, 0), (TestService.Gateway, GatewayState.NeverSeen, 0) }));

    [Test]
    public async Task Each_instance_is_told_with_what_it_said_last()
    {
        await Routing.ReportHeartbeatAsync(Requests.Heartbeat("node-2", 4));
        var first = Now;
        Service.Time.Advance(TimeSpan.FromSeconds(89));
        await Routing.ReportHeartbeatAsync(Requests.Heartbeat("node-1", 7));

        var gateway = (await ListAsync())[^1];
        Assert.That(gateway, Is.EqualTo(new V1.Gateway
        {
            GatewayId = TestService.Gateway,
            State = GatewayState.Alive,
            Instances =
            {
                new GatewayInstance { InstanceId = "node-1", State = GatewayState.Alive, LastHeartbeatTime = Now.ToTimestamp(), CallsInProgress = 7 },
                new GatewayInstance { InstanceId = "node-2", State = GatewayState.Alive, LastHeartbeatTime = first.ToTimestamp(), CallsInProgress = 4 },
            },
        }));
    }

    [Test]
    public async Task An_instance_is_silent_90_seconds_after_its_last_word_and_a_gateway_with_its_last_instance()
    {
        await Routing.ReportHeartbeatAsync(Requests.Heartbeat("node-1"));
        Service.Time.Advance(TimeSpan.FromSeconds(60));
        await Routing.ReportHeartbeatAsync(Requests.Heartbeat("node-2"));
        Service.Time.Advance(TimeSpan.FromSeconds(30) - Millisecond);
        Assert.That(await StatesAsync(), Is.EqualTo(new[] { GatewayState.Alive, GatewayState.Alive, GatewayState.Alive }));
        Service.Time.Advance(Millisecond);
        Assert.That(await StatesAsync(), Is.EqualTo(new[] { GatewayState.Alive, GatewayState.Silent, GatewayState.Alive }));
        Service.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.That(await StatesAsync(), Is.EqualTo(new[] { GatewayState.Silent, GatewayState.Silent, GatewayState.Silent }));

        await Routing.ReportHeartbeatAsync(Requests.Heartbeat("node-2"));
        Assert.That(await StatesAsync(), Is.EqualTo(new[] { GatewayState.Alive, GatewayState.Silent, GatewayState.Alive }));
    }

    private async Task<IReadOnlyList<V1.Gateway>> ListAsync() => (await Ops.ListGatewaysAsync(new ListGatewaysRequest())).Gateways;

    private async Task<IReadOnlyList<GatewayState>> StatesAsync() =>
        (await ListAsync())[^1] is var gateway ? [gateway.State, .. gateway.Instances.Select(instance => instance.State)] : [];
}
