using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Cuts a store's steps off, before they happen or after, as a random draw says.</summary>
internal sealed class CuttingEvents(IEventStore inner, SeededRandom random, int oneIn) : IEventStore
{
    private readonly Lock _gate = new();

    public bool IsWhole { get; set; }

    /// <summary>What happens behind each read of events; null: nothing.</summary>
    public Func<Task>? AfterRead { get; set; }

    public IReadOnlyList<EventSource> FindSources(IReadOnlyDictionary<uint, EventPosition> forwarded, double share) => inner.FindSources(forwarded, share);

    public ValueTask<EventPosition> FindForwardedAsync(Digest stream, uint block, CancellationToken cancellation) =>
        CutAsync(() => inner.FindForwardedAsync(stream, block, cancellation));

    public ValueTask<BlockChanges> ReadChangesAsync(uint block, EventPosition after, int limit, CancellationToken cancellation) =>
        CutAsync(() => inner.ReadChangesAsync(block, after, 1 + Next(limit), cancellation));

    public ValueTask<EventPosition> AppendEventsAsync(AppendEventsStep step, DateTimeOffset now, CancellationToken cancellation) =>
        CutAsync(() => inner.AppendEventsAsync(step, now, cancellation));

    public async ValueTask<EventPage> ReadEventsAsync(Digest stream, EventPosition? after, int limit, CancellationToken cancellation)
    {
        var page = await CutAsync(() => inner.ReadEventsAsync(stream, after, IsWhole ? limit : 1 + Next(7), cancellation));
        if (AfterRead is { } then)
            await then();
        return page;
    }

    private async ValueTask<T> CutAsync<T>(Func<ValueTask<T>> step)
    {
        if (IsCut())
            throw new StoreUnavailableException("Cut off before it happened.");
        var answer = await step();
        return IsCut() ? throw new StoreUnavailableException("Cut off after it happened.") : answer;
    }

    private bool IsCut() => !IsWhole && Next(oneIn) == 0;

    /// <summary>Blocks are forwarded several at once.</summary>
    private int Next(int bound)
    {
        lock (_gate)
            return random.Next(bound);
    }
}
