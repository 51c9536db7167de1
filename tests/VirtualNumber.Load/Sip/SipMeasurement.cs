using System.Text;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Sip;

/// <summary>What is measured.</summary>
/// <param name="Rounds">Rounds of each gateway that count.</param>
/// <param name="Calls">Calls of a round.</param>
/// <param name="Good">Good calls a second beside hung look-ups.</param>
/// <param name="Hung">Hung look-ups a second.</param>
/// <param name="Seconds">How long.</param>
internal sealed record SipPlan(int Rounds, int Calls, int Good, int Hung, int Seconds)
{
    /// <summary>Calls at a time while it is measured how many a second there can be.</summary>
    public const int CallsAtATime = 200;

    /// <summary>More than any gateway takes: how fast calls begin is up to those that end.</summary>
    public const int AsManyAsEnd = 1_500;

    /// <summary>Look-ups before the first call.</summary>
    public const int LookUpsToWarmUp = 40_000;

    /// <summary>Numbers that are called, in turn.</summary>
    public const int Numbers = 100;
}

/// <summary>Makes the calls.</summary>
internal static class SipMeasurement
{
    private const string LookUpInRedis = "LOOK_UP_IN_REDIS";
    private const string WithoutReports = "WITHOUT_REPORTS";

    /// <summary>A number that hangs, since the front holds its look-ups back.</summary>
    private const string HungNumber = "16210019999";

    public static async Task<SipReport> RunAsync(SipPlan plan, CancellationToken cancellation)
    {
        await using var bed = await SipBed.StartAsync();
        var leases = new List<Lease>();
        for (var i = 0; i < SipPlan.Numbers; i++)
            leases.Add(await bed.LeaseAsync(SipBed.Direct, $"+8613900{i:000000}"));
        await bed.WriteNumbersAsync(leases.Select((lease, i) => (lease.VirtualNumber, $"+8613900{i:000000}")));
        var nextHop = SipPlaces.FindFreePort(SipPlaces.NextHop);

        await WarmUpAsync(bed, leases, cancellation);
        List<SipRound> asking = [], looking = [];
        await using (var asks = await bed.StartGatewayAsync(nextHop, defines: WithoutReports))
        await using (var looks = await bed.StartGatewayAsync(nextHop, null, null, null, WithoutReports, LookUpInRedis))
        {
            // The first round of each warms up; the two take turns at being first.
            for (var round = 0; round <= plan.Rounds; round++)
            {
                cancellation.ThrowIfCancellationRequested();
                var figures = new Dictionary<KamailioProcess, SipRound>();
                foreach (var gateway in round % 2 == 0 ? new[] { asks, looks } : [looks, asks])
                    figures[gateway] = await MeasureAsync(bed, gateway, nextHop, leases, plan.Calls, round);
                if (round == 0)
                    continue;
                asking.Add(figures[asks]);
                looking.Add(figures[looks]);
            }
        }

        var (connected, failed, refused) = await HangAsync(bed, nextHop, leases, plan);
        return new(plan, asking, looking, connected, failed, refused);
    }

    /// <summary>Look-ups until the service is compiled as it is after its first minutes: else that is measured, on the same two cores.</summary>
    private static async Task WarmUpAsync(SipBed bed, List<Lease> leases, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = bed.Service.HttpAddress };
        await Parallel.ForAsync(0, SipPlan.LookUpsToWarmUp, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellation }, async (i, given) =>
        {
            var question = $$"""{"gatewayId":"{{SipBed.Gateway}}","callId":"warm-{{i}}","calledNumber":"{{leases[i % leases.Count].VirtualNumber}}","callerNumber":"86138{{i:00000000}}"}""";
            using var body = new StringContent(question, Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync(new Uri("/v1/calls:resolve", UriKind.Relative), body, given);
            answer.EnsureSuccessStatusCode();
        });
    }

    private static async Task<SipRound> MeasureAsync(SipBed bed, KamailioProcess gateway, int nextHop, IReadOnlyList<Lease> leases, int calls, int round)
    {
        var (before, gatewayBefore) = (bed.ProcessorTimes, gateway.ProcessorTime);
        await using var answering = await SippRun.StartAsync(Answering(calls, nextHop));
        await using var calling = await SippRun.StartAsync(new SippPlan("caller", SipPlaces.Callers, calls)
        {
            Target = gateway.EndPoint,
            Rate = SipPlan.AsManyAsEnd,
            Limit = SipPlan.CallsAtATime,
            Lines = Lines(leases, calls, round),
            Trace = false,
            Patience = TimeSpan.FromMinutes(3),
        });
        await calling.SucceededAsync();
        await answering.SucceededAsync();
        var after = bed.ProcessorTimes;
        double PerCall(TimeSpan from, TimeSpan to) => (to - from).TotalMilliseconds / calls;
        return new(
            calling.Figures().PerSecond,
            PerCall(gatewayBefore, gateway.ProcessorTime),
            PerCall(before.Hiding, after.Hiding),
            PerCall(before.Service, after.Service),
            PerCall(before.Store, after.Store));
    }

    /// <summary>Good calls beside such whose look-up is never answered.</summary>
    private static async Task<(int Connected, int Failed, int Refused)> HangAsync(SipBed bed, int nextHop, IReadOnlyList<Lease> leases, SipPlan plan)
    {
        await using var front = await HttpFront.StartAsync(bed.Service.HttpAddress, (_, body, givenUp) =>
            body.Contains(HungNumber, StringComparison.Ordinal) ? HttpFront.HoldAsync(givenUp) : Task.FromResult<FrontAnswer?>(null));
        await using var gateway = await bed.StartGatewayAsync(nextHop, front.Address, defines: WithoutReports);
        var (good, hung) = (plan.Good * plan.Seconds, plan.Hung * plan.Seconds);
        await using var answering = await SippRun.StartAsync(Answering(good, nextHop));
        await using var hanging = await SippRun.StartAsync(new SippPlan("caller-refused", SipPlaces.Callers, hung)
        {
            Target = gateway.EndPoint,
            Rate = plan.Hung,
            Replace = ("response=\"404\"", "response=\"503\""),
            Lines = [.. Enumerable.Range(0, hung).Select(i => $"8613799{i:000000};{HungNumber}")],
            Trace = false,
        });
        await using var calling = await SippRun.StartAsync(new SippPlan("caller", SipPlaces.Callers, good)
        {
            Target = gateway.EndPoint,
            Rate = plan.Good,
            Limit = good,
            Lines = Lines(leases, good, round: 90),
            Trace = false,
            Patience = TimeSpan.FromMinutes(2),
        });
        await calling.EndedAsync();
        await hanging.EndedAsync();
        var (connected, failed, _) = calling.Figures();
        return (connected, failed, hanging.Figures().Succeeded);
    }

    /// <summary>The called side. By UDP, and past busy processes of a gateway, an ACK may be overtaken by the BYE.</summary>
    private static SippPlan Answering(int calls, int port) => new("called", SipPlaces.NextHop, calls)
    {
        Port = port,
        Trace = false,
        Patience = TimeSpan.FromMinutes(3),
        Replace = ("request=\"ACK\"", "request=\"ACK\" optional=\"true\""),
    };

    /// <summary>Calls of as many callers: who calls too often is refused.</summary>
    private static IReadOnlyList<string> Lines(IReadOnlyList<Lease> leases, int calls, int round) =>
        [.. Enumerable.Range(0, calls).Select(i => $"86137{round:00}{i:000000};{leases[i % leases.Count].VirtualNumber}")];
}
