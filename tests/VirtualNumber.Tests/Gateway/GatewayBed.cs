using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>
/// What the tests of the gateway share: Redis, the service, and a gateway that asks it through a front which remembers what it is asked.
/// Nothing that a gateway writes into its log holds a number that was used; that is looked at when it stops.
/// </summary>
internal abstract class GatewayBed
{
    /// <summary>Numbers of callers begin so, and numbers that are called; none begins with both.</summary>
    protected const string Callers = "8613700";
    protected const string Holders = "8613900";

    private readonly List<KamailioProcess> _gateways = [];
    private int _numbers;

    protected SipBed Bed { get; private set; } = null!;

    protected HttpFront Front { get; private set; } = null!;

    /// <summary>
    /// One process reads SIP. Of several one may pass an UPDATE on before another the ACK that came ahead of it, and a scenario takes
    /// what comes in its order only.
    /// </summary>
    protected static IReadOnlyDictionary<string, string> InOrder { get; } = new Dictionary<string, string> { ["VN_SIP_WORKERS"] = "1" };

    /// <summary>The usual gateway, which asks the service through <see cref="Front"/>; messages leave it in the order in which they come.</summary>
    protected KamailioProcess Gateway { get; private set; } = null!;

    /// <summary>Where all gateways send calls to.</summary>
    protected int NextHopPort { get; } = SipPlaces.FindFreePort(SipPlaces.NextHop);

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Bed = await SipBed.StartAsync();
        Front = await HttpFront.StartAsync(Bed.Service.HttpAddress, (_, _, _) => Task.FromResult<FrontAnswer?>(null));
        Gateway = await StartGatewayAsync(Front.Address, InOrder);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        var logs = string.Concat(_gateways.Select(gateway => gateway.Output));
        foreach (var gateway in _gateways)
            await gateway.DisposeAsync();
        if (Front is not null)
            await Front.DisposeAsync();
        if (Bed is not null)
            await Bed.DisposeAsync();
        var used = Enumerable.Range(0, _numbers + 1).SelectMany(i => new[] { $"{Callers}{i:000000}", $"{Holders}{i:000000}" });
        Assert.That(new LeakSearch(used).FindLine(logs), Is.Null, "A gateway's log holds a number.");
    }

    /// <summary>Another gateway.</summary>
    protected async Task<KamailioProcess> StartGatewayAsync(
        Uri? service = null, IReadOnlyDictionary<string, string>? settings = null, IReadOnlyList<string>? peers = null, params IReadOnlyList<string> defines)
    {
        var gateway = await Bed.StartGatewayAsync(NextHopPort, service, settings, peers, defines);
        _gateways.Add(gateway);
        return gateway;
    }

    /// <summary>
    /// A gateway with one process for SIP, before a service that connects each virtual number to the real one that stands for it there. What is sent to
    /// it is dealt with one after the other, so that a test can tell that something does not come.
    /// </summary>
    protected async Task<(KamailioProcess Gateway, HttpFront Service)> StartPlainAsync(
        IReadOnlyDictionary<string, string> numbers, string duration = "60s", IReadOnlyDictionary<string, string>? settings = null, IReadOnlyList<string>? peers = null)
    {
        var service = await HttpFront.StartAsync(null, (path, body, _) => Task.FromResult<FrontAnswer?>(new(200, path.EndsWith(":reportEvents", StringComparison.Ordinal)
            ? "{}"
            : Connect(numbers, V1.ResolveRequest.Parser.ParseJson(body).CalledNumber, duration))));
        var all = new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { ["VN_SIP_WORKERS"] = "1" };
        return (await StartGatewayAsync(service.Address, all, peers), service);
    }

    private static string Connect(IReadOnlyDictionary<string, string> numbers, string dialled, string duration) =>
        $$"""{"action":"ROUTING_ACTION_CONNECT","connectNumber":"+{{numbers[dialled]}}","displayNumber":"+86{{dialled}}","maximumDuration":"{{duration}}","leaseId":"{{dialled}}","epoch":"1700000000000"}""";

    /// <summary>A caller's number that nobody else uses, without a plus.</summary>
    protected string NextCaller() => $"{Callers}{Interlocked.Increment(ref _numbers):000000}";

    /// <summary>A number to be called, that nobody else uses, without a plus.</summary>
    protected string NextHolder() => $"{Holders}{Interlocked.Increment(ref _numbers):000000}";

    /// <summary>One call from the callers' side.</summary>
    protected static SippPlan Call(string scenario, string caller, string dialled, string more = "") =>
        new(scenario, SipPlaces.Callers, 1) { Lines = [$"{caller};{dialled};{more}"] };

    /// <summary>One call that must be refused with that status.</summary>
    protected static SippPlan Refused(int status, string caller, string dialled) =>
        Call("caller-refused", caller, dialled) with { Replace = ("response=\"404\"", $"response=\"{status}\"") };
}
