using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// What a fault of a number promises, written down a second time, from what was reported and restored alone: it is leased to nobody until its
/// probation is over by some clock, or an operator has put it back.
/// </summary>
internal sealed class FaultRules
{
    /// <summary>When each number is back; null: it is faulty.</summary>
    private readonly Dictionary<PhoneNumber, DateTimeOffset?> _faulty = [];

    private DateTimeOffset _latest;

    /// <summary>Whoever has a faster clock may have put back what is on probation by a slower one.</summary>
    internal void At(DateTimeOffset now) => _latest = now > _latest ? now : _latest;

    internal void AfterReport(HealthStep step, HealthAnswer answer)
    {
        if (answer.Outcome != HealthOutcome.Done)
            return;
        if (step.Health == NumberHealth.Faulty)
            _faulty[step.Number] = null;
        else if (_faulty.TryGetValue(step.Number, out var back) && back is null)
            _faulty[step.Number] = step.EventTime + step.Probation;
    }

    internal void AfterRestore(IEnumerable<PhoneNumber> numbers)
    {
        foreach (var number in numbers)
            _faulty.Remove(number);
    }

    /// <summary>Tells whether a number was leased that had been on probation.</summary>
    internal bool AfterTake(LeaseRecord taken)
    {
        if (!_faulty.TryGetValue(taken.Number, out var back))
            return false;
        Unless(back <= _latest, () => back is null ? "A faulty number was leased." : $"A number was leased that is on probation until {back:O}.");
        return true;
    }
}
