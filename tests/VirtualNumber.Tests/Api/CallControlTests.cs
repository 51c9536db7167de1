using Google.Protobuf.WellKnownTypes;
using VirtualNumber.Hosting;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>What Resolve tells a gateway beside the number: how it is written, how long, what is heard, what goes wrong with what was dialled.</summary>
[TestFixture]
public sealed class CallControlTests
{
    private TestService _service = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _service = await TestService.StartAsync(settings:
        [
            ("Gateways:1:Id", "national"), ("Gateways:1:NumberForm", "National"), ("Gateways:1:LongestCall", "00:10:00"),
            ("Gateways:1:CallerAnnouncement", "recorded-1"), ("Gateways:1:CalledAnnouncement", "recorded-2"), ("Gateways:1:RecordCalls", "true"),
            ("Gateways:2:Id", "tel"), ("Gateways:2:NumberForm", "TelUri"),
            ("Gateways:3:Id", "abroad"), ("Gateways:3:NumberForm", "National"), ("Gateways:3:DefaultCountry", "999"),
            ("Gateways:4:Id", "own-numbers"), ("Gateways:4:Numbers:0", "86:171"), ("Gateways:4:Numbers:1", "86:1621001000"),
            ("Gateways:5:Id", "other-numbers"), ("Gateways:5:Numbers:0", "86:1621001001"),
            ("Gateways:6:Id", "own-pool"), ("Gateways:6:Pools:0", $"{TestService.Alpha}/{Requests.PoolId}"),
            ("Gateways:7:Id", "other-pool"), ("Gateways:7:Pools:0", $"{TestService.Alpha}/shared"),
        ]);
        await _service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await _service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "162100100"));
    }

    [TearDown]
    public async Task StopAsync() => await _service.DisposeAsync();

    [TestCase("gw", "13912345678", "+8613912345678", "+8616210010000")]
    [TestCase("national", "13912345678", "13912345678", "16210010000")]
    [TestCase("national", "0571-88888888", "057188888888", "16210010000")]
    [TestCase("national", "+99955500777", "+99955500777", "16210010000")]
    [TestCase("tel", "13912345678", "tel:+8613912345678", "tel:+8616210010000")]
    [TestCase("abroad", "13912345678", "+8613912345678", "+8616210010000")]
    [TestCase("abroad", "+99955500777", "55500777", "+8616210010000")]
    public async Task Each_gateway_is_given_numbers_in_its_own_form(string gateway, string real, string connect, string display)
    {
        await _service.Leases.CreateLeaseAsync(Requests.CreateLease(real: real));
        var route = await ResolveAsync(gateway, "+8616210010000");
        Assert.That((route.ConnectNumber, route.DisplayNumber), Is.EqualTo((connect, display)));
    }

    [Test]
    public async Task A_gateway_s_settings_for_calls_are_in_the_answer()
    {
        await _service.Leases.CreateLeaseAsync(Requests.CreateLease());
        var route = await ResolveAsync("national", "16210010000");
        Assert.That(
            (route.MaximumDuration, route.CallerAnnouncementCode, route.CalledAnnouncementCode, route.Record),
            Is.EqualTo((Duration.FromTimeSpan(TimeSpan.FromMinutes(10)), "recorded-1", "recorded-2", true)));
    }

    [TestCase("13x")]
    [TestCase("1621001")]
    [TestCase("ERROR")]
    public async Task What_cannot_be_a_number_is_refused_as_incomplete(string called)
    {
        var route = await ResolveAsync("gw", called);
        Assert.That(route, Is.EqualTo(new ResolveResponse
        {
            Action = RoutingAction.Reject,
            Refusal = new V1.Refusal { Q850Cause = 28, SipStatus = 484, Reason = RefusalReason.AddressIncomplete },
        }));
    }

    [TestCase("16210010007", RoutingAction.Reject)]
    [TestCase("tel:+8616210010000", RoutingAction.Reject)]
    [TestCase("+99955500222", RoutingAction.Connect)]
    [TestCase("unavailable", RoutingAction.Connect)]
    [TestCase("", RoutingAction.Connect)]
    public async Task A_call_that_comes_by_way_of_another_number_of_the_pools_is_refused(string earlier, RoutingAction action)
    {
        await _service.Leases.CreateLeaseAsync(Requests.CreateLease());
        var request = Requests.Resolve("16210010000");
        request.EarlierCalledNumber = earlier;
        var route = await _service.Routing.ResolveAsync(request);
        Assert.That(route.Action, Is.EqualTo(action));
        if (action == RoutingAction.Reject)
        {
            Assert.That((route.Refusal.Q850Cause, route.Refusal.SipStatus, route.Refusal.Reason), Is.EqualTo((1, 404, RefusalReason.NotInService)));
            Assert.That(_service.Logs.Lines, Has.Some.Contains("ForwardedFromPool"));
        }
    }

    [TestCase("own-numbers", RoutingAction.Connect)]
    [TestCase("other-numbers", RoutingAction.Reject)]
    [TestCase("own-pool", RoutingAction.Connect)]
    [TestCase("other-pool", RoutingAction.Reject)]
    public async Task A_gateway_reaches_its_own_numbers_only(string gateway, RoutingAction action)
    {
        await _service.Leases.CreateLeaseAsync(Requests.CreateLease());
        var route = await ResolveAsync(gateway, "16210010000");
        Assert.That(route.Action, Is.EqualTo(action));
        if (action == RoutingAction.Connect)
            return;
        // As of a number that is in no pool; the log knows better.
        Assert.That(route, Is.EqualTo(await ResolveAsync("gw", "16219990000")));
        Assert.That(_service.Logs.Lines, Has.Some.Contains("GatewayNotAllowed").And.Contains(gateway));
    }

    [Test]
    public async Task A_gateway_is_not_asked_for_the_digits_of_a_number_that_it_has_not()
    {
        var shared = Requests.CreatePool("shared");
        shared.Pool.Mode = PoolMode.Extension;
        await _service.Ops.CreatePoolAsync(shared);
        await _service.Ops.AddNumbersAsync(Requests.AddBlocks("shared", "162100199"));
        Assert.Multiple(async () =>
        {
            Assert.That((await ResolveAsync("other-pool", "16210019900")).Action, Is.EqualTo(RoutingAction.CollectDigits));
            Assert.That((await ResolveAsync("own-pool", "16210019900")).Action, Is.EqualTo(RoutingAction.Reject));
        });
    }

    [Test]
    public async Task A_gateway_may_let_calls_last()
    {
        await using var service = await TestService.StartAsync(settings: [("Gateways:0:LongestCall", "")]);
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "162100100"));
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        var route = await service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber));
        Assert.That((route.Action, route.MaximumDuration), Is.EqualTo((RoutingAction.Connect, default(Duration))));
    }

    [TestCase(0, 0)]
    [TestCase(9, 0)]
    [TestCase(11, 1)]
    public async Task A_gateway_whose_clock_is_ahead_is_warned_of_and_its_calls_go_on(int minutes, int warnings)
    {
        await _service.Leases.CreateLeaseAsync(Requests.CreateLease());
        var request = Requests.Resolve("16210010000");
        request.CallTime = (_service.Time.GetUtcNow() + TimeSpan.FromMinutes(minutes)).ToTimestamp();
        for (var i = 0; i < 2; i++)
            Assert.That((await _service.Routing.ResolveAsync(request)).Action, Is.EqualTo(RoutingAction.Connect));
        Assert.That(_service.Logs.Lines.Count(line => line.Contains("check its clock and time zone", StringComparison.Ordinal)), Is.EqualTo(warnings), "not at each call");
    }

    [TestCase("Gateways:0:NumberForm", "7", "NumberForm of gw must be E164, National or TelUri.")]
    [TestCase("Gateways:0:LongestCall", "00:00:00", "LongestCall of gw must be 1 s to 24 hours, or empty.")]
    [TestCase("Gateways:0:CallerAnnouncement", "two words", "CallerAnnouncement of gw must be at most 64 visible ASCII characters.")]
    [TestCase("Gateways:0:Numbers:0", "170", "Numbers of gw: 170 is no country code, colon and leading digits, as in 86:170.")]
    [TestCase("Gateways:0:Pools:0", "parcels", "Pools of gw: parcels is no tenant, slash and pool, as in demo/parcels.")]
    public void A_setting_that_cannot_be_stops_the_start(string key, string value, string fault) => Assert.That(
        async () => await TestService.StartAsync(settings: [(key, value)]),
        Throws.TypeOf<StartRefusedException>().With.Message.Contains(fault));

    private async Task<ResolveResponse> ResolveAsync(string gateway, string called)
    {
        var request = Requests.Resolve(called);
        request.GatewayId = gateway;
        return await _service.Routing.ResolveAsync(request);
    }
}
