using System.Globalization;
using System.Text;
using VirtualNumber.Load.Bench;

namespace VirtualNumber.Load.Sip;

/// <summary>A round of one gateway.</summary>
/// <param name="PerSecond">Calls per second.</param>
/// <param name="Gateway">Processor time of the gateway's processes, milliseconds a call.</param>
/// <param name="Hiding">Of the Redis in which it keeps what it hides.</param>
/// <param name="Service">Of the service.</param>
/// <param name="Store">Of the service's Redis.</param>
internal sealed record SipRound(double PerSecond, double Gateway, double Hiding, double Service, double Store);

/// <summary>What came of it.</summary>
/// <param name="Plan">What was measured.</param>
/// <param name="Asking">The rounds through the gateway that asks the service.</param>
/// <param name="Looking">Those through the gateway that looks into Redis by itself.</param>
/// <param name="Connected">Good calls that went as they should beside hung look-ups.</param>
/// <param name="Failed">Good calls that did not.</param>
/// <param name="Refused">Calls with a hung look-up that were refused with 503.</param>
internal sealed record SipReport(SipPlan Plan, IReadOnlyList<SipRound> Asking, IReadOnlyList<SipRound> Looking, int Connected, int Failed, int Refused)
{
    private const double RatioTarget = 0.9;

    /// <summary>Of the calls per second of who looks into Redis by himself, the middle of the rounds' ratios.</summary>
    public double Ratio => ResultsFile.Median([.. Asking.Zip(Looking, (asking, looking) => asking.PerSecond / looking.PerSecond)], ratio => ratio);

    private bool AllConnect => Failed == 0 && Connected == Plan.Good * Plan.Seconds;

    public bool Passed => Ratio >= RatioTarget && AllConnect;

    public string Format()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Results of real SIP calls

            Made by `dotnet run -c Release --project tests/VirtualNumber.Load -- sip`, which writes everything down to the profile.

            Debian's Kamailio with `deploy/kamailio`, without reports, in whole calls: INVITE with many header fields and SDP, 180, 200, ACK, BYE, 200, both sides
            hidden from each other. SIPp, Kamailio, its Redis, the service and the service's Redis share the machine. {Plan.Rounds} rounds of {Plan.Calls:n0} calls,
            {SipPlan.CallsAtATime} at a time, the two gateways taking turns, after {SipPlan.LookUpsToWarmUp:n0} look-ups and a round of each for warming up. Median of the rounds (least – most).

            | gateway | calls/s | processor ms a call: gateway | its Redis | the service | its Redis |
            | --- | ---: | ---: | ---: | ---: | ---: |
            | asks the service by HTTP, the transaction suspended | {Row(Asking)} |
            | the same, but looks the number up in Redis by itself (ndb_redis, in the SIP process) | {Row(Looking)} |

            Target: at least {RatioTarget} of the calls per second of the look-up in Redis. Here: {Ratio:0.00} (median of the rounds' ratios), {(Ratio >= RatioTarget ? "met" : "missed")}.

            Beside {Plan.Hung} look-ups a second that are never answered (held back by a front that hands all others on to the service), {Plan.Good} good calls a second for
            {Plan.Seconds} s: {Connected:n0} of {Plan.Good * Plan.Seconds:n0} good calls connected and ended as they should, {Failed:n0} failed; {Refused:n0} of {Plan.Hung * Plan.Seconds:n0} others were refused with 503.
            Target: all good calls connect, {(AllConnect ? "met" : "missed")}.


            """);
        ResultsFile.AppendMachine(text);
        return text.ToString();
    }

    private static string Row(IReadOnlyList<SipRound> rounds)
    {
        double Median(Func<SipRound, double> figure) => ResultsFile.Median(rounds, figure);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Median(round => round.PerSecond):0} ({rounds.Min(round => round.PerSecond):0} – {rounds.Max(round => round.PerSecond):0}) | {Median(round => round.Gateway):0.00} | {Median(round => round.Hiding):0.00} | {Median(round => round.Service):0.00} | {Median(round => round.Store):0.00}");
    }
}
