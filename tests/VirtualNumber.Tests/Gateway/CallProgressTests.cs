using System.Diagnostics;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>Requests within calls, from either side, through the gateway that hides them; and what is reported of calls.</summary>
[TestFixture]
internal sealed class CallProgressTests : GatewayBed
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(20);

    [Test]
    public async Task PRACK_re_INVITE_UPDATE_INFO_and_BYE_pass_from_the_caller()
    {
        var (calls, caller, holder, lease) = await MakeAsync("caller-talks", "called-listens");
        Assert.That(Requests(calls.ToCalled), Is.EqualTo(new[] { "INVITE", "PRACK", "ACK", "INVITE", "ACK", "UPDATE", "INFO", "BYE" }));
        calls.AssertNothingLeaks([caller], [holder]);
        Assert.That(await RecordedAsync(lease, 4), Is.EqualTo(new[] { "CALLED_OUT", "RINGING", "ANSWERED", "RELEASED CALLER 16" }));
    }

    [Test]
    public async Task Re_INVITE_UPDATE_INFO_and_BYE_pass_from_the_called_side()
    {
        var (calls, caller, holder, lease) = await MakeAsync("caller-stays", "called-talks");
        Assert.That(Requests(calls.ToCaller), Is.EqualTo(new[] { "INVITE", "ACK", "UPDATE", "INFO", "BYE" }));
        Assert.That(calls.ToCaller.Single(message => message.FirstLine.StartsWith("BYE ", StringComparison.Ordinal)).Header("Reason"), Is.EqualTo("Q.850;cause=16"));
        calls.AssertNothingLeaks([caller], [holder]);
        Assert.That(await RecordedAsync(lease, 4), Is.EqualTo(new[] { "CALLED_OUT", "RINGING", "ANSWERED", "RELEASED CALLED 16" }));
    }

    [Test]
    public async Task CANCEL_passes()
    {
        var (calls, caller, holder, lease) = await MakeAsync("caller-cancels", "called-rings");
        Assert.That(Requests(calls.ToCalled), Is.EqualTo(new[] { "INVITE", "CANCEL", "ACK" }));
        Assert.That(calls.Answer.Status, Is.EqualTo(487));
        calls.AssertNothingLeaks([caller], [holder]);
        Assert.That(await RecordedAsync(lease, 3), Is.EqualTo(new[] { "CALLED_OUT", "RINGING", "RELEASED CALLER 16" }));
    }

    [TestCase(486, 486)]
    [TestCase(480, 480)]
    [TestCase(603, 603)]
    // A redirect names the number to call instead.
    [TestCase(302, 480)]
    public async Task What_the_called_side_refuses_is_told_without_its_words(int status, int told)
    {
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        var calls = await SipCalls.MakeAsync(
            Gateway,
            Refused(told, caller, lease.VirtualNumber) with { Replace = ("""<recv response="404"/>""", $"""<recv response="180" optional="true"/><recv response="{told}"/>""") },
            new SippPlan("called-refuses", SipPlaces.NextHop, 1) { Port = NextHopPort, Replace = ("SIP/2.0 486", $"SIP/2.0 {status}") });

        Assert.That(calls.Answer.FirstLine, Is.EqualTo($"SIP/2.0 {told} Refused"));
        Assert.That(calls.Answer.Header("Reason"), Is.EqualTo("Q.850;cause=17"), "The cause that the called side gives passes.");
        calls.AssertNothingLeaks([caller], [holder]);
        // In whatever order: ringing and refusal may come within one millisecond, and times are kept in whole ones.
        Assert.That(await RecordedAsync(lease, 3), Is.EquivalentTo(new[] { "CALLED_OUT", "RINGING", "RELEASED CALLED 17" }));
    }

    [Test]
    public async Task A_call_ends_at_its_longest_and_both_sides_are_told()
    {
        var gateway = await StartGatewayAsync(Front.Address, new Dictionary<string, string>(InOrder) { ["VN_LONGEST_CALL"] = "1" });
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        var calls = await SipCalls.MakeAsync(gateway, NextHopPort, Call("caller-waits", caller, lease.VirtualNumber), "called");

        Assert.That(Requests(calls.ToCaller), Is.EqualTo(new[] { "BYE" }));
        Assert.That(Requests(calls.ToCalled), Is.EqualTo(new[] { "INVITE", "ACK", "BYE" }));
        calls.AssertNothingLeaks([caller], [holder]);
        Assert.That(await RecordedAsync(lease, 4), Is.EqualTo(new[] { "CALLED_OUT", "RINGING", "ANSWERED", "RELEASED GATEWAY 16" }));
    }

    [Test]
    public async Task A_call_lives_though_its_reports_are_refused()
    {
        await using var front = await HttpFront.StartAsync(Bed.Service.HttpAddress, (path, _, _) =>
            Task.FromResult<FrontAnswer?>(path.EndsWith(":reportEvents", StringComparison.Ordinal) ? new(404, "{}") : null));
        var gateway = await StartGatewayAsync(front.Address);
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        var calls = await SipCalls.MakeAsync(gateway, NextHopPort, Call("caller", caller, lease.VirtualNumber), "called");
        Assert.That(calls.Answer.Status, Is.EqualTo(200));
    }

    private static IEnumerable<string> Requests(IEnumerable<SipMessage> messages) => messages.Where(message => message.Status == 0).Select(message => message.Method);

    private async Task<(SipCalls Calls, string Caller, string Holder, V1.Lease Lease)> MakeAsync(string callerScenario, string calledScenario)
    {
        var (caller, holder) = (NextCaller(), NextHolder());
        var lease = await Bed.LeaseAsync(SipBed.Direct, $"+{holder}");
        return (await SipCalls.MakeAsync(Gateway, NextHopPort, Call(callerScenario, caller, lease.VirtualNumber), calledScenario), caller, holder, lease);
    }

    /// <summary>What the service has recorded of the lease's one call, in the order of the events' own times, once it has so many; what there is when patience ends.</summary>
    private async Task<IReadOnlyList<string>> RecordedAsync(V1.Lease lease, int count)
    {
        var waited = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(s_lookEvery);
        while (true)
        {
            var request = new V1.ListCallsRequest { TenantId = SipBed.Tenant, PoolId = SipBed.Direct, LeaseId = lease.LeaseId };
            var call = (await Bed.Ops.ListCallsAsync(request)).Calls.Single();
            Assert.That((call.GatewayId, call.Outcome), Is.EqualTo((SipBed.Gateway, V1.ResolveOutcome.Connect)));
            if (call.Events.Count >= count || waited.Elapsed > s_patience)
                return [.. call.Events.OrderBy(one => one.EventTime.ToDateTimeOffset()).Select(Describe)];
            await timer.WaitForNextTickAsync();
        }
    }

    private static string Describe(V1.CallEvent one) => one.Kind switch
    {
        V1.CallEventKind.CalledOut => "CALLED_OUT",
        V1.CallEventKind.Ringing => "RINGING",
        V1.CallEventKind.Answered => "ANSWERED",
        V1.CallEventKind.Released => $"RELEASED {one.ReleasedBy.ToString().ToUpperInvariant()} {one.Q850Cause}",
        _ => one.Kind.ToString(),
    };
}
