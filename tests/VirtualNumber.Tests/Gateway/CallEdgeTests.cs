using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using VirtualNumber.Load;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>How long a call may last, how long it is remembered, how its records reach a service that is away, and what is done when too much is asked.</summary>
[TestFixture]
internal sealed class CallEdgeTests : GatewayBed
{
    private const string One = "16210010000";
    private const string Two = "16210010001";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(20);

    private readonly string _holder = $"{Holders}920000";
    private SipPhone _caller = null!;
    private SipPhone _called = null!;

    private Dictionary<string, string> Numbers => new() { [One] = _holder, [Two] = $"{Holders}920001" };

    [SetUp]
    public void Open() => (_caller, _called) = (new SipPhone(SipPlaces.Callers), new SipPhone(SipPlaces.NextHop));

    [TearDown]
    public void Close()
    {
        _caller.Dispose();
        _called.Dispose();
    }

    [TestCase("1s")]
    [TestCase("1.500s")]
    public async Task A_call_ends_after_the_duration_that_the_service_allows(string duration)
    {
        var (gateway, service) = await StartAsync(duration);
        await using var front = service;
        var call = await NewCall(gateway).ConnectAsync();
        var start = Stopwatch.GetTimestamp();
        // What goes on within the call does not begin its time anew.
        await _caller.SendAsync(gateway, call.FromCaller("INFO", 2));
        await _called.SendAsync(gateway, SipPhone.Answer(await _called.RequestAsync("INFO"), 200));
        await _caller.AnswerAsync("INFO", 200);

        var (toCaller, toCalled) = (await _caller.RequestAsync("BYE"), await _called.RequestAsync("BYE"));
        Assert.That(Stopwatch.GetElapsedTime(start), Is.GreaterThan(TimeSpan.FromSeconds(0.5)));
        await _caller.SendAsync(gateway, SipPhone.Answer(toCaller, 200));
        await _called.SendAsync(gateway, SipPhone.Answer(toCalled, 200));
        Assert.That(toCaller.Header("Call-ID"), Is.EqualTo(call.CallId));
        Assert.That(toCalled.Header("Call-ID"), Is.EqualTo(call.ShownId));
        Assert.That(toCaller.FirstLine, Does.Contain($"{_caller.Address}"));
        Assert.That(toCalled.FirstLine, Does.Contain($"{_called.Address}"));
        call.AssertNothingLeaks();
    }

    [TestCase("BYE")]
    [TestCase("486")]
    public async Task A_call_that_is_over_is_forgotten_soon(string end)
    {
        var (gateway, service) = await StartAsync(settings: new Dictionary<string, string> { ["VN_CALL_FORGOTTEN"] = "2" });
        await using var front = service;
        var call = NewCall(gateway);
        if (end == "BYE")
        {
            await call.ConnectAsync();
            await _caller.SendAsync(gateway, call.FromCaller("BYE", 2));
            await _called.SendAsync(gateway, SipPhone.Answer(await _called.RequestAsync("BYE"), 200));
            await _caller.AnswerAsync("BYE", 200);
        }
        else
        {
            await call.RingAsync();
            await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
            await _caller.AnswerAsync("INVITE", 486);
        }

        // As long as the call is known, another one of its names is refused; each of them does as if it were the first.
        await (call with { Dialled = Two, RealNumber = Numbers[Two] }).InviteAsync();
        await _caller.AnswerAsync("INVITE", 482);
        await IsForgottenAsync(call);
    }

    [Test]
    public async Task Who_tries_again_with_the_same_Call_ID_is_not_forgotten_with_the_first_try()
    {
        var (gateway, service) = await StartAsync(settings: new Dictionary<string, string> { ["VN_CALL_FORGOTTEN"] = "1" });
        await using var front = service;
        var call = await NewCall(gateway).RingAsync();
        var first = call.Invite;
        // The second try is under way before the first has failed.
        await call.InviteAsync();
        var second = await _called.NextAsync(message => message.Status == 0 && message.Method == "INVITE" && message.Header("Via") != first.Header("Via"));
        await _called.SendAsync(gateway, SipPhone.Answer(first, 486, call.CalledTag));
        await _caller.AnswerAsync("INVITE", 486);
        await OneIsForgottenAsync(gateway);
        await _called.SendAsync(gateway, SipPhone.Answer(second, 200, call.CalledTag, $"Contact: <sip:+{call.RealNumber}@{_called.Address}>", PhoneCall.Sdp));
        await _caller.AnswerAsync("INVITE", 200);
        call.AssertNothingLeaks();
    }

    [Test]
    public async Task A_second_try_that_fails_takes_nothing_from_the_call_that_stands()
    {
        var (gateway, service) = await StartAsync(settings: new Dictionary<string, string> { ["VN_CALL_FORGOTTEN"] = "1" });
        await using var front = service;
        var call = await NewCall(gateway).ConnectAsync();
        await call.InviteAsync();
        var second = await _called.NextAsync(message => message.Status == 0 && message.Method == "INVITE" && message.Header("Via") != call.Invite.Header("Via"));
        await _called.SendAsync(gateway, SipPhone.Answer(second, 486, "z"));
        await _caller.AnswerAsync("INVITE", 486);
        await OneIsForgottenAsync(gateway);
        await _caller.SendAsync(gateway, call.FromCaller("BYE", 2));
        await _called.SendAsync(gateway, SipPhone.Answer(await _called.RequestAsync("BYE"), 200));
        await _caller.AnswerAsync("BYE", 200);
        call.AssertNothingLeaks();
    }

    [Test]
    public async Task Who_tries_again_with_the_same_Call_ID_makes_another_call_at_the_service()
    {
        var (gateway, service) = await StartAsync();
        await using var front = service;
        var call = await NewCall(gateway).RingAsync();
        await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await _caller.AnswerAsync("INVITE", 486);
        await call.InviteAsync();
        await _called.NextAsync(message => message.Status == 0 && message.Method == "INVITE" && message.Header("Via") != call.Invite.Header("Via"));

        var asked = service.Asked.Where(one => one.Path == "/v1/calls:resolve").Select(one => V1.ResolveRequest.Parser.ParseJson(one.Body).CallId).ToList();
        Assert.That(asked, Has.Count.EqualTo(2));
        Assert.That(asked, Is.Unique, "what a caller chooses does not tell calls apart, so he evades no limit by it");
    }

    [Test]
    public async Task Digits_that_found_no_service_are_still_awaited_and_come_next_with_a_call_of_its_own()
    {
        var asked = new ConcurrentQueue<V1.ResolveRequest>();
        await using var front = await HttpFront.StartAsync(null, (path, body, _) =>
        {
            if (!path.EndsWith(":resolve", StringComparison.Ordinal))
                return Task.FromResult<FrontAnswer?>(new(200, "{}"));
            asked.Enqueue(V1.ResolveRequest.Parser.ParseJson(body));
            return Task.FromResult<FrontAnswer?>(asked.Count == 1 ? new(200, """{"action":"ROUTING_ACTION_COLLECT_DIGITS","digitCount":4}""") : new(500, "{}"));
        });
        var gateway = await StartGatewayAsync(front.Address, new Dictionary<string, string> { ["VN_SIP_WORKERS"] = "1" }, Peers);
        var call = NewCall(gateway);
        await call.InviteAsync();
        await _caller.AnswerAsync("INVITE", 484);
        var withDigits = call with { Dialled = $"{One}1234" };
        for (var i = 0; i < 2; i++)
        {
            await withDigits.InviteAsync();
            await _caller.AnswerAsync("INVITE", 503);
        }

        Assert.That(asked.Select(one => (one.CalledNumber, one.CollectedDigits)), Is.EqualTo(new[] { (One, ""), (One, "1234"), (One, "1234") }));
        var ids = asked.Select(one => one.CallId).ToList();
        Assert.That(ids[1], Is.EqualTo(ids[0]), "two dips of one call");
        Assert.That(ids[2], Is.Not.EqualTo(ids[0]));
    }

    [TestCase(";phone-context=+44", "")]
    [TestCase("", ";phone-context=+44")]
    [TestCase(";phone-context=+44", ";phone-context=+1")]
    [TestCase(";phone-context=+44", ";phone-context=+44")]
    public async Task Digits_go_on_with_a_number_that_holds_in_the_same_country(string first, string second)
    {
        var asked = new ConcurrentQueue<V1.ResolveRequest>();
        await using var front = await HttpFront.StartAsync(null, (path, body, _) =>
        {
            asked.Enqueue(V1.ResolveRequest.Parser.ParseJson(body));
            return Task.FromResult<FrontAnswer?>(asked.Count == 1 ? new(200, """{"action":"ROUTING_ACTION_COLLECT_DIGITS","digitCount":4}""") : new(500, "{}"));
        });
        var gateway = await StartGatewayAsync(front.Address, new Dictionary<string, string> { ["VN_SIP_WORKERS"] = "1" }, Peers, "WITHOUT_REPORTS");
        var call = NewCall(gateway);
        await (call with { Dialled = One + first }).InviteAsync();
        await _caller.AnswerAsync("INVITE", 484);
        await (call with { Dialled = $"{One}1234{second}" }).InviteAsync();
        await _caller.AnswerAsync("INVITE", 503);
        Assert.That(
            (asked.Last().CalledNumber, asked.Last().CollectedDigits),
            Is.EqualTo(first == second ? (One + first, "1234") : ($"{One}1234{second}", "")));
    }

    [Test]
    public async Task A_service_that_was_silent_once_is_asked_all_the_same_where_the_other_cannot_answer()
    {
        var questions = 0;
        await using var first = await HttpFront.StartAsync(null, (_, _, cancellation) => Interlocked.Increment(ref questions) == 1
            ? HttpFront.HoldAsync(cancellation)
            : Task.FromResult<FrontAnswer?>(new(200, $$"""{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+{{_holder}}","displayNumber":"+86{{One}}","leaseId":"{{One}}","epoch":"1700000000000"}""")));
        await using var standby = await HttpFront.StartAsync(null, (_, _, _) => Task.FromResult<FrontAnswer?>(new(503, "{}")));
        var gateway = await StartGatewayAsync(
            first.Address, new Dictionary<string, string> { ["VN_SIP_WORKERS"] = "1", ["VN_OTHER_SERVICE"] = standby.Address.ToString().TrimEnd('/') }, Peers, "WITHOUT_REPORTS");
        await NewCall(gateway).InviteAsync();
        await _caller.AnswerAsync("INVITE", 503);
        var call = await NewCall(gateway).RingAsync();
        await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await _caller.AnswerAsync("INVITE", 486);
        Assert.That((first.Asked.Count, standby.Asked.Count), Is.EqualTo((2, 2)));
    }

    [Test]
    public async Task A_BYE_to_a_place_that_is_no_peers_does_not_keep_the_other_side_from_being_told_at_the_longest()
    {
        var (gateway, service) = await StartAsync("2s");
        await using var front = service;
        using var elsewhere = new SipPhone(SipPlaces.Stranger);
        var call = NewCall(gateway);
        await _caller.SendAsync(gateway, call.InviteText().Replace($"Contact: <sip:{call.CallerContact}@{_caller.Address}>", $"Contact: <sip:x@{elsewhere.Address}>", StringComparison.Ordinal));
        var invite = await _called.RequestAsync("INVITE");
        await _called.SendAsync(gateway, SipPhone.Answer(invite, 200, call.CalledTag, $"Contact: <sip:+{call.RealNumber}@{_called.Address}>", PhoneCall.Sdp));
        call = call.Taken(invite, await _caller.AnswerAsync("INVITE", 200));
        await _caller.SendAsync(gateway, call.FromCaller("ACK", 1));
        await _called.RequestAsync("ACK");
        await _called.SendAsync(gateway, call.FromCalled("BYE", 2));
        await _called.AnswerAsync("BYE", 403);
        await _called.SendAsync(gateway, SipPhone.Answer(await _called.RequestAsync("BYE"), 200));
        await elsewhere.RequestAsync("BYE");
    }

    [Test]
    public async Task An_answer_that_is_repeated_when_its_call_is_forgotten_is_not_sent()
    {
        var (gateway, service) = await StartAsync(settings: new Dictionary<string, string> { ["VN_CALL_FORGOTTEN"] = "1" });
        await using var front = service;
        var call = await NewCall(gateway).RingAsync();
        await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await _caller.AnswerAsync("INVITE", 486);
        // The caller does not acknowledge it: so it is repeated, after 0.5, 1, 2 and 4 seconds.
        await LogSaysAsync(gateway, "a message was not sent");
        call.AssertNothingLeaks();
    }

    [Test]
    public async Task Records_arrive_when_a_service_that_was_away_is_back()
    {
        var away = Stopwatch.StartNew();
        var taken = new ConcurrentQueue<string>();
        await using var front = await HttpFront.StartAsync(null, (path, body, _) =>
        {
            if (!path.EndsWith(":reportEvents", StringComparison.Ordinal))
                return Task.FromResult<FrontAnswer?>(new(200, $$"""{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+{{_holder}}","displayNumber":"+86{{One}}","leaseId":"{{One}}","epoch":"1700000000000"}"""));
            if (away.Elapsed < TimeSpan.FromSeconds(4))
                return Task.FromResult<FrontAnswer?>(new(503, "{}"));
            taken.Enqueue(body);
            return Task.FromResult<FrontAnswer?>(new(200, "{}"));
        });
        var gateway = await StartGatewayAsync(front.Address, null, Peers);
        away.Restart();
        var call = await NewCall(gateway).RingAsync();
        await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await _caller.AnswerAsync("INVITE", 486);

        Assert.That(await KindsAsync(3, () => taken), Is.EquivalentTo(new[] { "CALLED_OUT", "RINGING", "RELEASED CALLED 17" }));
        // Not asked all the time meanwhile: each report about once a second.
        Assert.That(front.Asked.Count(asked => asked.Path.EndsWith(":reportEvents", StringComparison.Ordinal)), Is.LessThanOrEqualTo(3 * 8));
    }

    [Test]
    public async Task A_call_that_cannot_be_sent_is_reported_as_released()
    {
        // There is no socket for it.
        var (gateway, service) = await StartPlainAsync(Numbers, peers: [$"1 sip:{SipPlaces.Callers}:5060", $"2 sip:{SipPlaces.NextHop}:{_called.Address.Port};transport=sctp"]);
        await using var front = service;
        await NewCall(gateway).InviteAsync();
        var answer = await _caller.AnswerAsync("INVITE", 503);
        Assert.That(answer.Header("Reason"), Is.EqualTo("Q.850;cause=41"));
        Assert.That(await KindsAsync(2, () => front.Asked.Where(asked => asked.Path.EndsWith(":reportEvents", StringComparison.Ordinal)).Select(asked => asked.Body)), Is.EquivalentTo(new[] { "CALLED_OUT", "RELEASED GATEWAY 41" }));
        Assert.That(_called.Received, Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_second_service_is_asked_and_told_where_the_first_is_silent_and_calls_do_not_wait_each(bool hangs)
    {
        await using var silent = await HttpFront.StartAsync(null, (_, _, cancellation) => HttpFront.HoldAsync(cancellation));
        await using var other = await HttpFront.StartAsync(null, (path, _, _) => Task.FromResult<FrontAnswer?>(new(200, path.EndsWith(":reportEvents", StringComparison.Ordinal)
            ? "{}"
            : $$"""{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+{{_holder}}","displayNumber":"+86{{One}}","leaseId":"{{One}}","epoch":"1700000000000"}""")));
        var nobody = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ServiceProcess.FindFreePorts().Item1}"));
        var gateway = await StartGatewayAsync(
            hangs ? silent.Address : nobody, new Dictionary<string, string> { ["VN_SIP_WORKERS"] = "1", ["VN_OTHER_SERVICE"] = other.Address.ToString().TrimEnd('/') }, Peers);
        for (var i = 0; i < 3; i++)
        {
            var call = await NewCall(gateway).RingAsync();
            await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
            await _caller.AnswerAsync("INVITE", 486);
        }

        // The first call (and perhaps a report of it, which is of another process) waited for it; the others did not.
        Assert.That(silent.Asked.Count(asked => asked.Path.EndsWith(":resolve", StringComparison.Ordinal)), Is.EqualTo(hangs ? 1 : 0));
        Assert.That(await KindsAsync(3, () => other.Asked.Where(asked => asked.Path.EndsWith(":reportEvents", StringComparison.Ordinal)).Select(asked => asked.Body)), Is.EquivalentTo(new[] { "CALLED_OUT", "RINGING", "RELEASED CALLED 17" }));
    }

    [TestCase("Q.850;cause=38;text=\"x\"", 38)]
    [TestCase("SIP;cause=200, q.850 ; cause = 27", 27)]
    [TestCase("Q.850;cause=999", 16)]
    [TestCase("SIP;cause=200", 16)]
    public async Task The_cause_that_a_BYE_gives_is_reported(string reason, int cause)
    {
        var (gateway, service) = await StartAsync();
        await using var front = service;
        var call = await NewCall(gateway).ConnectAsync();
        await _called.SendAsync(gateway, call.FromCalled("BYE", 1, more: $"Reason: {reason}\n"));
        await _caller.SendAsync(gateway, SipPhone.Answer(await _caller.RequestAsync("BYE"), 200));
        await _called.AnswerAsync("BYE", 200);
        Assert.That(
            await KindsAsync(4, () => front.Asked.Where(asked => asked.Path.EndsWith(":reportEvents", StringComparison.Ordinal)).Select(asked => asked.Body)),
            Does.Contain($"RELEASED CALLED {cause.ToString(CultureInfo.InvariantCulture)}"));
    }

    [TestCase(486, 486, "Reason: Q.850;cause=19", 19)]
    [TestCase(486, 486, "", 17)]
    [TestCase(480, 480, "", 18)]
    [TestCase(603, 603, "Reason: SIP;cause=200", 21)]
    [TestCase(302, 480, "", 18)]
    public async Task The_cause_that_a_refusal_gives_is_reported_else_that_of_its_status(int status, int told, string reason, int cause)
    {
        var (gateway, service) = await StartAsync();
        await using var front = service;
        var call = await NewCall(gateway).RingAsync();
        await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, status, call.CalledTag, reason));
        await _caller.AnswerAsync("INVITE", told);
        Assert.That(
            await KindsAsync(3, () => front.Asked.Where(asked => asked.Path.EndsWith(":reportEvents", StringComparison.Ordinal)).Select(asked => asked.Body)),
            Does.Contain($"RELEASED CALLED {cause.ToString(CultureInfo.InvariantCulture)}"));
    }

    [Test]
    public async Task A_report_that_is_redirected_is_not_taken_for_one_that_arrived()
    {
        await using var front = await HttpFront.StartAsync(null, (path, _, _) => Task.FromResult<FrontAnswer?>(path.EndsWith(":reportEvents", StringComparison.Ordinal)
            ? new(302, "")
            : new(200, $$"""{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+{{_holder}}","displayNumber":"+86{{One}}","leaseId":"{{One}}","epoch":"1700000000000"}""")));
        var gateway = await StartGatewayAsync(front.Address, null, Peers);
        var call = await NewCall(gateway).RingAsync();
        await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await _caller.AnswerAsync("INVITE", 486);
        await LogSaysAsync(gateway, "the service refuses a report, HTTP status 302");
    }

    [TestCase("change-me")]
    [TestCase("0123456789abcdef0123456789abcde")]
    public async Task Without_a_secret_nobody_is_connected(string secret)
    {
        var (gateway, service) = await StartAsync(settings: new Dictionary<string, string> { ["VN_SECRET"] = secret });
        await using var front = service;
        await NewCall(gateway).InviteAsync();
        Assert.That((await _caller.AnswerAsync("INVITE", 503)).Header("Retry-After"), Is.EqualTo("5"));
        Assert.That(front.Asked, Is.Empty);
        await LogSaysAsync(gateway, "the secret in settings.cfg is not set");
    }

    [TestCase("", "")]
    [TestCase(" advertise 192.0.2.1:5060", "192.0.2.1")]
    [TestCase(" advertise 192.0.2.1:5072", "192.0.2.1:5072")]
    public async Task A_gateway_is_known_by_the_address_that_others_reach_it_by(string advertised, string shown)
    {
        // The port that SIP has by default is left out where it can be, so nothing may depend on its being written.
        var address = SipPlaces.FindFreeAddress(5060);
        var host = shown.Length == 0 ? address.ToString() : shown.Split(':')[0];
        var (gateway, service) = await StartAsync(settings: new Dictionary<string, string> { ["VN_LISTEN"] = $"udp:{address}:5060{advertised}", ["VN_HOST"] = host });
        await using var front = service;
        var call = await NewCall(gateway).ConnectAsync();
        await _called.SendAsync(gateway, call.FromCalled("INFO", 1));
        await _caller.SendAsync(gateway, SipPhone.Answer(await _caller.RequestAsync("INFO"), 200));
        await _called.AnswerAsync("INFO", 200);
        await _caller.SendAsync(gateway, call.FromCaller("BYE", 2));
        await _called.SendAsync(gateway, SipPhone.Answer(await _called.RequestAsync("BYE"), 200));
        await _caller.AnswerAsync("BYE", 200);
        Assert.That(call.CallerTarget, Does.EndWith($"@{(shown.Length == 0 ? host : shown)}"));
        Assert.That(call.CalledTarget, Does.EndWith($"@{(shown.Length == 0 ? host : shown)}"));
        call.AssertNothingLeaks();
    }

    [Test]
    public async Task With_another_address_than_its_own_nobody_is_connected()
    {
        var (gateway, service) = await StartAsync(settings: new Dictionary<string, string> { ["VN_HOST"] = "192.0.2.1", ["VN_NEXT_HOP_MILLISECONDS"] = "500" });
        await using var front = service;
        await NewCall(gateway).InviteAsync();
        await _caller.AnswerAsync("INVITE", 503);
        Assert.That(_called.Received, Is.Empty);
    }

    [Test]
    public async Task A_next_hop_that_does_not_answer_is_passed_over()
    {
        using var silent = new SipPhone(SipPlaces.NextHop);
        var (gateway, service) = await StartPlainAsync(
            Numbers, "60s", new Dictionary<string, string> { ["VN_NEXT_HOP_MILLISECONDS"] = "500" },
            [$"1 sip:{SipPlaces.Callers}:5060", $"2 sip:{silent.Address} 0 10", $"2 sip:{SipPlaces.NextHop}:{_called.Address.Port} 0 5"]);
        await using var front = service;
        var call = NewCall(gateway);
        await call.ConnectAsync();
        await _called.SendAsync(gateway, call.FromCalled("BYE", 1));
        await _caller.SendAsync(gateway, SipPhone.Answer(await _caller.RequestAsync("BYE"), 200));
        await _called.AnswerAsync("BYE", 200);
        Assert.That(silent.Received.Select(message => message.Method), Does.Contain("INVITE"));
        Assert.That(new LeakSearch([call.CallerNumber]).Find(silent.Received), Is.Empty);
        call.AssertNothingLeaks();
    }

    [Test]
    public async Task Questions_that_find_nobody_to_ask_them_are_refused_in_time_and_SIP_is_read_meanwhile()
    {
        // One process that asks, one that reads SIP, and a service that hangs: more calls than their queue has room for.
        const int calls = 30;
        await using var front = await HttpFront.StartAsync(null, (_, _, cancellation) => HttpFront.HoldAsync(cancellation));
        var gateway = await StartGatewayAsync(front.Address, new Dictionary<string, string> { ["VN_SIP_WORKERS"] = "1", ["VN_LOOK_UP_WORKERS"] = "1" }, Peers);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++)
            await NewCall(gateway).InviteAsync();
        await _called.PingAsync(gateway);
        var read = Stopwatch.GetElapsedTime(start);
        // A refusal that is not acknowledged is sent again after half a second.
        var told = new HashSet<string>();
        for (var i = 0; i < calls; i++)
            Assert.That((await _caller.NextAsync(message => message.Method == "INVITE" && message.Status == 503 && told.Add(message.Header("Call-ID")!))).Header("Retry-After"), Is.EqualTo("5"));
        var refused = Stopwatch.GetElapsedTime(start);

        Assert.Multiple(() =>
        {
            // A tenth of a second for each that found no room, at most.
            Assert.That(read, Is.LessThan(TimeSpan.FromSeconds(calls * 0.1 + 1)));
            Assert.That(refused, Is.LessThan(TimeSpan.FromSeconds(calls * 0.1 + 4)));
            // Who waited longer than a look-up may take was not asked about any more.
            Assert.That(front.Asked.Count, Is.LessThanOrEqualTo((int)refused.TotalSeconds + 1));
            Assert.That(front.Asked, Has.Count.InRange(1, 4));
        });
    }

    /// <summary>A gateway whose next hop is this test's alone: what a call of another one repeats does not come here.</summary>
    private Task<(KamailioProcess Gateway, HttpFront Service)> StartAsync(string duration = "60s", IReadOnlyDictionary<string, string>? settings = null) =>
        StartPlainAsync(Numbers, duration, settings, Peers);

    private IReadOnlyList<string> Peers => [$"1 sip:{SipPlaces.Callers}:5060", $"2 sip:{_called.Address}"];

    private PhoneCall NewCall(KamailioProcess gateway) => new(gateway, _caller, _called, NextCaller(), _holder) { Dialled = One };

    /// <summary>Waits until what is over by now is forgotten: a call that ends now is.</summary>
    private async Task OneIsForgottenAsync(KamailioProcess gateway)
    {
        var call = await NewCall(gateway).RingAsync();
        await _called.SendAsync(gateway, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await _caller.NextAsync(message => message.Status == 486 && message.Header("Call-ID") == call.CallId);
        await IsForgottenAsync(call);
    }

    /// <summary>Waits until the call's names may be another one's.</summary>
    private async Task IsForgottenAsync(PhoneCall call)
    {
        var other = call with { Dialled = Two, RealNumber = Numbers[Two] };
        using var deadline = new CancellationTokenSource(s_patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        do
        {
            await timer.WaitForNextTickAsync(deadline.Token);
            await other.InviteAsync();
            await _called.PingAsync(call.Gateway);
        }
        while (!_called.Received.Any(message => message.FirstLine.Contains(other.RealNumber, StringComparison.Ordinal)));
    }

    /// <summary>Waits until the gateway's log says it.</summary>
    private static async Task LogSaysAsync(KamailioProcess gateway, string text)
    {
        using var deadline = new CancellationTokenSource(s_patience);
        using var timer = new PeriodicTimer(s_lookEvery);
        while (!gateway.Output.Contains(text, StringComparison.Ordinal))
            await timer.WaitForNextTickAsync(deadline.Token);
    }

    /// <summary>What was reported, once it was so much.</summary>
    private static async Task<IReadOnlyList<string>> KindsAsync(int count, Func<IEnumerable<string>> reports)
    {
        using var deadline = new CancellationTokenSource(s_patience);
        using var timer = new PeriodicTimer(s_lookEvery);
        while (true)
        {
            var kinds = reports().SelectMany(Kinds).Distinct().ToList();
            if (kinds.Count >= count)
                return kinds;
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }

    private static List<string> Kinds(string body)
    {
        using var report = JsonDocument.Parse(body);
        return [.. report.RootElement.GetProperty("events").EnumerateArray().Select(one =>
        {
            var kind = one.GetProperty("kind").GetString()!["CALL_EVENT_KIND_".Length..];
            return kind == "RELEASED"
                ? string.Create(CultureInfo.InvariantCulture, $"{kind} {one.GetProperty("releasedBy").GetString()!["CALL_SIDE_".Length..]} {one.GetProperty("q850Cause").GetInt32()}")
                : kind;
        })];
    }
}
