using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Whom a lease stands for.</summary>
/// <param name="Holder">Whose role the lease is for.</param>
/// <param name="Peer">The other one of a pair.</param>
/// <param name="Rules">What calls it was leased with; null: any.</param>
internal sealed record Parties(PhoneNumber Holder, PhoneNumber? Peer, SimulatedRules? Rules = null);

/// <summary>What clients were told, and what they may be told after that.</summary>
internal sealed class Promises(StepOracle oracle, SimulatedWorld world, LeaseIdCodec leaseIds)
{
    private readonly Dictionary<(DeliveryKey, DeliveryRole, string), (CreateLeaseCommand Command, string LeaseId)> _leases = [];
    private readonly Dictionary<(string LeaseId, string Request), string> _instead = [];
    private readonly Dictionary<string, HashSet<Parties>> _parties = [];

    /// <summary>The leases that clients know, latest last.</summary>
    internal List<Lease> Known { get; } = [];

    /// <summary>Whom a lease stands for, by the steps that bound it.</summary>
    internal Dictionary<string, Parties> Bound { get; } = [];

    internal HolderKey HolderOf(string tenantId, string leaseId) => leaseIds.TryDecode(leaseId, out var locator, out _)
        ? new HolderKey(tenantId, locator.Block, locator.Slot, DateTimeOffset.FromUnixTimeMilliseconds(locator.Epoch))
        : throw new InvariantBrokenException("A lease id that the service gave out does not decode.");

    internal string LeaseIdOf(LeaseRecord record) =>
        leaseIds.Encode(new LeaseLocator(record.Block, record.Slot, record.LeaseTime.ToUnixTimeMilliseconds()));

    /// <summary>The step happened, whether or not the client hears of it.</summary>
    internal void Bind(LeaseRecord record, Parties parties)
    {
        var leaseId = LeaseIdOf(record);
        Bound[leaseId] = parties;
        if (!_parties.TryGetValue(leaseId, out var known))
            _parties.Add(leaseId, known = []);
        known.Add(parties);
    }

    /// <summary>Whether a lease has ever stood for somebody.</summary>
    internal bool WasParty(string leaseId, PhoneNumber caller) => _parties[leaseId].Any(parties => caller == parties.Holder || caller == parties.Peer);

    /// <summary>The lease that this request was answered with before, if it was.</summary>
    internal string? Promised(CreateLeaseCommand command) =>
        command.RequestId is { } request && _leases.TryGetValue((command.Delivery, command.Role, request), out var promised)
            ? promised.LeaseId
            : null;

    /// <summary>A request is answered with the same lease as long as that lease lives or rests.</summary>
    /// <param name="verb">Who asked.</param>
    /// <param name="command">What was asked.</param>
    /// <param name="promisedBefore">What the request had been answered with when it was asked; later answers overlap with this one.</param>
    /// <param name="answer">What was answered.</param>
    internal void AfterCreate(InFlight verb, CreateLeaseCommand command, string? promisedBefore, CreateLeaseAnswer answer)
    {
        CheckShape(verb, command, answer);
        if (command.RequestId is not { } request)
            return;
        var key = (command.Delivery, command.Role, request);
        if (_leases.TryGetValue(key, out var promised) && Record(command.Delivery.TenantId, promised.LeaseId) is { } standing && oracle.Rests(standing))
        {
            Unless(
                answer.Outcome is not (CreateLeaseOutcome.Leased or CreateLeaseOutcome.LeaseEnded) || answer.Lease!.LeaseId == promised.LeaseId,
                () => "One request was answered with two leases.");
            if (promisedBefore == promised.LeaseId)
                CheckRepeat(command, answer, promised.Command, promised.LeaseId);
            return;
        }

        if (answer.Outcome is CreateLeaseOutcome.Leased or CreateLeaseOutcome.LeaseEnded)
            _leases[key] = (command, answer.Lease!.LeaseId);
    }

    /// <summary>A lease that was acknowledged is there until its rest is over, and the oracle knows when that is.</summary>
    internal static void AfterGet(string tenantId, string leaseId, LeaseAnswer answer)
    {
        if (answer.Outcome == LeaseOutcome.Done)
        {
            Unless(answer.Lease!.LeaseId == leaseId, () => "Another lease was answered.");
            Unless(answer.Lease.TenantId == tenantId, () => "Another tenant's lease was answered.");
        }
    }

    /// <summary>A request that got another number gets the same one again, as long as that lease lives or rests.</summary>
    internal void AfterReassign(ReassignLeaseCommand command, ReassignAnswer answer)
    {
        Unless(answer.NewNumber || answer.Lease is null || answer.Lease.LeaseId == command.LeaseId || answer.Outcome == LeaseOutcome.LeaseEnded, () => "Another lease was answered.");
        Unless(answer.Missed is not null == (answer.Outcome == LeaseOutcome.NoOtherNumber), () => $"{answer.Outcome} with or without a reason.");
        Unless(!answer.NewNumber || command.NewNumberIfBusy || _instead.ContainsKey((command.LeaseId, command.RequestId)), () => "Nobody asked for another number.");
        if (!answer.NewNumber)
            return;
        Unless(answer.Lease!.LeaseId != command.LeaseId, () => "The other number is the same lease.");
        Known.Add(answer.Lease);
        var key = (command.LeaseId, command.RequestId);
        Unless(
            !_instead.TryGetValue(key, out var before) || before == answer.Lease.LeaseId || Record(command.TenantId, before) is not { } standing || !oracle.Rests(standing),
            () => "One request got two other numbers.");
        _instead[key] = answer.Lease.LeaseId;
    }

    private LeaseRecord? Record(string tenantId, string leaseId) => oracle.Find(HolderOf(tenantId, leaseId));

    /// <summary>What is told first, whatever the request id stands for.</summary>
    private bool ComesFirst(CreateLeaseCommand command, CreateLeaseOutcome outcome) => outcome switch
    {
        CreateLeaseOutcome.PoolUnknown => command.PoolId == "nowhere",
        CreateLeaseOutcome.RealNumberInPool => oracle.Slots.IsStocked(command.RealNumber),
        CreateLeaseOutcome.PeerNumberInPool => command.PeerNumber is { } peer && oracle.Slots.IsStocked(peer),
        CreateLeaseOutcome.RealNumberKindNotAllowed => !SimulatedWorld.MayBind(command.RealNumber),
        CreateLeaseOutcome.PeerNumberKindNotAllowed => command.PeerNumber is { } bound && !SimulatedWorld.MayBind(bound),
        CreateLeaseOutcome.PoolNotPair => world.FindPool(command.Delivery.TenantId, command.PoolId) is { Mode: not PoolMode.Pair },
        _ => false,
    };

    private void CheckRepeat(CreateLeaseCommand command, CreateLeaseAnswer answer, CreateLeaseCommand first, string leaseId)
    {
        if (ComesFirst(command, answer.Outcome))
            return;
        if (command != first)
        {
            Unless(answer.Outcome == CreateLeaseOutcome.RequestIdReused, () => $"Other content under one request id: {answer.Outcome}.");
            return;
        }

        Unless(
            answer.Outcome is CreateLeaseOutcome.Leased or CreateLeaseOutcome.LeaseEnded && answer.Lease!.LeaseId == leaseId,
            () => $"A repeat was answered {answer.Outcome}{(answer.Lease?.LeaseId == leaseId ? "" : ", not with its lease")}.");
    }

    private void CheckShape(InFlight verb, CreateLeaseCommand command, CreateLeaseAnswer answer)
    {
        var hasLease = answer.Outcome is CreateLeaseOutcome.Leased or CreateLeaseOutcome.LeaseEnded or CreateLeaseOutcome.RoleTaken;
        Unless(answer.Lease is not null == hasLease, () => $"{answer.Outcome} with or without a lease.");
        Unless(answer.Refusal is not null == (answer.Outcome == CreateLeaseOutcome.QuotaExceeded), () => $"{answer.Outcome} with or without a quota.");
        CheckShortage(command, answer);
        Unless(answer.Outcome != CreateLeaseOutcome.Contended, () => "Too few verbs are on their way to overtake one eight times.");
        if (answer.Lease is not { } lease)
            return;

        Unless(lease.TenantId == command.Delivery.TenantId && lease.Role == command.Role, () => "A lease of somebody else was answered.");
        if (answer.Outcome == CreateLeaseOutcome.Leased)
        {
            Known.Add(lease);
            Unless(
                _parties[lease.LeaseId].Any(parties => parties.Holder == command.RealNumber && (command.PeerNumber is null || parties.Peer == command.PeerNumber)),
                () => "A lease was answered that never stood for these numbers.");
            // A claim that another request left behind is taken where that one wanted it.
            Unless(
                command.Area is not { Strict: true } area || lease.AreaCode == area.Code
                    || Record(lease.TenantId, lease.LeaseId) is not { } record || !verb.Claims.Contains(record.Claim),
                () => "A number of another area was leased.");
        }
    }

    private static void CheckShortage(CreateLeaseCommand command, CreateLeaseAnswer answer)
    {
        var isShort = answer.Outcome is CreateLeaseOutcome.PartySaturated or CreateLeaseOutcome.AreaEmpty
            or CreateLeaseOutcome.NumbersAging or CreateLeaseOutcome.PoolEmpty;
        Unless(answer.Shortage is not null == isShort, () => $"{answer.Outcome} with or without counts.");
        if (answer.Shortage is not { } shortage)
            return;

        var isSaturated = answer.Outcome == CreateLeaseOutcome.PartySaturated;
        Unless(isSaturated || shortage.Counts.Available == 0, () => "A pool is said to be empty that is not.");
        Unless(!isSaturated || shortage.HolderNumbers + shortage.PeerNumbers > 0, () => "The parties of a pair stand in each other's way on no number.");
        Unless(
            answer.Outcome != CreateLeaseOutcome.AreaEmpty || command.Area is { Strict: true }, () => "An area is said to be empty that nobody insisted on.");
        Unless(answer.Outcome != CreateLeaseOutcome.NumbersAging || shortage.Counts.Aging > 0, () => "Nothing ages.");
    }
}
