using System.Diagnostics;
using VirtualNumber.Load;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>Calls that reach nobody: what the caller is told for each reason, and that nothing is sent to the called side.</summary>
[TestFixture]
internal sealed class RefusedCallTests : GatewayBed
{
    private const int Unavailable = 503;

    [Test]
    public async Task A_number_that_nobody_holds_or_that_is_nobodys_is_404_with_cause_1()
    {
        await IsRefusedAsync(Refused(404, NextCaller(), "16210010077"), 404, "Q.850;cause=1");
        await IsRefusedAsync(Refused(404, NextCaller(), "16299999999"), 404, "Q.850;cause=1");
    }

    [Test]
    public async Task A_lease_that_was_released_is_404_with_cause_1_to_a_stranger_and_to_who_was_on_it()
    {
        var holder = NextHolder();
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        await Bed.ReleaseAsync(lease);
        await IsRefusedAsync(Refused(404, NextCaller(), lease.VirtualNumber), 404, "Q.850;cause=1");
        await IsRefusedAsync(Refused(404, holder, lease.VirtualNumber), 404, "Q.850;cause=1");
    }

    [Test]
    public async Task A_withheld_caller_is_404_with_cause_1_in_a_pair()
    {
        var (one, other) = (NextHolder(), NextCaller());
        var lease = await Bed.LeaseAsync(SipBed.Pair, $"+{one}", $"+{other}");
        var plan = Refused(404, other, lease.VirtualNumber);
        // From and P-Asserted-Identity both withheld: the scenario's way to write the number is not one of a number any more.
        var withheld = plan with { Replace = ("P-Asserted-Identity: \"Caller\" <sip:+[field0]@carrier.example;user=phone>", "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>") };
        await IsRefusedAsync(withheld, 404, "Q.850;cause=1");
    }

    [Test]
    public async Task A_stranger_on_a_pairs_number_is_404_with_cause_1()
    {
        var lease = await Bed.LeaseAsync(SipBed.Pair, $"+{NextHolder()}", $"+{NextCaller()}");
        await IsRefusedAsync(Refused(404, NextCaller(), lease.VirtualNumber), 404, "Q.850;cause=1");
    }

    [Test]
    public async Task The_holder_who_calls_himself_is_403_with_cause_21()
    {
        var holder = NextHolder();
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        await IsRefusedAsync(Refused(403, holder, lease.VirtualNumber), 403, "Q.850;cause=21");
    }

    [Test]
    public async Task What_is_no_number_is_484_with_cause_28() => await IsRefusedAsync(Refused(484, NextCaller(), "12ab"), 484, "Q.850;cause=28");

    [Test]
    public async Task A_wrong_extension_is_404_with_cause_1()
    {
        var lease = await Bed.LeaseAsync(SipBed.Extension, $"+{NextHolder()}");
        var wrong = lease.Extension == "1111" ? "2222" : "1111";
        var plan = Refused(404, NextCaller(), $"{lease.VirtualNumber}-{wrong}");
        await IsRefusedAsync(plan, 404, "Q.850;cause=1");
    }

    [TestCase("REJECT without a status", 200, """{"action":"ROUTING_ACTION_REJECT"}""")]
    [TestCase("REJECT with 200", 200, """{"action":"ROUTING_ACTION_REJECT","refusal":{"q850Cause":1,"sipStatus":200}}""")]
    [TestCase("no JSON", 200, "<html>Welcome</html>")]
    [TestCase("empty", 200, "")]
    [TestCase("no action", 200, "{}")]
    [TestCase("no object", 200, "[]")]
    [TestCase("unknown action", 200, """{"action":"ROUTING_ACTION_DANCE"}""")]
    [TestCase("CONNECT without a number", 200, """{"action":"ROUTING_ACTION_CONNECT"}""")]
    [TestCase("CONNECT to the word ERROR", 200, """{"action":"ROUTING_ACTION_CONNECT","connectNumber":"ERROR","displayNumber":"+8616210010000"}""")]
    [TestCase("CONNECT to an address", 200, """{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+8613912345678@elsewhere.example","displayNumber":"+8616210010000"}""")]
    [TestCase("CONNECT without a number to show", 200, """{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+8613912345678"}""")]
    [TestCase("an error with a good body", 500, """{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+8613912345678","displayNumber":"+8616210010000"}""")]
    [TestCase("a redirect", 302, "")]
    [TestCase("not found", 404, "{}")]
    public async Task Nonsense_is_503_with_Retry_After_and_cause_41(string what, int status, string body)
    {
        _nonsense = new(status, body);
        await IsRefusedAsync(Refused(Unavailable, NextCaller(), "16210010000"), Unavailable, "Q.850;cause=41", _nonsenseGateway, what);
    }

    [Test]
    public async Task A_service_that_is_not_there_is_503_with_Retry_After_and_cause_41()
    {
        var (port, _) = ServiceProcess.FindFreePorts();
        var gateway = await StartGatewayAsync(new Uri($"http://127.0.0.1:{port}"));
        await IsRefusedAsync(Refused(Unavailable, NextCaller(), "16210010000"), Unavailable, "Q.850;cause=41", gateway);
    }

    [Test]
    public async Task A_frozen_service_is_503_within_its_time_and_calls_go_on_when_it_thaws()
    {
        var gateway = await StartGatewayAsync();
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        Bed.Service.Process.Signal(ChildProcess.SigStop);
        try
        {
            var start = Stopwatch.GetTimestamp();
            await IsRefusedAsync(Refused(Unavailable, caller, lease.VirtualNumber), Unavailable, "Q.850;cause=41", gateway);
            // One second is the look-up's; the rest is that of SIPp, which looks once a second whether it is done.
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(6)));
        }
        finally
        {
            Bed.Service.Process.Signal(ChildProcess.SigCont);
        }

        var calls = await SipCalls.MakeAsync(gateway, NextHopPort, Call("caller", NextCaller(), lease.VirtualNumber), "called");
        Assert.That(calls.Answer.Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Who_hangs_up_while_the_service_thinks_is_told_so_and_nobody_is_called()
    {
        await using var front = await HttpFront.StartAsync(null, (_, _, cancellation) => HttpFront.HoldAsync(cancellation));
        var gateway = await StartGatewayAsync(front.Address);
        using var called = new SipPhone(SipPlaces.NextHop, NextHopPort);
        var calls = await SipCalls.RefusedAsync(gateway, Call("caller-gives-up", NextCaller(), "16210010000"));
        Assert.That(calls.Answer.Status, Is.EqualTo(487));
        Assert.That(called.Received, Is.Empty);
    }

    [Test]
    public async Task Without_the_Redis_that_hides_nothing_is_sent()
    {
        var (port, _) = ServiceProcess.FindFreePorts();
        var gateway = await StartGatewayAsync(settings: new Dictionary<string, string>
        {
            ["VN_HIDING_REDIS"] = $"addr=127.0.0.1;port={port};db=0",
            ["VN_NEXT_HOP_MILLISECONDS"] = "500",
        });
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{NextHolder()}");
        using var called = new SipPhone(SipPlaces.NextHop, NextHopPort);
        var calls = await SipCalls.RefusedAsync(gateway, Refused(Unavailable, NextCaller(), lease.VirtualNumber));
        Assert.That(calls.Answer.Header("Retry-After"), Is.Not.Null);
        Assert.That(called.Received, Is.Empty);
    }

    [Test]
    public async Task Who_is_no_peer_gets_no_answer()
    {
        using var peer = new SipPhone(SipPlaces.Callers);
        using var stranger = new SipPhone(SipPlaces.Stranger);
        // Who reads one message after the other, and has answered a later question of a peer, has dealt with the stranger's.
        var gateway = await StartGatewayAsync(settings: new Dictionary<string, string> { ["VN_SIP_WORKERS"] = "1" });
        await stranger.AskAsync(gateway);
        await peer.PingAsync(gateway);
        Assert.That(stranger.Received, Is.Empty);
    }

    [Test]
    public async Task A_tag_that_shows_the_caller_is_refused()
    {
        var caller = NextCaller();
        var plan = Refused(400, caller, "16210010000") with { Replace = (";tag=[pid]a[call_number]", ";tag=[field0]") };
        await using var calling = await SippRun.StartAsync(plan with { Target = Gateway.EndPoint });
        await calling.EndedAsync();
        Assert.That(calling.Messages().First(message => message.Status >= 200).Status, Is.EqualTo(400));
    }

    private FrontAnswer _nonsense;
    private HttpFront _nonsenseFront = null!;
    private KamailioProcess _nonsenseGateway = null!;

    [OneTimeSetUp]
    public async Task StartNonsenseAsync()
    {
        _nonsenseFront = await HttpFront.StartAsync(null, (_, _, _) => Task.FromResult<FrontAnswer?>(_nonsense));
        _nonsenseGateway = await StartGatewayAsync(_nonsenseFront.Address);
    }

    [OneTimeTearDown]
    public async Task StopNonsenseAsync() => await _nonsenseFront.DisposeAsync();

    private async Task IsRefusedAsync(SippPlan plan, int status, string reason, KamailioProcess? gateway = null, string? what = null)
    {
        using var nextHop = new SipPhone(SipPlaces.NextHop, NextHopPort);
        var calls = await SipCalls.RefusedAsync(gateway ?? Gateway, plan);
        Assert.Multiple(() =>
        {
            Assert.That(nextHop.Received.Select(message => message.Text), Is.Empty, what);
            Assert.That(calls.Answer.Status, Is.EqualTo(status), what);
            Assert.That(calls.Answer.Header("Reason"), Is.EqualTo(reason), what);
            Assert.That(calls.Answer.Header("Retry-After"), status == Unavailable ? Is.EqualTo("5") : Is.Null, what);
        });
    }
}
