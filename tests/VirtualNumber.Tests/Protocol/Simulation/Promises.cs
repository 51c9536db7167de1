using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>What clients were told, and what they may be told after that.</summary>
internal sealed class Promises(StepOracle oracle, LeaseIdCodec leaseIds)
{
    private readonly Dictionary<(DeliveryKey, DeliveryRole, string), (CreateLeaseCommand Command, string LeaseId)> _leases = [];
    private readonly Dictionary<string, HashSet<PhoneNumber>> _numbers = [];

    /// <summary>The leases that clients know, latest last.</summary>
    internal List<Lease> Known { get; } = [];

    /// <summary>Which real number a lease stands for, by the steps that bound it.</summary>
    internal Dictionary<string, PhoneNumber> Bound { get; } = [];

    internal HolderKey HolderOf(string tenantId, string leaseId) => leaseIds.TryDecode(leaseId, out var locator, out _)
        ? new HolderKey(tenantId, locator.Block, locator.Slot, DateTimeOffset.FromUnixTimeMilliseconds(locator.Epoch))
        : throw new InvariantBrokenException("A lease id that the service gave out does not decode.");

    internal string LeaseIdOf(LeaseRecord record) =>
        leaseIds.Encode(new LeaseLocator(record.Block, record.Slot, record.LeaseTime.ToUnixTimeMilliseconds()));

    /// <summary>The step happened, whether or not the client hears of it.</summary>
    internal void Bind(LeaseRecord record, PhoneNumber number)
    {
        var leaseId = LeaseIdOf(record);
        Bound[leaseId] = number;
        if (!_numbers.TryGetValue(leaseId, out var numbers))
            _numbers.Add(leaseId, numbers = []);
        numbers.Add(number);
    }

    /// <summary>The lease that this request was answered with before, if it was.</summary>
    internal string? Promised(CreateLeaseCommand command) =>
        command.RequestId is { } request && _leases.TryGetValue((command.Delivery, command.Role, request), out var promised)
            ? promised.LeaseId
            : null;

    /// <summary>A request is answered with the same lease as long as that lease lives or rests.</summary>
    /// <param name="command">What was asked.</param>
    /// <param name="promisedBefore">What the request had been answered with when it was asked; later answers overlap with this one.</param>
    /// <param name="answer">What was answered.</param>
    internal void AfterCreate(CreateLeaseCommand command, string? promisedBefore, CreateLeaseAnswer answer)
    {
        CheckShape(command, answer);
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

    private LeaseRecord? Record(string tenantId, string leaseId) => oracle.Find(HolderOf(tenantId, leaseId));

    private void CheckRepeat(CreateLeaseCommand command, CreateLeaseAnswer answer, CreateLeaseCommand first, string leaseId)
    {
        // These two come first, whatever the request id stands for.
        if (answer.Outcome == CreateLeaseOutcome.PoolUnknown && command.PoolId == "nowhere")
            return;
        if (answer.Outcome == CreateLeaseOutcome.RealNumberInPool && oracle.Slots.IsStocked(command.RealNumber))
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

    private void CheckShape(CreateLeaseCommand command, CreateLeaseAnswer answer)
    {
        var hasLease = answer.Outcome is CreateLeaseOutcome.Leased or CreateLeaseOutcome.LeaseEnded or CreateLeaseOutcome.RoleTaken;
        Unless(answer.Lease is not null == hasLease, () => $"{answer.Outcome} with or without a lease.");
        var isShort = answer.Outcome is CreateLeaseOutcome.NumbersAging or CreateLeaseOutcome.PoolEmpty;
        Unless(answer.Shortage is not null == isShort, () => $"{answer.Outcome} with or without counts.");
        Unless(answer.Shortage is not { Counts.Available: > 0 }, () => "A pool is said to be empty that is not.");
        Unless(answer.Outcome != CreateLeaseOutcome.Contended, () => "Too few verbs are on their way to overtake one eight times.");
        if (answer.Lease is not { } lease)
            return;

        Unless(lease.TenantId == command.Delivery.TenantId && lease.Role == command.Role, () => "A lease of somebody else was answered.");
        if (answer.Outcome == CreateLeaseOutcome.Leased)
        {
            Known.Add(lease);
            Unless(_numbers[lease.LeaseId].Contains(command.RealNumber), () => "A lease was answered that never stood for the number.");
        }
    }
}
