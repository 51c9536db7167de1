using VirtualNumber.Leasing;
using VirtualNumber.Load.Chaos.Bed;

namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>
/// One delivery: reports, one lease or two in one call, look-ups, whatever clients do to leases, often two things at once, and an end.
/// What was not answered is sent again with the same request id, mostly; sometimes its client gives up.
/// </summary>
internal sealed class Delivery(Caller caller, Dice random, int instances, Func<string> newPerson)
{
    private const int MostTries = 8;

    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan s_afterRefusal = TimeSpan.FromMilliseconds(250);

    private static readonly DeliveryStatus[] s_onTheWay =
    [
        DeliveryStatus.PickedUp, DeliveryStatus.InTransit, DeliveryStatus.InCustoms, DeliveryStatus.AtDestination,
        DeliveryStatus.OutForDelivery, DeliveryStatus.AttemptFailed, DeliveryStatus.AwaitingPickup, DeliveryStatus.Exception,
    ];

    private string _name = "";
    private StatusEvent _reported;
    private int _requests;

    private enum Step
    {
        Resolve,
        Get,
        List,
        Extend,
        Reassign,
        Report,
        RepeatCreate,
        OtherCreate,
    }

    /// <summary>From the first report to beyond the end; answers its leases.</summary>
    /// <param name="name">Its waybill number.</param>
    /// <param name="keep">Whether its lease shall last beyond the run.</param>
    public async Task<IReadOnlyList<Holding>> RunAsync(string name, bool keep)
    {
        _name = name;
        if (random.Next(5) == 0)
            await ReportAsync(new(Now(TimeSpan.Zero), random.Next(8) == 0 ? DeliveryStatus.Delivered : s_onTheWay[random.Next(3)]));
        var holdings = await LeaseAsync(keep);
        if (holdings.Count == 0)
        {
            await PauseAsync(s_afterRefusal);
            return [];
        }

        foreach (var holding in holdings)
            await LiveAsync(holding, keep);
        if (keep)
            return holdings;
        await EndAsync(holdings);
        foreach (var holding in holdings)
            await LookAtAsync(holding);
        if (random.Next(4) == 0)
            await AgainAsync(holdings[0]);
        return holdings;
    }

    /// <summary>What everybody may see of a lease.</summary>
    public async Task LookAtAsync(Holding holding)
    {
        _name = holding.Order.Delivery;
        await Task.WhenAll(ResolveAsync(holding), random.Next(2) == 0 ? GetAsync(holding) : caller.ListAsync(Anywhere(), _name));
        await ResolveAsync(holding);
    }

    private async Task<List<Holding>> LeaseAsync(bool keep)
    {
        var pool = random.Next(10) switch { < 4 => TestBed.DirectPool, < 7 => TestBed.ExtensionPool, _ => TestBed.PairPool };
        List<LeaseOrder> orders = [NewOrder(pool, DeliveryRole.Recipient, keep)];
        if (random.Next(5) == 0)
            orders.Add(NewOrder(pool, DeliveryRole.Sender, keep));
        var calls = orders.Count > 1 || random.Next(10) == 0
            ? await UntilClearAsync(instance => caller.CreateBatchAsync(instance, orders))
            : [await CreateAsync(orders[0])];
        return [.. orders.Zip(calls).Where(pair => pair.Second.Seen.Count > 0).Select(pair => HoldingOf(pair.First, pair.Second, keep))];
    }

    /// <summary>Now and then a client does not wait for one instance, and asks another one as well.</summary>
    private async Task<Call> CreateAsync(LeaseOrder order)
    {
        if (random.Next(8) != 0)
            return await UntilClearAsync(instance => caller.CreateAsync(instance, order));
        var first = Anywhere();
        var both = await Task.WhenAll(caller.CreateAsync(first, order), caller.CreateAsync(first + 1, order));
        return both.FirstOrDefault(call => call.Seen.Count > 0) ?? await UntilClearAsync(instance => caller.CreateAsync(instance, order));
    }

    private async Task LiveAsync(Holding holding, bool keep)
    {
        if (keep)
            await ExtendAsync(holding, ChaosRules.LongExtension);
        for (var steps = random.Next(3, 10); steps > 0; steps--)
        {
            var todo = Enumerable.Range(0, random.Next(3) == 0 ? 2 : 1).Select(_ => PlanStep(holding)).ToList();
            await Task.WhenAll(todo.Select(step => step()));
            await ResolveAsync(holding);
            await PauseAsync(s_longestPause * random.NextDouble());
        }
    }

    /// <summary>All choices are made here, before anything runs beside anything else.</summary>
    private Func<Task> PlanStep(Holding holding)
    {
        var step = random.Next(100) switch
        {
            < 36 => Step.Resolve,
            < 48 => Step.Get,
            < 58 => Step.List,
            < 66 => Step.Extend,
            < 76 => Step.Reassign,
            < 92 => Step.Report,
            < 97 => Step.RepeatCreate,
            _ => Step.OtherCreate,
        };
        return step switch
        {
            Step.Resolve => () => Task.WhenAll(ResolveAsync(holding), ResolveAsync(holding)),
            Step.Get => () => GetAsync(holding),
            Step.List => () => caller.ListAsync(Anywhere(), _name),
            Step.Extend => () => ExtendAsync(holding, ChaosRules.ShortExtension),
            Step.Reassign => () => ReassignAsync(holding),
            Step.Report => () => ReportAsync(NextEvent()),
            Step.RepeatCreate => () => caller.CreateAsync(Anywhere(), holding.Order),
            _ => () => caller.CreateAsync(Anywhere(), NewOrder(holding.Order.Pool, holding.Order.Role, keep: false)),
        };
    }

    private async Task EndAsync(List<Holding> holdings)
    {
        switch (random.Next(20))
        {
            case < 11:
                foreach (var holding in holdings)
                    await UntilClearAsync(instance => caller.ReleaseAsync(instance, holding.Lease.Id));
                break;
            case < 14:
                await ReportAsync(new(Now(TimeSpan.Zero), DeliveryStatus.Delivered));
                break;
            case < 17:
                await ReportAsync(new(Now(TimeSpan.Zero), DeliveryStatus.Cancelled));
                break;
            case < 18:
                await Task.WhenAll(ExtendAsync(holdings[0], ChaosRules.ShortExtension), caller.ReleaseAsync(Anywhere(), holdings[0].Lease.Id));
                break;
            default:
                // It runs out by itself.
                break;
        }
    }

    /// <summary>The request of a lease that is over, perhaps, and another lease for the same role.</summary>
    private async Task AgainAsync(Holding holding)
    {
        await caller.CreateAsync(Anywhere(), holding.Order);
        var order = NewOrder(holding.Order.Pool, holding.Order.Role, keep: false);
        var call = await UntilClearAsync(instance => caller.CreateAsync(instance, order));
        if (call.Seen.Count == 0)
            return;
        var next = HoldingOf(order, call, keep: false);
        await LookAtAsync(next);
        await UntilClearAsync(instance => caller.ReleaseAsync(instance, next.Lease.Id));
        await LookAtAsync(next);
    }

    private Task<Call> ResolveAsync(Holding holding)
    {
        var from = holding.IsPair ? random.Next(2) == 0 ? holding.Holder : holding.Peer : Persons.Outsider(random);
        return caller.ResolveAsync(Anywhere(), holding.Lease.Number, from, holding.Lease.Id, holding.IsPair);
    }

    private Task<Call> GetAsync(Holding holding) => caller.GetAsync(Anywhere(), holding.Lease.Id);

    private Task<Call> ExtendAsync(Holding holding, TimeSpan span)
    {
        var request = $"e{holding.Requests++}";
        return UntilClearAsync(instance => caller.ExtendAsync(instance, holding.Lease.Id, request, span));
    }

    private async Task ReassignAsync(Holding holding)
    {
        var request = $"r{holding.Requests++}";
        var (holder, peer) = !holding.IsPair ? (newPerson(), "") : random.Next(3) == 0 ? (Persons.Courier(random), "") : ("", newPerson());
        if (holder == holding.Holder)
            return;
        var call = await UntilClearAsync(instance => caller.ReassignAsync(instance, holding.Lease.Id, request, holder, peer));
        if (call.Outcome != CallEnd.Done)
            return;
        holding.Holder = holder.Length > 0 ? holder : holding.Holder;
        holding.Peer = peer.Length > 0 ? peer : holding.Peer;
    }

    private async Task ReportAsync(StatusEvent report)
    {
        _reported = report > _reported ? report : _reported;
        await UntilClearAsync(instance => caller.ReportAsync(instance, _name, report));
    }

    /// <summary>Newer mostly; older, repeated, or at the same time with another rank now and then.</summary>
    private StatusEvent NextEvent() => random.Next(10) switch
    {
        0 when _reported != default => _reported,
        1 when _reported != default => new(_reported.Time, s_onTheWay[random.Next(s_onTheWay.Length)]),
        2 => new(Now(TimeSpan.FromSeconds(-random.Next(1, 10))), s_onTheWay[random.Next(s_onTheWay.Length)]),
        _ => new(Now(TimeSpan.Zero), s_onTheWay[random.Next(s_onTheWay.Length)]),
    };

    private LeaseOrder NewOrder(string pool, DeliveryRole role, bool keep)
    {
        var isPair = pool == TestBed.PairPool;
        var person = newPerson();
        var life = TimeSpan.FromMilliseconds(keep ? 60_000 : random.Next(1_500, 6_000));
        return new(_name, role, $"c{_requests++}", pool, isPair ? Persons.Courier(random) : person, isPair ? person : "", Now(life));
    }

    private static Holding HoldingOf(LeaseOrder order, Call call, bool keep) =>
        new() { Order = order, Lease = call.Seen[0], Holder = order.Holder, Peer = order.Peer, Keep = keep };

    /// <summary>An instant from now, in whole milliseconds, as the service keeps them.</summary>
    private long Now(TimeSpan away)
    {
        var ticks = caller.Clock.Now + away.Ticks;
        return ticks - (ticks % TimeSpan.TicksPerMillisecond);
    }

    private int Anywhere() => random.Next(instances);

    private async Task<Call> UntilClearAsync(Func<int, Task<Call>> call) =>
        (await UntilClearAsync(async instance => (IReadOnlyList<Call>)[await call(instance)]))[0];

    /// <summary>The same again at another instance, after a pause that grows.</summary>
    private async Task<IReadOnlyList<Call>> UntilClearAsync(Func<int, Task<IReadOnlyList<Call>>> call)
    {
        for (var tries = 1; ; tries++)
        {
            var calls = await call(Anywhere());
            if (tries == MostTries || calls.All(one => one.Outcome != CallEnd.Unclear) || random.Next(15) == 0)
                return calls;
            await PauseAsync(TimeSpan.FromMilliseconds(Math.Min(1_000, 25 << tries)));
        }
    }

    private static Task PauseAsync(TimeSpan span) => Task.Delay(span, TimeProvider.System);
}
