using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ReportHeartbeatTests : ApiTests
{
    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(settings: [("GatewayHealth:SilentAfter", "00:00:45")]);

    [Test]
    public async Task It_answers_when_it_was_heard_and_when_to_speak_again()
    {
        var answer = await Routing.ReportHeartbeatAsync(Requests.Heartbeat());
        Assert.That(answer, Is.EqualTo(new ReportHeartbeatResponse
        {
            HeartbeatTime = Now.ToTimestamp(),
            SilentAfter = Duration.FromTimeSpan(TimeSpan.FromSeconds(45)),
        }));
    }

    [TestCase("", 0, "instance_id")]
    [TestCase("two words", 0, "instance_id")]
    [TestCase("{slot}", 0, "instance_id")]
    [TestCase("node-1", -1, "calls_in_progress")]
    public async Task What_cannot_be_is_refused(string instance, int calls, string field) =>
        (await RefusedCall.OfAsync(Routing.ReportHeartbeatAsync, Requests.Heartbeat(instance, calls)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, field);

    [Test]
    public async Task All_faulty_fields_are_named_at_once()
    {
        var request = Requests.Heartbeat("", -1);
        request.GatewayId = "no id";
        (await RefusedCall.OfAsync(Routing.ReportHeartbeatAsync, request))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "gateway_id", "instance_id", "calls_in_progress");
    }

    [Test]
    public async Task A_gateway_that_is_not_configured_is_unknown()
    {
        var request = Requests.Heartbeat();
        request.GatewayId = "nobody";
        (await RefusedCall.OfAsync(Routing.ReportHeartbeatAsync, request)).Expect(StatusCode.NotFound, ErrorReason.GatewayUnknown);
    }

    [Test]
    public void A_silence_that_is_none_stops_the_start() => Assert.That(
        async () => await TestService.StartAsync(settings: [("GatewayHealth:SilentAfter", "00:00:02")]),
        Throws.TypeOf<VirtualNumber.Hosting.StartRefusedException>().With.Message.Contains("GatewayHealth: SilentAfter must be 3 s to 6 h."));
}
