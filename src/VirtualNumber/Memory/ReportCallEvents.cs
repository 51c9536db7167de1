using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.ReportCallEventsAsync"/>
    public CallEventsAnswer ReportCallEvents(CallEventsStep step, DateTimeOffset now)
    {
        lock (Gate)
        {
            if (Entry.IndexOf(step.Lease.Slot) >= NumberCount || step.Scope?.Includes(Entry.NumberOf(step.Lease.Slot), Entry.Owner.Pool) == false)
                return new(CallEventsOutcome.LeaseUnknown);
            var known = _calls.Find(step.Call);
            if (known is { Lease: { } lease } && lease != step.Lease)
                return new(CallEventsOutcome.OtherLease);

            var events = known?.Events ?? [];
            foreach (var e in step.Events)
            {
                if (!events.Any(e.IsRepeatOf))
                    events = events.Add(e);
            }

            if (events.Length > CallEvent.MostPerCall)
                return new(CallEventsOutcome.TooMany);
            var record = known ?? new CallRecord
            {
                Call = step.Call,
                StartTime = now,
                DueTime = now + step.Keeping.Kept,
                Outcome = ResolveOutcome.Unspecified,
                Lease = step.Lease,
                Number = Entry.NumberOf(step.Lease.Slot),
                Source = step.Source,
                Events = [],
            };
            _calls.Write(record with { Lease = step.Lease, Events = CallRecord.InOrder(events) }, step.Keeping.MostPerBlock);
            return new(CallEventsOutcome.Added, events.Length - (known?.Events.Length ?? 0), events.Length);
        }
    }
}
