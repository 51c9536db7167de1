using System.Collections.Concurrent;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

internal sealed partial class EmbeddedStore : IEventStore
{
    private readonly ConcurrentDictionary<Digest, EventLog> _events = new();

    /// <inheritdoc/>
    /// <remarks>It knows of all its blocks.</remarks>
    public IReadOnlyList<EventSource> FindSources(IReadOnlyDictionary<uint, EventPosition> forwarded, double share) =>
    [
        .. _blocks.Where(block => block.LastChange != forwarded.GetValueOrDefault(block.Id))
            .Select(block => new EventSource(block.Id, block.Entry.Owner.Pool.TenantId)),
    ];

    /// <inheritdoc/>
    public ValueTask<EventPosition> FindForwardedAsync(Digest stream, uint block, CancellationToken cancellation) =>
        Do(() => EventsOf(stream).FindForwarded(block), cancellation);

    /// <inheritdoc/>
    public ValueTask<BlockChanges> ReadChangesAsync(uint block, EventPosition after, int limit, CancellationToken cancellation) =>
        Do(() => BlockOf(block).ReadChanges(after, limit), cancellation);

    /// <inheritdoc/>
    public ValueTask<EventPosition> AppendEventsAsync(AppendEventsStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => EventsOf(step.Stream).Append(step, now), cancellation);

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadEventsAsync(Digest stream, EventPosition? after, int limit, CancellationToken cancellation) =>
        Do(() => EventsOf(stream).Read(after, limit), cancellation);

    private EventLog EventsOf(Digest stream) => _events.GetOrAdd(stream, _ => new EventLog());
}
