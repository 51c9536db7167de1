using VirtualNumber.Leasing;
using VirtualNumber.Load.Chaos;
using VirtualNumber.Load.Chaos.Checking;

namespace VirtualNumber.Tests.Load;

/// <summary>Histories of chaos runs written by hand, call by call. Times are in milliseconds.</summary>
public abstract class HistoryTests
{
    private protected const string D = "C1";
    private protected const string Alice = "+9992000000001";
    private protected const string Bob = "+9992000000002";
    private protected const string Carol = "+9992000000003";
    private protected const int Aging = 14_000;

    private protected List<Call> Calls { get; } = [];

    private protected List<Trouble> Troubles { get; } = [];

    [SetUp]
    public void Begin()
    {
        Calls.Clear();
        Troubles.Clear();
    }

    private protected void Freeze(int start, int thaw, int whole) => Troubles.Add(new(Ticks(start), Ticks(whole), MayLose: false, new(Ticks(thaw), Ticks(thaw + 1))));

    private protected static long Ticks(int milliseconds) => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMilliseconds(milliseconds).UtcTicks;

    private protected void Create(
        int start, int end, string lease, string number, string holder, int expire, int epoch = 10, string delivery = D, string request = "c", string peer = "", int? asked = null) =>
        Add(new()
        {
            Verb = Verb.Create,
            Start = Ticks(start),
            Delivery = delivery,
            Role = DeliveryRole.Recipient,
            Request = request,
            Holder = holder,
            Peer = peer,
            Pair = peer.Length > 0,
            Ticks = Ticks(asked ?? expire),
            Seen = [Seen(lease, expire, default, 0) with { Number = number, Epoch = Ticks(epoch) }],
        }, end);

    private protected void Resolve(int start, int end, string lease, string number, string? connected, string caller = "+9993000000001") => Add(
        new()
        {
            Verb = Verb.Resolve,
            Start = Ticks(start),
            LeaseId = lease,
            Called = number,
            Caller = caller,
            Connected = connected ?? "",
            Seen = connected is null ? [] : [new(lease, default, number, Ticks(10), 0, default, 0)],
        }, end);

    private protected void Extend(int start, int end, string lease, string request, int by, int expire, int extensions) => Add(
        new()
        {
            Verb = Verb.Extend,
            Start = Ticks(start),
            LeaseId = lease,
            Request = request,
            Ticks = TimeSpan.FromMilliseconds(by).Ticks,
            Seen = [Seen(lease, expire, default, extensions)],
        }, end);

    private protected void Reassign(int start, int end, string lease, string request, string holder, int expire, int extensions = 0, string peer = "") => Add(
        new()
        {
            Verb = Verb.Reassign,
            Start = Ticks(start),
            LeaseId = lease,
            Request = request,
            Holder = holder,
            Peer = peer,
            Seen = [Seen(lease, expire, default, extensions)],
        }, end);

    private protected void Release(int start, int end, string lease, int at, int extensions = 0) => Add(
        new() { Verb = Verb.Release, Start = Ticks(start), LeaseId = lease, Seen = [Seen(lease, at, EndReason.Released, extensions)] }, end);

    private protected void Get(int start, int end, string lease, int expire, EndReason reason = default, int extensions = 0) => Add(
        new() { Verb = Verb.Get, Start = Ticks(start), LeaseId = lease, Seen = [Seen(lease, expire, reason, extensions)] }, end);

    private protected void Gone(int start, int end, string lease) => Add(
        new() { Verb = Verb.Get, Start = Ticks(start), LeaseId = lease, Outcome = CallEnd.Refused, Reason = "LEASE_UNKNOWN" }, end);

    private protected void Report(
        int start, int end, StatusEvent report, ReportOutcome outcome = ReportOutcome.Applied, StatusEvent? latest = null, (string Id, int Expire, int Extensions)? lease = null) =>
        Add(new()
        {
            Verb = Verb.Report,
            Start = Ticks(start),
            Delivery = D,
            Event = report,
            ReportOutcome = outcome,
            Latest = latest ?? report,
            Seen = lease is { } seen ? [Seen(seen.Id, seen.Expire, default, seen.Extensions)] : [],
        }, end);

    private protected static SeenLease Seen(string lease, int expire, EndReason end, int extensions) =>
        new(lease, DeliveryRole.Recipient, "N", Ticks(10), Ticks(expire), end, extensions);

    private protected void Unclear(Call call, int end)
    {
        (call.Outcome, call.Reason) = (CallEnd.Unclear, "Unavailable");
        Add(call, end);
    }

    private protected void Add(Call call, int end)
    {
        call.End = Ticks(end);
        Calls.Add(call);
    }

    private protected Verdict Check() => HistoryChecker.Check(new ChaosRules(), mayLose: true, Calls, Troubles);

    private protected Verdict Good()
    {
        var verdict = Check();
        Assert.That(verdict.Violations.Concat(verdict.Admitted).Select(breach => breach.Text), Is.Empty);
        return verdict;
    }

    private protected void Found(params BreachKind[] expected)
    {
        var verdict = Check();
        Assert.That(verdict.Violations.Select(breach => breach.Kind), Is.EqualTo(expected), string.Join(Environment.NewLine, verdict.Violations.Select(breach => breach.Text)));
        Assert.That(verdict.GivenUp, Is.Zero);
    }
}
