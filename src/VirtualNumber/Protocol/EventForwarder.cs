using System.Collections.Concurrent;
using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>
/// Forwards what the logs of blocks say of leases to the streams of their tenants. Every instance does so; the store lets each change pass
/// once, whoever comes first. No verb waits for it, so a block that fails is tried again in the next cycle, and keeps no other waiting.
/// </summary>
internal sealed partial class EventForwarder(
    IEventStore store, EventStreams streams, EventOptions options, TimeProvider time, ILogger<EventForwarder> logger)
    : CyclicService(options.Interval, time)
{
    /// <summary>The most changes that one step reads.</summary>
    private const int ChangesPerStep = 500;

    /// <summary>So often a block's log is read on in one cycle, before others have their turn.</summary>
    private const int StepsPerBlock = 20;

    /// <summary>So long it takes to look at all blocks that nothing is known of.</summary>
    private static readonly TimeSpan s_round = TimeSpan.FromMinutes(1);

    /// <summary>So many blocks at once, so that a shard that does not answer holds up few others.</summary>
    private const int BlocksAtOnce = 8;

    private readonly ConcurrentDictionary<uint, EventPosition> _forwarded = [];
    private readonly FaultNews _news = new();

    protected override Task CycleAsync(CancellationToken stopping) => RunCycleAsync(stopping);

    /// <summary>One cycle; answers how many events it has appended. Not to be run twice at once on one forwarder.</summary>
    public async Task<int> RunCycleAsync(CancellationToken cancellation)
    {
        var appended = 0;
        Exception? fault = null;
        try
        {
            var sources = store.FindSources(_forwarded, options.Interval / s_round);
            var atOnce = new ParallelOptions { MaxDegreeOfParallelism = BlocksAtOnce, CancellationToken = cancellation };
            await Parallel.ForEachAsync(sources, atOnce, async (source, stopping) =>
            {
                try
                {
                    var count = await ForwardAsync(source, stopping);
                    Interlocked.Add(ref appended, count);
                }
                catch (Exception exception) when (!stopping.IsCancellationRequested)
                {
                    Volatile.Write(ref fault, exception);
                }
            });
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            // Whatever it was: an exception that left a hosted service would stop the whole service, calls and all.
            fault = exception;
        }

        Telemetry.EventsForwarded(appended);
        Tell(fault);
        return appended;
    }

    private async Task<int> ForwardAsync(EventSource source, CancellationToken cancellation)
    {
        var stream = streams.Of(source.TenantId);
        // Of a block in its turn it is asked again: a fail-over of the stream may have undone what was appended.
        if (!_forwarded.TryGetValue(source.Block, out var position) || source.IsInTurn)
            position = await store.FindForwardedAsync(stream, source.Block, cancellation);
        var appended = 0;
        for (var step = 0; step < StepsPerBlock; step++)
        {
            var changes = await store.ReadChangesAsync(source.Block, position, ChangesPerStep, cancellation);
            if (changes.Last == position)
                break;

            var now = Time.GetNow();
            IReadOnlyList<LeaseEvent> events = changes.MayLack
                ? [LeaseEvent.Lost(source.Block, position, now), .. changes.Events]
                : changes.Events;
            var reached = await store.AppendEventsAsync(
                new(stream, source.Block, position, changes.Last, events, now - options.Kept, options.MostKept), now, cancellation);
            if (reached == changes.Last)
                appended += Count(source, events, changes.MayLack);
            position = _forwarded[source.Block] = reached;
        }

        _forwarded[source.Block] = position;
        return appended;
    }

    private int Count(EventSource source, IReadOnlyList<LeaseEvent> events, bool lost)
    {
        if (lost)
        {
            Telemetry.EventsLost();
            Log.Lost(logger, source.Block, source.TenantId);
        }

        return events.Count;
    }

    private void Tell(Exception? fault)
    {
        if (!_news.IsNews(fault))
            return;
        if (fault is null)
            Log.Works(logger);
        else
            Log.Failed(logger, fault);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Events cannot be forwarded for now; none is lost, it is tried again, and it is said when it works.")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(2, LogLevel.Warning, "Events are forwarded again.")]
        public static partial void Works(ILogger logger);

        [LoggerMessage(3, LogLevel.Error, "The log of block {Block} was cut before all of it was forwarded: events of tenant {TenantId} may be lost, which EVENTS_LOST tells it.")]
        public static partial void Lost(ILogger logger, uint block, string tenantId);
    }
}
