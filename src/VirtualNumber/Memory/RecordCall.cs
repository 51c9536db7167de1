using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    private readonly CallRecords _calls = new();
    private readonly CallFrequencies _frequencies = new();

    /// <inheritdoc cref="INumberPool.RecordCallAsync"/>
    public RecordCallOutcome RecordCall(CallStep step, DateTimeOffset now)
    {
        lock (Gate)
        {
            var outcome = step.Frequency is { } frequency && !_frequencies.Count(frequency, step.Call, now) ? ResolveOutcome.TooFrequent : step.Outcome;
            var known = _calls.Find(step.Call);
            if (known is { Lease: { } before } && step.Lease is { } after && before != after)
            {
                _calls.Remove(known);
                known = null;
            }

            // A look-up that reaches no lease tells nothing of the call that did.
            if (known?.Lease is not null && step.Lease is null)
                return RecordCallOutcome.Recorded;
            _calls.Write(
                new CallRecord
                {
                    Call = step.Call,
                    StartTime = known?.StartTime ?? now,
                    DueTime = known?.DueTime ?? now + step.Keeping.Kept,
                    Outcome = outcome,
                    Lease = step.Lease,
                    Number = step.Called,
                    Source = step.Source,
                    Events = known?.Events ?? [],
                },
                step.Keeping.MostPerBlock);
            return outcome == ResolveOutcome.TooFrequent ? RecordCallOutcome.TooFrequent : RecordCallOutcome.Recorded;
        }
    }
}
