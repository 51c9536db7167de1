using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>Both sides of calls through a gateway: what each has received.</summary>
/// <param name="ToCaller">What reached the caller's side.</param>
/// <param name="ToCalled">What reached the called side.</param>
internal sealed record SipCalls(IReadOnlyList<SipMessage> ToCaller, IReadOnlyList<SipMessage> ToCalled)
{
    /// <summary>The first INVITE that reached the called side.</summary>
    public SipMessage Invite => ToCalled.First(message => message.Method == "INVITE" && message.Status == 0);

    /// <summary>The final answer that the caller had to his first INVITE.</summary>
    public SipMessage Answer => ToCaller.First(message => message.Method == "INVITE" && message.Status >= 200);

    /// <summary>Makes calls, of which one side is the other's counterpart.</summary>
    /// <param name="gateway">Through which.</param>
    /// <param name="nextHopPort">Where real numbers are reached.</param>
    /// <param name="caller">The caller's scenario and calls.</param>
    /// <param name="called">The called side's scenario.</param>
    public static async Task<SipCalls> MakeAsync(KamailioProcess gateway, int nextHopPort, SippPlan caller, string called) =>
        await MakeAsync(gateway, caller, new SippPlan(called, SipPlaces.NextHop, caller.Calls) { Port = nextHopPort });

    /// <summary>Makes calls, of which one side is the other's counterpart.</summary>
    public static async Task<SipCalls> MakeAsync(KamailioProcess gateway, SippPlan caller, SippPlan called)
    {
        await using var answering = await SippRun.StartAsync(called);
        await using var calling = await SippRun.StartAsync(caller with { Target = gateway.EndPoint });
        try
        {
            await calling.SucceededAsync();
            await answering.SucceededAsync();
        }
        catch (InvalidOperationException failure)
        {
            throw new InvalidOperationException(
                $"{failure.Message}{Environment.NewLine}{Flow("caller", calling)}{Environment.NewLine}{Flow("called", answering)}{Environment.NewLine}{gateway.Output}", failure);
        }

        return new(Received(calling), Received(answering));
    }

    /// <summary>Makes calls that are to reach nobody; answers what reached the caller.</summary>
    public static async Task<SipCalls> RefusedAsync(KamailioProcess gateway, SippPlan caller)
    {
        await using var calling = await SippRun.StartAsync(caller with { Target = gateway.EndPoint });
        try
        {
            await calling.SucceededAsync();
        }
        catch (InvalidOperationException failure)
        {
            throw new InvalidOperationException($"{failure.Message}{Environment.NewLine}{Flow("caller", calling)}{Environment.NewLine}{gateway.Output}", failure);
        }

        return new(Received(calling), []);
    }

    /// <summary>Nothing of the one side's number has reached the other.</summary>
    /// <param name="callers">Numbers of callers.</param>
    /// <param name="called">Real numbers that were called.</param>
    public void AssertNothingLeaks(IEnumerable<string> callers, IEnumerable<string> called)
    {
        Assert.That(ToCaller, Is.Not.Empty);
        Assert.That(ToCalled, Is.Not.Empty);
        Assert.Multiple(() =>
        {
            Assert.That(new LeakSearch(callers).Find(ToCalled).Select(Show), Is.Empty, "The caller's number has reached the called side.");
            Assert.That(new LeakSearch(called).Find(ToCaller).Select(Show), Is.Empty, "The called number has reached the caller.");
        });
    }

    private static string Show((SipMessage Message, string Line) leak) => $"{leak.Line} IN {leak.Message.Text}";

    private static IReadOnlyList<SipMessage> Received(SippRun run) => [.. run.Messages().Where(message => message.IsReceived)];

    private static string Flow(string side, SippRun run) =>
        string.Join(Environment.NewLine, run.Messages().Select(message => $"{side} {(message.IsReceived ? "<" : ">")} {message.FirstLine}"));
}
