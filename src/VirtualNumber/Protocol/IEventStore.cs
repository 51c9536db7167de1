using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// A store's third part: the streams of events of the tenants. What happens to leases stands in the logs of their blocks; from there it is
/// forwarded, by whichever instance comes first, each change once. The conditions of <see cref="INumberPool"/> hold for every method here too.
/// </summary>
internal interface IEventStore
{
    /// <summary>How many events one append may take out of a stream.</summary>
    const int MostCutAtOnce = 1_000;

    /// <summary>
    /// The blocks of which this instance knows that they have changed since the given positions, and some of the others in turn: what another
    /// instance left behind that is no more is found by them.
    /// </summary>
    /// <param name="forwarded">Up to where their logs were forwarded, as far as this instance knows.</param>
    /// <param name="share">Which share of all blocks is visited in turn, at least one and at most 50.</param>
    IReadOnlyList<EventSource> FindSources(IReadOnlyDictionary<uint, EventPosition> forwarded, double share);

    /// <summary>Up to where a block's log has been forwarded.</summary>
    ValueTask<EventPosition> FindForwardedAsync(Digest stream, uint block, CancellationToken cancellation);

    /// <summary>
    /// read changes: a block's changes after a position up to which they have been forwarded, at most <paramref name="limit"/>. What was
    /// forwarded may be taken out of the log, the latest excepted.
    /// </summary>
    ValueTask<BlockChanges> ReadChangesAsync(uint block, EventPosition after, int limit, CancellationToken cancellation);

    /// <summary>
    /// append: appends the events and moves the block's position, if that is still where the step says; takes out of the stream what is too old
    /// or too much, at most <see cref="MostCutAtOnce"/>. Answers the position afterwards: another one than the step's end means that somebody
    /// else was faster, and nothing was appended.
    /// </summary>
    ValueTask<EventPosition> AppendEventsAsync(AppendEventsStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// read events: at most <paramref name="limit"/> events of a stream after a position; null: none, only where it begins and ends. With a
    /// position before <see cref="EventPage.Cut"/> it answers what there is; events between are gone.
    /// </summary>
    ValueTask<EventPage> ReadEventsAsync(Digest stream, EventPosition? after, int limit, CancellationToken cancellation);
}
