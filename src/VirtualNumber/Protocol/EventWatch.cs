using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>Reads a tenant's events, one after the other, from a position on. Not for two callers at once.</summary>
/// <param name="streams">What reads them.</param>
/// <param name="stream">The tenant's.</param>
/// <param name="after">Where it begins; null: at the end, or with what is kept.</param>
/// <param name="fromOldest">With what is kept.</param>
internal sealed class EventWatch(EventStreams streams, Digest stream, EventPosition? after, bool fromOldest)
{
    private EventPosition _after;
    private bool _begun;

    /// <summary>Where another watch would go on behind what was read.</summary>
    public string Cursor => streams.Write(stream, _after);

    /// <summary>
    /// The next events. The first time what there is, be it nothing; after that as soon as there is something, or none when it is time for a
    /// heart-beat. Null: some of the next events are not kept any more.
    /// </summary>
    public async Task<IReadOnlyList<LeaseEvent>?> ReadAsync(CancellationToken cancellation)
    {
        var page = _begun ? await streams.WaitAsync(stream, _after, cancellation) : await BeginAsync(cancellation);
        if (_after < page.Cut)
            return null;
        if (page.Events.Count > 0)
            _after = page.Events[^1].Position;
        return [.. page.Events.Select(each => each.Event)];
    }

    private async Task<EventPage> BeginAsync(CancellationToken cancellation)
    {
        // From the oldest in one read: what an append took out between two would look like events that are gone.
        var page = await streams.ReadAsync(stream, after ?? (fromOldest ? default(EventPosition) : null), cancellation);
        _after = after ?? (fromOldest ? page.Cut : page.End);
        _begun = true;
        return page;
    }
}
