using System.Globalization;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>A call between two phones through a gateway, and what each side knows of it.</summary>
/// <param name="Gateway">The gateway.</param>
/// <param name="Caller">The caller's phone.</param>
/// <param name="Called">The phone where real numbers are reached.</param>
/// <param name="CallerNumber">The caller's number, without a plus.</param>
/// <param name="RealNumber">The called side's number, without a plus.</param>
internal sealed record PhoneCall(KamailioProcess Gateway, SipPhone Caller, SipPhone Called, string CallerNumber, string RealNumber)
{
    public const string Sdp = "v=0\no=- 1 1234567 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 8\na=rtpmap:8 PCMA/8000\n";

    /// <summary>The caller's Call-ID, which shows his number.</summary>
    public string CallId { get; init; } = $"{CallerNumber}-{Guid.NewGuid():N}";

    public string CallerTag { get; init; } = $"a{Guid.NewGuid():N}"[..12];

    public string CalledTag { get; init; } = $"b{Guid.NewGuid():N}"[..12];

    /// <summary>What the caller dials.</summary>
    public string Dialled { get; init; } = "16210010000";

    /// <summary>The user of the caller's Contact.</summary>
    public string CallerContact { get; init; } = $"+{CallerNumber}";

    /// <summary>The user of the called side's Contact.</summary>
    public string CalledContact { get; init; } = $"+{RealNumber}";

    /// <summary>The name that the caller shows.</summary>
    public string CallerName { get; init; } = $"Me {CallerNumber}";

    /// <summary>The INVITE as the called side received it.</summary>
    public SipMessage Invite { get; private set; } = null!;

    /// <summary>The answer as the caller received it.</summary>
    public SipMessage Answer { get; private set; } = null!;

    /// <summary>The Call-ID that the called side is shown.</summary>
    public string ShownId => Invite.Header("Call-ID")!;

    /// <summary>Where the caller sends requests within the call.</summary>
    public string CallerTarget => TargetOf(Answer);

    /// <summary>Where the called side sends requests within the call.</summary>
    public string CalledTarget => TargetOf(Invite);

    /// <summary>Sends the INVITE.</summary>
    public Task InviteAsync(string more = "", string body = Sdp) => Caller.SendAsync(Gateway, InviteText(more, body));

    /// <summary>The INVITE.</summary>
    public string InviteText(string more = "", string body = Sdp) => $"""
        INVITE sip:{Dialled}@{Gateway.EndPoint} SIP/2.0
        Via: {Caller.NewVia()}
        Max-Forwards: 70
        From: "{CallerName}" <sip:+{CallerNumber}@{Caller.Address}>;tag={CallerTag}
        To: <sip:{Dialled}@{Gateway.EndPoint}>
        Call-ID: {CallId}
        CSeq: 1 INVITE
        Contact: <sip:{CallerContact}@{Caller.Address}>
        {more}Content-Type: application/sdp
        Content-Length: {body.ReplaceLineEndings("\r\n").Length.ToString(CultureInfo.InvariantCulture)}

        {body}
        """;

    /// <summary>The same call, as the two sides have received it.</summary>
    public PhoneCall Taken(SipMessage invite, SipMessage answer) => this with { Invite = invite, Answer = answer };

    /// <summary>INVITE, 180, 200, ACK.</summary>
    public async Task<PhoneCall> ConnectAsync()
    {
        await RingAsync();
        await Called.SendAsync(Gateway, SipPhone.Answer(Invite, 200, CalledTag, $"Contact: <sip:{CalledContact}@{Called.Address}>", Sdp));
        Answer = await Caller.AnswerAsync("INVITE", 200);
        await Caller.SendAsync(Gateway, FromCaller("ACK", 1));
        await Called.RequestAsync("ACK");
        return this;
    }

    /// <summary>INVITE, 180.</summary>
    public async Task<PhoneCall> RingAsync()
    {
        await InviteAsync();
        Invite = await Called.NextAsync(message => message.Status == 0 && message.Method == "INVITE" && message.FirstLine.Contains(RealNumber, StringComparison.Ordinal));
        await Called.SendAsync(Gateway, SipPhone.Answer(Invite, 180, CalledTag, $"Contact: <sip:{CalledContact}@{Called.Address}>"));
        await Caller.AnswerAsync("INVITE", 180);
        return this;
    }

    /// <summary>A request within the call, from the caller.</summary>
    public string FromCaller(string method, int cseq, string? target = null, string more = "") => $"""
        {method} {target ?? CallerTarget} SIP/2.0
        Via: {Caller.NewVia()}
        Max-Forwards: 70
        From: "{CallerName}" <sip:+{CallerNumber}@{Caller.Address}>;tag={CallerTag}
        To: <sip:{Dialled}@{Gateway.EndPoint}>;tag={CalledTag}
        Call-ID: {CallId}
        CSeq: {cseq} {method}
        Contact: <sip:{CallerContact}@{Caller.Address}>
        {more}Content-Length: 0


        """;

    /// <summary>A request within the call, from the called side.</summary>
    public string FromCalled(string method, int cseq, string? target = null, string more = "") => $"""
        {method} {target ?? CalledTarget} SIP/2.0
        Via: {Called.NewVia()}
        Max-Forwards: 70
        From: <sip:+{RealNumber}@{Called.Address}>;tag={CalledTag}
        To: {Invite.Header("From")}
        Call-ID: {ShownId}
        CSeq: {cseq} {method}
        Contact: <sip:{CalledContact}@{Called.Address}>
        {more}Content-Length: 0


        """;

    /// <summary>Neither side has received the other's number, nor the called one the caller's Call-ID.</summary>
    public void AssertNothingLeaks()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Called.Received, Is.Not.Empty);
            Assert.That(Caller.Received, Is.Not.Empty);
            Assert.That(new LeakSearch([CallerNumber]).Find(Called.Received).Select(leak => leak.Message.Text), Is.Empty, "The caller's number has reached the called side.");
            Assert.That(Called.Received.Select(message => message.Text), Has.None.Contains(CallId), "The caller's Call-ID has reached the called side.");
            Assert.That(new LeakSearch([RealNumber]).Find(Caller.Received).Select(leak => leak.Message.Text), Is.Empty, "The called number has reached the caller.");
        });
    }

    private static string TargetOf(SipMessage message) => message.Header("Contact")!.Split('<')[1].Split('>')[0];
}
