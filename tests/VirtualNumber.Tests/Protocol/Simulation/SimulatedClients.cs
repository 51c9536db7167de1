using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>What platforms, couriers, gateways and the service's own loop ask for, drawn at random.</summary>
internal sealed class SimulatedClients(
    SimulatedWorld world, StepOracle oracle, Promises promises, Service.Seeded service, SeededRandom random)
{
    private const string Stranger = "tenant-9";

    private static readonly PhoneNumber s_mobile = PhoneNumber.FromCanonical("86:13912345678");

    private static readonly DeliveryStatus[] s_statuses = [.. Enum.GetValues<DeliveryStatus>().Skip(1)];

    private readonly Refusals _refusals = new(oracle, promises);

    private int _created;

    private static CancellationToken None => CancellationToken.None;

    internal (string Name, Func<LeaseVerbs, InFlight, Task> Verb) Next() => random.Next(20) switch
    {
        < 6 => ("create", Create()),
        < 8 => ("extend", Extend()),
        < 10 => ("reassign", Reassign()),
        < 12 => ("release", Release()),
        < 15 => ("report", Report()),
        < 17 => ("resolve", Resolve()),
        17 => ("get", Get()),
        18 => ("list", List()),
        _ => ("reclaim", (_, _) => Task.CompletedTask),
    };

    internal async Task ReclaimAsync(CuttingPool pool, TimeProvider clock)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(clock.GetUtcNow().ToUnixTimeMilliseconds());
        var limit = 1 + random.Next(6);
        var answer = await pool.ReclaimAsync(limit, now, None);
        Unless(answer.Expired + answer.Removed <= limit, () => "Reclaim did more than it was allowed.");
    }

    private T Any<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];

    /// <summary>Parcels come and go: after so many requests there are others.</summary>
    private DeliveryKey Delivery() => DeliveryOf((_created / 90 * 3) + random.Next(6), random.Next(3) == 0 ? "tenant-2" : StoreTests.Tenant);

    private static DeliveryKey DeliveryOf(int parcel, string tenant) => VerbTests.DeliveryOf($"WB{parcel}", tenant);

    private DeliveryRole Role() => (DeliveryRole)(1 + random.Next(2));

    /// <summary>Few people; some of their numbers will join the stock later on.</summary>
    private PhoneNumber Number() => random.Next(30) == 0 ? s_mobile : StoreTests.RealNumber(random.Next(6) == 0 ? 100 + random.Next(3) : random.Next(6));

    private Lease? AnyLease()
    {
        var known = promises.Known;
        return known.Count == 0 ? null : known[^(1 + random.Next(Math.Min(known.Count, random.Next(4) == 0 ? 60 : 12)))];
    }

    private Func<LeaseVerbs, InFlight, Task> Create()
    {
        _created++;
        var asked = NewCommand();
        // Mostly the same ones for the same parcel, as above.
        var rules = SimulatedRules.Of(random.Next(8) == 0 ? random.Next(8) : asked.Delivery.WaybillNumber[^1] % 8);
        return async (verbs, verb) =>
        {
            var command = asked with { Rules = rules?.Kept(verbs, asked.Delivery.TenantId) ?? CallRules.None };
            oracle.Binding[verb] = record => promises.Bind(record, new Parties(command.RealNumber, command.PeerNumber, rules));
            var promised = promises.Promised(command);
            var answer = await verbs.CreateLeaseAsync(command, None);
            oracle.Count($"CreateLease {answer.Outcome}");
            promises.AfterCreate(verb, command, promised, answer);
        };
    }

    private CreateLeaseCommand NewCommand()
    {
        var parcel = (_created / 90 * 3) + random.Next(6);
        var delivery = DeliveryOf(parcel, random.Next(3) == 0 ? "tenant-2" : StoreTests.Tenant);
        var role = Role();
        var own = world.Pools.Where(pool => pool.TenantId == delivery.TenantId).ToList();
        // Mostly the same pool for the same parcel and the same person for the same role, so that requests agree more often than not.
        var pool = random.Next(5) == 0 ? Any(own) : own[parcel % own.Count];
        var request = random.Next(5) == 0 ? null : $"request-{random.Next(3)}";
        var expireTime = random.Next(8) == 0 ? world.Time.Now + TimeSpan.FromHours(random.Next(24 * 40) - 12) : (DateTimeOffset?)null;
        var number = random.Next(4) == 0 ? Number() : StoreTests.RealNumber((int)role);
        var command = new CreateLeaseCommand(delivery, role, random.Next(25) == 0 ? "nowhere" : pool.PoolId, number, request, expireTime)
        {
            Area = random.Next(8) == 0 ? Area() : null,
        };
        if (pool.Mode != PoolMode.Pair)
            return random.Next(40) == 0 ? command with { PeerNumber = Number() } : command;
        var peer = random.Next(8) switch { 0 => null, 1 => Number(), _ => StoreTests.RealNumber(3 + (parcel % 3)) };
        return command with
        {
            // Nobody is paired with himself: the rules of requests refuse that.
            PeerNumber = peer == number ? null : peer,
            Direction = (random.Next(8) == 0 ? random.Next(6) : parcel % 6) switch { 0 => CallDirection.FromHolder, 1 => CallDirection.ToHolder, _ => CallDirection.Unspecified },
        };
    }

    private AreaPreference Area() => random.Next(2) == 0
        ? new AreaPreference(AreaCode(), [], Strict: true)
        : new AreaPreference(AreaCode(), [AreaCode()], Strict: false);

    private string AreaCode() => Any(["110000", "310000", "440100"]);

    private Func<LeaseVerbs, InFlight, Task> Extend()
    {
        var (tenant, leaseId) = Named();
        var request = $"extend-{random.Next(5)}";
        var span = TimeSpan.FromDays(Any([7, 15, 30]));
        return async (verbs, _) => Answered("ExtendLease", await verbs.ExtendLeaseAsync(tenant, leaseId, request, span, None));
    }

    private Func<LeaseVerbs, InFlight, Task> Reassign()
    {
        var (tenant, leaseId) = Named();
        var isPair = promises.Known.Exists(lease => lease.LeaseId == leaseId && lease.Direction != CallDirection.Unspecified);
        var which = random.Next(isPair ? 4 : 30);
        var command = new ReassignLeaseCommand(
            tenant, leaseId, $"reassign-{random.Next(4)}", isPair && which < 2 ? null : Number(), which is 0 or 1 or 2 ? Number() : null,
            NewNumberIfBusy: isPair && random.Next(2) == 0);
        return async (verbs, verb) =>
        {
            oracle.Binding[verb] = record =>
            {
                // The lease itself, or the one in its place, which begins as this one was.
                var from = promises.Bound.GetValueOrDefault(promises.LeaseIdOf(record)) ?? promises.Bound[leaseId];
                promises.Bind(record, new Parties(command.RealNumber ?? from.Holder, command.PeerNumber ?? from.Peer, from.Rules));
            };
            var answer = await verbs.ReassignLeaseAsync(command, None);
            Answered("ReassignLease", answer);
            promises.AfterReassign(command, answer);
        };
    }

    private Func<LeaseVerbs, InFlight, Task> Release()
    {
        var (tenant, leaseId) = Named();
        return async (verbs, _) =>
        {
            var answer = await verbs.ReleaseLeaseAsync(tenant, leaseId, None);
            Answered("ReleaseLease", answer);
            Unless(answer.Lease is not { End: EndReason.None }, () => "A lease was released and is not over.");
        };
    }

    private Func<LeaseVerbs, InFlight, Task> Get()
    {
        var (tenant, leaseId) = Named();
        return async (verbs, _) =>
        {
            var answer = await verbs.GetLeaseAsync(tenant, leaseId, None);
            Answered("GetLease", answer);
            Promises.AfterGet(tenant, leaseId, answer);
        };
    }

    /// <summary>A known lease as a rule; else a damaged id, or another tenant's question.</summary>
    private (string TenantId, string LeaseId) Named() => (AnyLease(), random.Next(20)) switch
    {
        (null, _) or (_, 0) => (StoreTests.Tenant, "not-a-lease-id"),
        ({ } lease, 1) => (Stranger, lease.LeaseId),
        ({ } lease, _) => (lease.TenantId, lease.LeaseId),
    };

    private void Answered(string verb, LeaseAnswer answer)
    {
        oracle.Count($"{verb} {answer.Outcome}");
        var without = answer.Outcome is LeaseOutcome.LeaseIdInvalid or LeaseOutcome.LeaseUnknown
            or LeaseOutcome.RealNumberInPool or LeaseOutcome.PeerNumberInPool;
        Unless(answer.Lease is null == without, () => $"{answer.Outcome} with or without a lease.");
        Unless(answer.Lease is not { TenantId: Stranger }, () => "A stranger has a lease.");
    }

    private Func<LeaseVerbs, InFlight, Task> Report()
    {
        var delivery = Delivery();
        var status = random.Next(3) == 0 ? Any(s_statuses) : (DeliveryStatus)(1 + random.Next(8));
        // Now, a little ahead, late by days, or one of few fixed instants, so that events repeat and meet at one time.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(world.Time.Now.ToUnixTimeMilliseconds());
        var time = random.Next(6) switch
        {
            0 => now - TimeSpan.FromDays(random.Next(40)),
            1 => now + TimeSpan.FromMinutes(random.Next(10)),
            2 or 3 => new DateTimeOffset(now.Date, TimeSpan.Zero),
            _ => now,
        };
        var term = random.Next(3) == 0 ? TimeSpan.FromDays(random.Next(31)) : (TimeSpan?)null;
        return async (verbs, verb) =>
        {
            var answer = await verbs.ReportDeliveryStatusAsync(delivery, status, time, term, None);
            oracle.Count($"ReportDeliveryStatus {answer.Outcome}");
            oracle.Ledgers.Acknowledge(
                service.Index.Of("delivery", delivery.TenantId, delivery.Carrier, delivery.WaybillNumber), verb.DecidedNumber);
        };
    }

    private Func<LeaseVerbs, InFlight, Task> List()
    {
        var delivery = Delivery();
        return async (verbs, _) =>
        {
            var answer = await verbs.ListDeliveryLeasesAsync(delivery, None);
            Unless(answer.Leases.Select(lease => lease.Role).Distinct().Count() == answer.Leases.Count, () => "A role is listed twice.");
            Unless(answer.Leases.All(lease => lease.TenantId == delivery.TenantId), () => "Another tenant's lease is listed.");
        };
    }

    /// <summary>The last lease whose real number has joined the stock since.</summary>
    private Lease? LoopingLease() => promises.Known.LastOrDefault(
        lease => promises.Bound.TryGetValue(lease.LeaseId, out var bound) && oracle.Slots.IsStocked(bound.Holder));

    private Func<LeaseVerbs, InFlight, Task> Resolve()
    {
        var lease = random.Next(8) == 0 ? LoopingLease() ?? AnyLease() : AnyLease();
        var called = lease is not null && random.Next(12) > 0 ? lease.Number
            : random.Next(2) == 0 ? Any(oracle.Slots.NumbersOf(Any(world.Pools))) : Number();
        var digits = random.Next(lease?.Extension is null ? 12 : 4) switch
        {
            0 => Any(["0", "7", "12", "x"]),
            1 => null,
            _ => lease?.Extension,
        };
        var isPair = lease is { Direction: not CallDirection.Unspecified };
        var caller = random.Next(3) switch { 0 when !isPair || random.Next(8) == 0 => null, 0 or 1 => Number(), _ when isPair => Number(), _ => StoreTests.RealNumber(999) };
        var earlier = random.Next(24) switch { 0 => Any(oracle.Slots.NumbersOf(Any(world.Pools))), 1 => Number(), _ => null };
        var scope = random.Next(16) == 0 ? Scope() : null;
        var query = new CallQuery(called, digits, caller, earlier) { GatewayId = "gw", CallId = $"call-{random.Next(40)}", Kind = (CallKind)(1 + random.Next(2)), Scope = scope };
        return async (verbs, verb) =>
        {
            (Parties Parties, LeaseRecord Record)? found = null;
            var wasStocked = oracle.Slots.IsStocked(called);
            var (began, readAt) = (world.Time.GetTimestamp(), 0L);
            oracle.Binding[verb] = record => (found, readAt) = ((promises.Bound[promises.LeaseIdOf(record)], record), world.Time.GetTimestamp());
            ResolveAnswer answer;
            try
            {
                answer = await verbs.ResolveAsync(query, None);
            }
            catch (StoreUnavailableException fault) when (fault.Trouble == StoreTrouble.Silent)
            {
                Unless(world.Time.GetElapsedTime(began) > TimeSpan.FromSeconds(1), () => "A look-up gives up though it was not slow at each of four looks.");
                oracle.Count("Resolve too slow");
                return;
            }

            oracle.Count($"Resolve {answer.Outcome}");
            Unless(
                (answer.Outcome == ResolveOutcome.GatewayNotAllowed) == (answer.Pool is { } owner && scope?.Includes(called, owner) == false),
                () => "A gateway is refused a number that it has, or not refused one that it has not.");
            Unless(answer.Outcome != ResolveOutcome.ForwardedFromPool || (earlier is not null && oracle.Slots.IsStocked(earlier)), () => "A call is refused as forwarded that was not.");
            Unless(answer.RealNumber is not null == (answer.Outcome == ResolveOutcome.Connect), () => "A number without a connection.");
            Unless(
                answer.Outcome == ResolveOutcome.NotStocked || (oracle.Recorded.TryGetValue(verb, out var recorded) && IsOf(answer, recorded.Step, recorded.Outcome)),
                () => "The record of a call is not what was answered.");
            if (answer.Outcome != ResolveOutcome.Connect)
            {
                Unless(wasStocked ? _refusals.Holds(verb, query, answer, found) : answer.Outcome == ResolveOutcome.NotStocked, () => $"A call is refused as {answer.Outcome}, which is not so.");
                return;
            }

            // What it stood for at the very step, so if that was acknowledged before it, never one that was released or had another holder.
            var (parties, record) = found!.Value;
            Unless(answer.RealNumber == Refusals.Reached(parties, record, caller), () => "A call goes to a number that the lease does not stand for.");
            Unless(world.Time.GetElapsedTime(readAt) <= TimeSpan.FromMilliseconds(250), () => "A call goes by what was read long ago.");
            Unless(answer.RealNumber != caller, () => "A holder is connected to himself.");
            Unless(record.Extension == digits, () => "A call goes through by another extension.");
            Unless(_refusals.Pass(verb, answer.Pool!, parties, caller), () => "A call goes through that the rules of pool or lease refuse.");
            Unless(caller is not null || answer.Pool!.WithheldCallersAllowed, () => "A call goes through whose caller is withheld.");
            Unless(!oracle.Slots.WasStocked(answer.RealNumber!, oracle.Judged[verb].Stocked), () => "A call goes through to a virtual number.");
        };
    }

    /// <summary>Whether the record that a look-up has written last tells of its answer.</summary>
    private static bool IsOf(in ResolveAnswer answer, in CallStep step, RecordCallOutcome recorded) =>
        (recorded == RecordCallOutcome.TooFrequent ? (step.Outcome, answer.Outcome) == (ResolveOutcome.Connect, ResolveOutcome.TooFrequent) : step.Outcome == answer.Outcome)
        && (answer.LeaseId is null || step.Lease == new LeaseOfCall(answer.Slot, answer.LeaseTime));

    /// <summary>What a gateway has that has not everything.</summary>
    private NumberScope Scope() => random.Next(2) == 0
        ? new NumberScope([Any(oracle.Slots.NumbersOf(Any(world.Pools))).Canonical[..^random.Next(6)]], [])
        : new NumberScope([], [Any(world.Pools) is var pool ? $"{pool.TenantId}/{pool.PoolId}" : ""]);
}
