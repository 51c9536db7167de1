using System.Globalization;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>What passes of the bodies, lines of SDP and causes that a side writes: what is of a known shape, and nothing that a telephone number fits into.</summary>
[TestFixture]
internal sealed class PassingShapeTests : TwoPhonesBed
{
    protected override IReadOnlyDictionary<string, string> Numbers { get; } = new Dictionary<string, string> { [One] = $"{Holders}940000" };

    [TestCase("a=rtpmap:101 telephone-event/8000")]
    [TestCase("a=rtpmap:96 opus/48000/2")]
    [TestCase("a=rtpmap:2 G726-32/8000")]
    [TestCase("a=rtpmap:98 AMR-WB/16000")]
    [TestCase("a=fmtp:101 0-15,66,70")]
    [TestCase("a=fmtp:100 192-194,200-202")]
    [TestCase("a=fmtp:63 111/111")]
    [TestCase("a=fmtp:99 96/96/96")]
    [TestCase("a=fmtp:97 octet-align=1;mode-set=0,1,2,3,4,5,6,7; mode-change-period=2")]
    [TestCase("a=fmtp:112 br=5.9-24.4;bw=nb-swb;dtx_on=1")]
    [TestCase("a=fmtp:96 minptime=10;useinbandfec=1;maxaveragebitrate=510000")]
    [TestCase("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 FEC_ORDER=FEC_SRTP UNENCRYPTED_SRTCP")]
    [TestCase("a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB")]
    [TestCase("a=T38FaxMaxBuffer:2000")]
    [TestCase("a=T38FaxUdpEC:t38UDPRedundancy")]
    [TestCase("c=IN IP6 2001:db8::7")]
    [TestCase("c=IN IP4 192.0.2.7")]
    [TestCase("b=TIAS:128000")]
    [TestCase("a=ptime:20 ", "a=ptime:20")]
    [TestCase("m=audio 4002 RTP/AVP 8 101 ", "m=audio 4002 RTP/AVP 8 101")]
    [TestCase("m=image 4002 udptl t38")]
    [TestCase("m=video 0 RTP/AVP 34")]
    // Of other kinds the line is left, and refused: the answer has one for each.
    [TestCase("m=text 4002 RTP/AVP 98", "m=text 0 RTP/AVP 0")]
    [TestCase("m=application 9 DTLS/SCTP 5000", "m=application 0 DTLS/SCTP 0")]
    [TestCase("m=audio 0 RTP/AVP *", "m=audio 0 RTP/AVP 0")]
    [TestCase("a=fmtp:98 profile-level-id=640028;max-rcmd-nalu-size=3456000;packetization-mode=1", "a=fmtp:98 profile-level-id=640028;packetization-mode=1")]
    [TestCase("a=fmtp:98 x=1;y=139-0012-3456;z=+86 139 0012", "a=fmtp:98 x=1")]
    [TestCase("a=fmtp:98 13900123456", "")]
    [TestCase("a=fmtp:98 y=139.0012_34 56", "")]
    [TestCase("a=rtpmap:96 13900123456/8000", "")]
    [TestCase("a=rtpmap:96 139-0012-3456/8000", "")]
    [TestCase("a=rtpmap:96 139001.23456/8000", "")]
    [TestCase("a=rtpmap:96 x/13900123456", "")]
    [TestCase("a=T38x:13900123456", "")]
    [TestCase("a=fingerprint:3900123456 AB", "")]
    [TestCase("a=fingerprint:sha-256 3900123456", "")]
    [TestCase("b=AS:3900123", "")]
    [TestCase("b=X:1", "")]
    [TestCase("c=IN IP4 139.00123456.1.1", "")]
    [TestCase("c=IN IP6 39001:23456::1", "")]
    [TestCase("c=IN IP4 13900123456.example", "")]
    [TestCase("a=x-number:1", "")]
    [TestCase("i=13900123456", "")]
    [TestCase("u=tel:13900123456", "")]
    [TestCase("e=x", "")]
    [TestCase("p=+86 139 0012 3456", "")]
    [TestCase("k=clear:13900123456", "")]
    public async Task A_line_of_SDP_passes_as_it_is_or_as_its_shape_allows(string line, string? passed = null)
    {
        var call = NewCall();
        await call.InviteAsync(body: $"{PhoneCall.Sdp}{line}\na=sendonly\n");
        var invite = await InviteOfAsync(call);
        var lines = invite.Text.Split("\r\n\r\n", 2)[1].Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        passed ??= line;
        Assert.That(lines, Has.Length.EqualTo(passed.Length == 0 ? 8 : 9));
        Assert.That(lines[^1], Is.EqualTo("a=sendonly"));
        if (passed.Length > 0)
            Assert.That(lines[^2], Is.EqualTo(passed));
        await EndAsync(call, invite);
    }

    [TestCase("7", "7")]
    [TestCase("123456789", "456789")]
    [TestCase("20001", "20001")]
    public async Task The_version_of_SDP_still_changes(string version, string passed)
    {
        var call = NewCall();
        await call.InviteAsync(body: PhoneCall.Sdp.Replace(" 1234567 ", $" {version} ", StringComparison.Ordinal));
        var invite = await Called.RequestAsync("INVITE");
        Assert.That(invite.Text, Does.Match($"\no=- [0-9]+ {passed} IN IP4 0.0.0.0\r\n"));
        await Called.SendAsync(Plain, SipPhone.Answer(invite, 486, "b"));
        await Caller.AnswerAsync("INVITE", 486);
    }

    [TestCase("application/dtmf-relay;x=8613712345678", "Signal=5\nDuration=160\n", "application/dtmf-relay")]
    [TestCase("Application/DTMF-Relay", "Signal=5\n", "application/dtmf-relay")]
    [TestCase("application/dtmf", "5", "application/dtmf")]
    public async Task Of_the_type_of_what_is_keyed_in_the_name_alone_passes(string type, string body, string passed)
    {
        var call = await NewCall().ConnectAsync();
        var text = call.FromCaller("INFO", 2, more: $"Content-Type: {type}\n");
        await Caller.SendAsync(Plain, text.Replace("Content-Length: 0", $"Content-Length: {body.ReplaceLineEndings("\r\n").Length.ToString(System.Globalization.CultureInfo.InvariantCulture)}", StringComparison.Ordinal).TrimEnd('\n') + "\n\n" + body);
        var request = await Called.RequestAsync("INFO");
        Assert.That(request.Header("Content-Type"), Is.EqualTo(passed));
        Assert.That(request.Text, Does.EndWith("\r\n\r\n" + body.ReplaceLineEndings("\r\n")));
        await Called.SendAsync(Plain, SipPhone.Answer(request, 200, more: "Content-Type: text/x-8613712345678"));
        Assert.That((await Caller.AnswerAsync("INFO", 200)).Header("Content-Type"), Is.Null);
    }

    [TestCase("text/plain")]
    [TestCase("application/isup")]
    [TestCase("application/x;y=z")]
    [TestCase("multipart/mixed;boundary=x")]
    [TestCase("")]
    public async Task A_call_ends_for_both_whatever_body_comes_with_it(string type)
    {
        var call = await NewCall().ConnectAsync();
        await Caller.SendAsync(Plain, WithBody(call.FromCaller("BYE", 2), type, call.CallerNumber));
        var bye = await Called.RequestAsync("BYE");
        Assert.That(bye.Text, Does.EndWith("\r\n\r\n"));
        Assert.That((bye.Header("Content-Type"), bye.Header("Content-Length")), Is.EqualTo((default(string), "0")));
        await Called.SendAsync(Plain, WithBody(SipPhone.Answer(bye, 200), type, call.RealNumber));
        Assert.That((await Caller.AnswerAsync("BYE", 200)).Header("Content-Length"), Is.EqualTo("0"));
        await AssertNothingLeaksAsync(call);
    }

    [TestCase("Content-Type: text/x\n")]
    [TestCase("c: text/x\n")]
    public async Task A_body_of_two_types_is_refused(string second)
    {
        const string body = $"--b\nContent-Type: application/sdp\n\n{PhoneCall.Sdp}\n--b--\n";
        var call = NewCall();
        await Caller.SendAsync(Plain, call.InviteText(second, body).Replace("application/sdp\nContent-Length", "multipart/mixed;boundary=b\nContent-Length", StringComparison.Ordinal));
        await Caller.AnswerAsync("INVITE", 400);
        await Caller.SendAsync(Plain, call.InviteText("", body).Replace("application/sdp\nContent-Length", "multipart/mixed;boundary=b\nContent-Length", StringComparison.Ordinal));
        var invite = await InviteOfAsync(call);
        Assert.That(invite.Header("Content-Type"), Is.EqualTo("application/sdp"));
        await Called.SendAsync(Plain, SipPhone.Answer(invite, 183, call.CalledTag, $"Contact: <sip:x@{Called.Address}>\n{second}", PhoneCall.Sdp));
        await EndAsync(call, invite);
        Assert.That(Caller.Received.Select(message => message.Status), Does.Not.Contain(183));
    }

    [TestCase("text/plain")]
    [TestCase("application/isup")]
    public async Task A_refusal_arrives_whatever_body_it_has(string type)
    {
        var call = await NewCall().RingAsync();
        await Called.SendAsync(Plain, WithBody(SipPhone.Answer(call.Invite, 486, call.CalledTag), type, call.RealNumber));
        var answer = await Caller.AnswerAsync("INVITE", 486);
        Assert.That((answer.Header("Content-Type"), answer.Header("Content-Length")), Is.EqualTo((default(string), "0")));
        await AssertNothingLeaksAsync(call);
    }

    [TestCase("INFO", "application/media_control+xml")]
    [TestCase("INFO", "text/plain")]
    [TestCase("UPDATE", "application/dtmf-relay")]
    [TestCase("INVITE", "text/plain")]
    public async Task A_request_that_is_about_a_body_of_another_kind_is_refused(string method, string type)
    {
        var call = NewCall();
        if (method == "INVITE")
            await Caller.SendAsync(Plain, call.InviteText().Replace("application/sdp", type, StringComparison.Ordinal));
        else
            await Caller.SendAsync(Plain, WithBody((call = await call.ConnectAsync()).FromCaller(method, 2), type, "x"));
        await Caller.AnswerAsync(method, 415);
        await Called.PingAsync(Plain);
        Assert.That(Called.Received.Where(message => message.Status == 0 && message.Header("CSeq") == $"2 {method}"), Is.Empty);
    }

    [TestCase("Q.850;cause=17;text=\"x\"", "Q.850;cause=17")]
    [TestCase("SIP;cause=486, q.850 ; cause = 27", "Q.850;cause=27")]
    [TestCase("Q.850;cause=16;text=\"x\", SIP;cause=487", "Q.850;cause=16")]
    [TestCase("Q.850;text=\"release cause=31 given, Q.850;cause=3\";cause=19", "Q.850;cause=19")]
    [TestCase("SIP;cause=200\nReason: Q.850;cause=17", "Q.850;cause=17")]
    [TestCase("Q.850;cause=1234", null)]
    [TestCase("Q.850;cause=128", null)]
    [TestCase("Q.850;cause=0", null)]
    [TestCase("SIP;cause=200;text=\"Q.850;cause=3\"", null)]
    public async Task Of_the_reasons_that_a_side_gives_the_cause_of_Q850_passes(string reason, string? passed)
    {
        var call = await NewCall().RingAsync();
        await Called.SendAsync(Plain, SipPhone.Answer(call.Invite, 486, call.CalledTag, $"Reason: {reason}"));
        Assert.That((await Caller.AnswerAsync("INVITE", 486)).Header("Reason"), Is.EqualTo(passed));
    }

    private static string WithBody(string text, string type, string body) => text.Replace(
        "Content-Length: 0\n\n",
        $"{(type.Length == 0 ? "" : $"Content-Type: {type}\n")}Content-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\n\n{body}",
        StringComparison.Ordinal);

    /// <summary>The INVITE of this call, not one that is repeated of an earlier one.</summary>
    private Task<SipMessage> InviteOfAsync(PhoneCall call) =>
        Called.NextAsync(message => message.Status == 0 && message.Method == "INVITE" && message.Header("From")!.EndsWith($";tag={call.CallerTag}", StringComparison.Ordinal));

    private async Task EndAsync(PhoneCall call, SipMessage invite)
    {
        await Called.SendAsync(Plain, SipPhone.Answer(invite, 486, call.CalledTag));
        await Caller.AnswerAsync("INVITE", 486);
    }
}
