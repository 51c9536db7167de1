using System.Globalization;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>
/// Many calls of callers and called who show their numbers wherever SIP lets them: neither number reaches the other side, and the search finds both
/// where hiding is switched off. VN_SIP_CALLS makes more of them.
/// </summary>
[TestFixture]
internal sealed class LeakTests : GatewayBed
{
    private const int Leases = 50;

    private static readonly int s_calls = int.Parse(Environment.GetEnvironmentVariable("VN_SIP_CALLS") ?? "200", CultureInfo.InvariantCulture);

    [Test]
    public async Task Neither_number_reaches_the_other_side_in_any_call()
    {
        var (plan, callers, holders) = await PlanAsync(s_calls);
        var calls = await SipCalls.MakeAsync(Gateway, NextHopPort, plan, "called");

        Assert.That(calls.ToCalled.Count(message => message.FirstLine.StartsWith("INVITE ", StringComparison.Ordinal)), Is.GreaterThanOrEqualTo(s_calls));
        Assert.That(calls.ToCaller.Count(message => message.Method == "BYE" && message.Status == 200), Is.GreaterThanOrEqualTo(s_calls));
        calls.AssertNothingLeaks(callers, holders);
        // The callers' addresses are hidden too: they stand where the voice is to go, and nowhere else.
        Assert.That(calls.ToCalled.SelectMany(message => message.Text.Split('\n')).Where(line => line.Contains(SipPlaces.Callers, StringComparison.Ordinal)), Has.All.StartsWith("c=IN IP4 "));
    }

    [Test]
    public async Task Without_hiding_the_search_finds_both()
    {
        var bare = await StartGatewayAsync(Front.Address, null, null, "WITHOUT_HIDING");
        var (plan, callers, holders) = await PlanAsync(20);
        var calls = await SipCalls.MakeAsync(bare, NextHopPort, plan, "called");

        var toCalled = new LeakSearch(callers).Find(calls.ToCalled).Select(leak => leak.Message).ToHashSet();
        var toCaller = new LeakSearch(holders).Find(calls.ToCaller).Select(leak => leak.Message).ToHashSet();
        Assert.That(toCalled, Has.Count.EqualTo(calls.ToCalled.Count), "Each message to the called side shows the caller.");
        Assert.That(calls.ToCaller.Where(message => message.Status == 200), Is.SubsetOf(toCaller), "Each final answer to the caller shows the called number.");
    }

    [TestCase("From: <sip:+8613712345678@example>")]
    [TestCase("From: <sip:13712345678@example>")]
    [TestCase("P-Asserted-Identity: <tel:+86-137-1234-5678>")]
    [TestCase("X-Number: (137) 1234 5678")]
    [TestCase("Contact: <sip:%2B86%31%33712345678@example>")]
    [TestCase("Call-ID: a137.1234.5678b")]
    [TestCase("o=008613712345678 1 1 IN IP4 127.0.0.1")]
    [TestCase("X-Number: １３７１２３４５６７８")]
    public void The_search_finds_a_number_in_any_written_form(string line)
    {
        var search = new LeakSearch(["8613712345678"]);
        Assert.That(search.FindLine($"INVITE sip:1@example SIP/2.0\r\n{line}\r\nCSeq: 1 INVITE\r\n"), Is.EqualTo($"{line}\r"));
        Assert.That(search.FindLine($"INVITE sip:1@example SIP/2.0\r\n{line.Replace('8', '9').Replace('８', '９')}\r\n"), Is.Null);
    }

    private async Task<(SippPlan Plan, IReadOnlyList<string> Callers, IReadOnlyList<string> Holders)> PlanAsync(int count)
    {
        List<string> lines = [], callers = [], holders = [], numbers = [];
        for (var i = 0; i < Math.Min(count, Leases); i++)
        {
            holders.Add(NextHolder());
            numbers.Add((await Bed.LeaseAsync(SipBed.Extension, $"+{holders[i]}")) is var lease ? $"{lease.VirtualNumber}-{lease.Extension}" : "");
        }

        for (var i = 0; i < count; i++)
        {
            callers.Add(NextCaller());
            lines.Add($"{callers[i]};{numbers[i % numbers.Count]}");
        }

        return (new SippPlan("caller", SipPlaces.Callers, count) { Lines = lines, Rate = 100, Patience = TimeSpan.FromSeconds(60 + (count / 20)) }, callers, holders);
    }
}
