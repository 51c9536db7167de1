using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <summary>What gateways said last of the numbers that were faulty once.</summary>
    private readonly Dictionary<uint, HealthReport> _health = [];

    /// <summary>When each number on probation is back.</summary>
    private readonly Dictionary<uint, DateTimeOffset> _returnTimes = [];

    private readonly SortedSet<(DateTimeOffset Time, uint Index)> _returns = [];

    /// <inheritdoc cref="INumberPool.ReportHealthAsync"/>
    public HealthAnswer Report(uint index, HealthStep step, DateTimeOffset now)
    {
        lock (Gate)
        {
            var known = _health.TryGetValue(index, out var last) ? last : default(HealthReport?);
            if (OutcomeOf(known, step) is { } outcome)
                return AnswerOf(index, outcome);

            if (step.Health == NumberHealth.Faulty)
            {
                _health[index] = new(NumberHealth.Faulty, step.EventTime, known?.Since ?? step.EventTime, step.Cause);
                SetReturn(index, null);
                if (GetState(index) == StockState.InStock)
                    SetState(index, StockState.Faulty);
            }
            else
            {
                // Well while well already: the probation goes on as it began.
                if (known!.Value.Health == NumberHealth.Faulty && GetState(index) == StockState.Faulty)
                    SetReturn(index, step.EventTime + step.Probation);
                _health[index] = new(NumberHealth.Well, step.EventTime, null, "");
            }

            LogStock(step.Health == NumberHealth.Faulty ? LogKind.Faulty : LogKind.Well, 1, now);
            return AnswerOf(index, HealthOutcome.Done);
        }
    }

    /// <summary>Its numbers that are faulty or on probation, by their places.</summary>
    public IReadOnlyList<(uint Index, FaultyNumber Number)> ListFaulty(DateTimeOffset now)
    {
        lock (Gate)
        {
            return
            [
                .. _health.Where(known => known.Value.Health == NumberHealth.Faulty || ReturnOf(known.Key) > now).OrderBy(known => known.Key)
                    .Select(known => (known.Key, new FaultyNumber(
                        Entry.NumberOf(known.Key * Pool.SlotsPerNumber()), known.Value.Since, known.Value.Cause, ReturnOf(known.Key)))),
            ];
        }
    }

    /// <summary>What is known already, in order of precedence; null: the report counts.</summary>
    private static HealthOutcome? OutcomeOf(HealthReport? known, HealthStep step) => known switch
    {
        null => step.Health == NumberHealth.Well ? HealthOutcome.Unchanged : null,
        { } last when step.EventTime < last.EventTime || (step.EventTime == last.EventTime && step.Health > last.Health) => HealthOutcome.Older,
        { } last when step.EventTime == last.EventTime && step.Health == last.Health => HealthOutcome.Repeated,
        _ => null,
    };

    private HealthAnswer AnswerOf(uint index, HealthOutcome outcome) => _health.TryGetValue(index, out var report)
        ? new(outcome, report.Health, report.EventTime, ReturnOf(index))
        : new(outcome);

    /// <summary>The record as those see it who look at leases.</summary>
    private LeaseRecord? Shown(LeaseRecord? record) =>
        record is not null && _health.TryGetValue(Entry.IndexOf(record.Slot), out var report) ? record with { FaultySince = report.Since } : record;

    /// <summary>An operator puts a number back: what was said until now does not count any more.</summary>
    private void ClearFault(uint index, DateTimeOffset now)
    {
        if (_health.TryGetValue(index, out var report) && report.Health == NumberHealth.Faulty)
            _health[index] = new(NumberHealth.Well, report.EventTime > now ? report.EventTime : now, null, "");
    }

    /// <summary>Puts numbers back whose probation is over, at most so many; answers how many.</summary>
    protected int Readmit(int limit, DateTimeOffset now)
    {
        var readmitted = 0;
        for (; readmitted < limit && _returns.Count > 0 && _returns.Min is var next && next.Time <= now; readmitted++)
        {
            SetReturn(next.Index, null);
            SetState(next.Index, StockState.InStock);
        }

        return readmitted;
    }

    /// <summary>The faulty numbers whose probation runs, and when each is back.</summary>
    protected IEnumerable<(DateTimeOffset Time, uint Index)> Returns => _returns;

    protected DateTimeOffset? ReturnOf(uint index) => _returnTimes.TryGetValue(index, out var time) ? time : null;

    /// <summary>The state by the clock alone: who is on probation is in stock once it is over, whether or not somebody has put it there.</summary>
    protected StockState StateOf(uint index, DateTimeOffset now) =>
        GetState(index) is var state && state == StockState.Faulty && ReturnOf(index) <= now ? StockState.InStock : state;

    protected abstract StockState GetState(uint index);

    protected abstract void SetState(uint index, StockState state);

    private void SetReturn(uint index, DateTimeOffset? time)
    {
        if (_returnTimes.Remove(index, out var before))
            _returns.Remove((before, index));
        if (time is not { } back)
            return;
        _returnTimes.Add(index, back);
        _returns.Add((back, index));
    }

    /// <param name="Health">What was said.</param>
    /// <param name="EventTime">Of when.</param>
    /// <param name="Since">When that began; null: it is well.</param>
    /// <param name="Cause">Why it is faulty.</param>
    private readonly record struct HealthReport(NumberHealth Health, DateTimeOffset EventTime, DateTimeOffset? Since, string Cause);
}
