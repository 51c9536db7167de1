using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Cuts a store's steps off, before they happen or after, as a random draw says.</summary>
internal sealed class CuttingEvents(IEventStore inner, SeededRandom random, int oneIn) : IEventStore
{
    public bool IsWhole { get; set; }

    public IReadOnlyList<EventSource> FindSources(IReadOnlyDictionary<uint, EventPosition> forwarded, int others) => inner.FindSources(forwarded, others);

    public ValueTask<EventPosition> FindForwardedAsync(Digest stream, uint block, CancellationToken cancellation) =>
        CutAsync(() => inner.FindForwardedAsync(stream, block, cancellation));

    public ValueTask<BlockChanges> ReadChangesAsync(uint block, EventPosition after, int limit, CancellationToken cancellation) =>
        CutAsync(() => inner.ReadChangesAsync(block, after, 1 + random.Next(limit), cancellation));

    public ValueTask<EventPosition> AppendEventsAsync(AppendEventsStep step, DateTimeOffset now, CancellationToken cancellation) =>
        CutAsync(() => inner.AppendEventsAsync(step, now, cancellation));

    public ValueTask<EventPage> ReadEventsAsync(Digest stream, EventPosition? after, int limit, CancellationToken cancellation) =>
        CutAsync(() => inner.ReadEventsAsync(stream, after, 1 + random.Next(7), cancellation));

    private async ValueTask<T> CutAsync<T>(Func<ValueTask<T>> step)
    {
        if (IsCut())
            throw new StoreUnavailableException("Cut off before it happened.");
        var answer = await step();
        return IsCut() ? throw new StoreUnavailableException("Cut off after it happened.") : answer;
    }

    private bool IsCut() => !IsWhole && random.Next(oneIn) == 0;
}
