using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>Real calls through Kamailio with deploy/kamailio: who is reached, what is shown, and that neither side sees the other.</summary>
[TestFixture]
internal sealed class ConnectedCallTests : GatewayBed
{
    [Test]
    public async Task A_call_reaches_the_real_number_and_shows_the_virtual_one()
    {
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        var calls = await MakeAsync(Call("caller", caller, lease.VirtualNumber), "called");

        Assert.That(calls.Invite.FirstLine, Does.StartWith($"INVITE sip:+{holder}@"));
        Assert.That(calls.Invite.Header("From"), Does.StartWith($"<sip:+86{lease.VirtualNumber}@"));
        Assert.That(calls.Invite.Header("Call-ID"), Does.Match("^vnc[0-9a-f]{32}$"));
        Assert.That(calls.Answer.Status, Is.EqualTo(200));
        Assert.That(calls.Answer.Header("To"), Does.StartWith($"<sip:{lease.VirtualNumber}@"));
        calls.AssertNothingLeaks([caller], [holder]);
    }

    [Test]
    public async Task Only_allowed_header_fields_and_lines_of_SDP_pass()
    {
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        var calls = await MakeAsync(Call("caller", caller, lease.VirtualNumber), "called");

        string[] allowed = ["Via", "Max-Forwards", "CSeq", "Allow", "Supported", "Content-Type", "Content-Length", "From", "To", "Call-ID", "Contact"];
        var parts = calls.Invite.Text.ReplaceLineEndings("\n").Split("\n\n", 2);
        Assert.That(parts[0].Split('\n').Skip(1).Select(line => line.Split(':')[0]), Is.EquivalentTo(allowed));
        var lines = parts[1].Trim().Split('\n');
        Assert.That(lines[1], Does.Match("^o=- [0-9]+ 234567 IN IP4 0.0.0.0$"));
        // SIPp chooses its port for the voice.
        Assert.That(lines[5], Does.Match("^m=audio [0-9]+ RTP/AVP 8 101$"));
        Assert.That(lines.Where((_, i) => i is not (1 or 5)), Is.EqualTo(new[]
        {
            "v=0", "s=-", $"c=IN IP4 {SipPlaces.Callers}", "t=0 0", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv",
        }));
        Assert.That(calls.Invite.Header("Via"), Does.StartWith($"SIP/2.0/UDP {Gateway.EndPoint};"));
        Assert.That(calls.Invite.Header("Contact"), Does.Contain($"@{Gateway.EndPoint}"));
    }

    [Test]
    public async Task In_a_pair_each_reaches_the_other_and_sees_the_virtual_number()
    {
        var (one, other) = (NextHolder(), NextCaller());
        var lease = await Bed.LeaseAsync(SipBed.Pair, $"+{one}", $"+{other}");
        var there = await MakeAsync(Call("caller", other, lease.VirtualNumber), "called");
        var back = await MakeAsync(Call("caller", one, lease.VirtualNumber), "called");

        Assert.That(there.Invite.FirstLine, Does.StartWith($"INVITE sip:+{one}@"));
        Assert.That(back.Invite.FirstLine, Does.StartWith($"INVITE sip:+{other}@"));
        Assert.That(new[] { there, back }.Select(calls => calls.Invite.Header("From")), Has.All.StartsWith($"<sip:+86{lease.VirtualNumber}@"));
        there.AssertNothingLeaks([other], [one]);
        back.AssertNothingLeaks([one], [other]);
    }

    [Test]
    public async Task The_holder_calls_back_from_the_side_of_the_next_hop()
    {
        var (holder, peer) = (NextHolder(), NextCaller());
        var lease = await Bed.LeaseAsync(SipBed.Pair, $"+{holder}", $"+{peer}");
        var calls = await MakeAsync(Call("caller-talks", holder, lease.VirtualNumber) with { Address = SipPlaces.NextHop }, "called-listens");

        Assert.That(calls.Invite.FirstLine, Does.StartWith($"INVITE sip:+{peer}@"));
        calls.AssertNothingLeaks([holder], [peer]);
    }

    [TestCase(";ext=")]
    [TestCase(";postd=")]
    public async Task An_extension_comes_with_the_number(string parameter)
    {
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Extension, $"+{holder}");
        // SIPp parts the fields of a line at semicolons, so the scenario has the parameter.
        var plan = Call("caller", caller, lease.VirtualNumber, lease.Extension) with { Replace = ("INVITE sip:[field1]@", $"INVITE sip:[field1]{parameter}[field2]@") };
        var calls = await MakeAsync(plan, "called");

        Assert.That(calls.Invite.FirstLine, Does.StartWith($"INVITE sip:+{holder}@"));
        calls.AssertNothingLeaks([caller], [holder]);
    }

    [TestCase("")]
    [TestCase(";ext=")]
    public async Task An_extension_comes_after_484_as_a_second_dip_of_the_same_call(string parameter)
    {
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Extension, $"+{holder}");
        var before = Front.Asked.Count;
        var plan = Call("caller-overlap", caller, lease.VirtualNumber, lease.Extension) with { Replace = ("INVITE sip:[field1][field2]@", $"INVITE sip:[field1]{parameter}[field2]@") };
        var calls = await MakeAsync(plan, "called");

        Assert.That(calls.Answer.Status, Is.EqualTo(484));
        Assert.That(calls.Invite.FirstLine, Does.StartWith($"INVITE sip:+{holder}@"));
        var dips = Front.Asked.Skip(before).Where(asked => asked.Path == "/v1/calls:resolve").Select(asked => V1.ResolveRequest.Parser.ParseJson(asked.Body)).ToList();
        Assert.That(dips, Has.Count.EqualTo(2));
        Assert.That(dips[0].CallId, Is.EqualTo(dips[1].CallId));
        Assert.That(dips.Select(dip => dip.CollectedDigits), Is.EqualTo(new[] { "", lease.Extension }));
        calls.AssertNothingLeaks([caller], [holder]);
    }

    [Test]
    public async Task What_a_caller_writes_is_a_value_in_the_question_and_nothing_more()
    {
        var caller = NextCaller();
        var before = Front.Asked.Count;
        var plan = Refused(484, caller, "16210010000") with { Replace = ("INVITE sip:[field1]@", "INVITE sip:1%22,%22gatewayId%22%3A%22other@") };
        plan = plan with { Lines = [$"{caller};1"] };
        await using var calling = await SippRun.StartAsync(plan with { Target = Gateway.EndPoint });
        await calling.EndedAsync();

        var asked = V1.ResolveRequest.Parser.ParseJson(Front.Asked.Skip(before).Single(one => one.Path == "/v1/calls:resolve").Body);
        Assert.That(asked.GatewayId, Is.EqualTo(SipBed.Gateway));
        Assert.That(asked.CalledNumber, Is.EqualTo("1\",\"gatewayId\":\"other"));
        Assert.That(asked.CallId, Does.Match("^[0-9a-f]{32}$"));
        Assert.That(asked.CallerNumber, Is.EqualTo($"+{caller}"));
    }

    private Task<SipCalls> MakeAsync(SippPlan caller, string called) => SipCalls.MakeAsync(Gateway, NextHopPort, caller, called);
}
