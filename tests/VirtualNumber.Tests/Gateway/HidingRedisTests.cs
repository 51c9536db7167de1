using System.Globalization;
using VirtualNumber.Load;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>
/// The way of each side - Via, Contact, Record-Route, which topos keeps in a Redis of its own - is not shown to the other one: while all is well, and
/// when that Redis goes away or hangs in the middle of a call, at any point of it.
/// </summary>
[TestFixture]
internal sealed class HidingRedisTests : GatewayBed
{
    private const string One = "16210010000";

    private readonly string _holder = $"{Holders}930000";
    private DirectoryInfo _folder = null!;
    private ChildProcess _redis = null!;
    private HttpFront _service = null!;
    private KamailioProcess _gateway = null!;
    private SipPhone _caller = null!;
    private SipPhone _called = null!;
    private SipPhone _proxy = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        _folder = Directory.CreateTempSubdirectory("virtualnumber-hiding-");
        var (port, _) = ServiceProcess.FindFreePorts();
        _redis = ChildProcess.StartProgram(["redis-server", "--port", port.ToString(CultureInfo.InvariantCulture), "--save", "", "--appendonly", "no", "--dir", _folder.FullName], [], _folder.FullName);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!_redis.Output.Contains("Ready to accept connections", StringComparison.Ordinal))
            await timer.WaitForNextTickAsync(deadline.Token);
        (_gateway, _service) = await StartPlainAsync(new Dictionary<string, string> { [One] = _holder }, settings: new Dictionary<string, string>
        {
            ["VN_HIDING_REDIS"] = $"addr=127.0.0.1;port={port};db=0",
        });
        (_caller, _called, _proxy) = (new SipPhone(SipPlaces.Callers), new SipPhone(SipPlaces.NextHop, NextHopPort), new SipPhone(SipPlaces.NextHop));
    }

    [TearDown]
    public async Task CloseAsync()
    {
        _caller.Dispose();
        _called.Dispose();
        _proxy.Dispose();
        await _service.DisposeAsync();
        await _redis.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Test]
    public async Task The_way_of_each_side_stays_with_it()
    {
        var call = NewCall();
        await call.InviteAsync($"Record-Route: <sip:{_caller.Address};lr;x=callers>\n");
        var invite = await _called.RequestAsync("INVITE");
        Assert.That(invite.Header("Record-Route"), Is.Null);
        var way = $"Record-Route: <sip:{_called.Address};lr;x=holders>\nContact: <sip:+{_holder}@{_proxy.Address}>\n";
        foreach (var (status, body) in new[] { (180, ""), (183, PhoneCall.Sdp), (200, PhoneCall.Sdp) })
        {
            await _called.SendAsync(_gateway, SipPhone.Answer(invite, status, "b1", way, body));
            var told = await _caller.AnswerAsync("INVITE", status);
            Assert.That(told.Header("Record-Route"), Is.EqualTo($"<sip:{_caller.Address};lr;x=callers>"));
            Assert.That(told.Header("Contact"), Does.Match($"^<sip:[ab]tpsh-[-0-9a-f]+@{_gateway.EndPoint}>$"));
            call = call with { CalledTag = "b1" };
        }

        call = call.Taken(invite, _caller.Received.Last(message => message.Method == "INVITE" && message.Status == 200));
        foreach (var method in new[] { "ACK", "UPDATE", "INVITE", "INFO", "PRACK", "OPTIONS", "BYE" })
        {
            await _caller.SendAsync(_gateway, call.FromCaller(method, method == "ACK" ? 1 : 5, more: $"Supported: timer\n{(method == "PRACK" ? "RAck: 1 1 INVITE\n" : "")}"));
            var request = await _called.RequestAsync(method);
            Assert.That(request.Header("Route"), Is.EqualTo($"<sip:{_called.Address};lr;x=holders>"), method);
            Assert.That(request.FirstLine, Does.Contain($"{_proxy.Address}"), method);
            if (method == "ACK")
                continue;
            foreach (var status in method == "BYE" ? new[] { 200 } : [488])
            {
                await _called.SendAsync(_gateway, SipPhone.Answer(request, status, "", $"Contact: <sip:+{_holder}@{_proxy.Address}>\nAllow: INVITE, ACK\n"));
                await _caller.AnswerAsync(method, status);
            }
        }

        await AssertHiddenAsync(call);
    }

    [TestCase(false, "ringing")]
    [TestCase(true, "ringing")]
    [TestCase(false, "talking")]
    [TestCase(true, "talking")]
    public async Task When_that_Redis_is_gone_nothing_of_the_one_side_reaches_the_other(bool frozen, string state)
    {
        var call = NewCall();
        await (state == "ringing" ? call.RingAsync() : call.ConnectAsync());
        if (frozen)
            _redis.Signal(ChildProcess.SigStop);
        else
        {
            _redis.Kill();
            await _redis.WaitForExitAsync();
        }

        var way = $"Contact: <sip:+{_holder}@{_called.Address}>\nContact: <sip:{_proxy.Address}>\n";
        string[] ways = ["", way, $"Record-Route: <sip:{_proxy.Address};lr>\n", $"m: <sip:x@{_called.Address}>\n", $"Via: SIP/2.0/UDP {_proxy.Address};branch=z9hG4bKx\n"];
        if (state == "ringing")
        {
            foreach (var status in new[] { 183, 180, 200, 486 })
            {
                foreach (var more in ways)
                    await _called.SendAsync(_gateway, SipPhone.Answer(call.Invite, status, call.CalledTag, more));
                await _called.SendAsync(_gateway, WithoutWay(SipPhone.Answer(call.Invite, status, call.CalledTag, $"Record-Route: <sip:{_proxy.Address};lr>\n")));
            }
        }
        else
        {
            foreach (var method in new[] { "INFO", "INVITE", "UPDATE", "OPTIONS", "BYE" })
            {
                await _caller.SendAsync(_gateway, call.FromCaller(method, 5));
                await _called.SendAsync(_gateway, call.FromCalled(method, 6));
            }
        }

        if (frozen)
            await AnsweredAsync();
        await AssertHiddenAsync(call);
        if (frozen)
            _redis.Signal(ChildProcess.SigCont);
    }

    private PhoneCall NewCall() => new(_gateway, _caller, _called, NextCaller(), _holder) { Dialled = One };

    /// <summary>Waits for the gateway, which waits for the Redis with each message.</summary>
    private async Task AnsweredAsync()
    {
        for (var i = 0; ; i++)
        {
            try
            {
                await _called.PingAsync(_gateway);
                return;
            }
            catch (TimeoutException) when (i < 5)
            {
                // Still at it.
            }
        }
    }

    private async Task AssertHiddenAsync(PhoneCall call)
    {
        await _called.PingAsync(_gateway);
        await _caller.PingAsync(_gateway);
        call.AssertNothingLeaks();
        Assert.Multiple(() =>
        {
            Assert.That(LinesOf(_caller).Where(line => line.Contains(SipPlaces.NextHop, StringComparison.Ordinal)), Is.Empty, "The called side's address has reached the caller.");
            Assert.That(LinesOf(_called).Where(line => line.Contains(SipPlaces.Callers, StringComparison.Ordinal)), Is.Empty, "The caller's address has reached the called side.");
            Assert.That(_proxy.Received, Is.Empty);
        });
    }

    /// <summary>All lines but those that say where voice is to go.</summary>
    private static IEnumerable<string> LinesOf(SipPhone phone) => phone.Received.SelectMany(message => message.Text.Split('\n')).Where(line => !line.StartsWith("c=", StringComparison.Ordinal));

    private static string WithoutWay(string text)
    {
        var first = text.IndexOf("Record-Route:", StringComparison.Ordinal);
        var last = text.LastIndexOf("Record-Route:", StringComparison.Ordinal);
        return first == last ? text : text.Remove(first, text.IndexOf('\n', first) + 1 - first);
    }
}
