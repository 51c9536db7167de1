using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Concurrent;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// Reads the streams of events: what names them, the cursors that callers carry, and the waiting for what is not there yet, which all who
/// wait at one place share.
/// </summary>
internal sealed class EventStreams(
    IEventStore store, BlindIndex index, TokenSealer sealer, LeaseIdCodec leaseIds, EventOptions options, TimeProvider time)
{
    private const string Purpose = "events";

    /// <summary>The most events that are read at once.</summary>
    public const int MostPerPage = 100;

    private readonly ConcurrentDictionary<(Digest Stream, EventPosition After), Task<EventPage>> _waits = new();

    /// <summary>The stream of a tenant.</summary>
    public Digest Of(string tenantId) => index.Of("events", tenantId);

    /// <summary>The pushes of a tenant's webhook.</summary>
    public PushQueueKey QueueOf(string tenantId, string webhookId) => new(Of(tenantId), index.Of("webhook", tenantId, webhookId));

    /// <summary>What an event is told apart by: the same for ever, whoever tells it and however often.</summary>
    public string IdOf(LeaseEvent lease)
    {
        Span<byte> digest = stackalloc byte[Digest.Length];
        index.Of("event", $"{lease.Block}", $"{lease.Change}", $"{lease.Kind}").CopyTo(digest);
        return Base64Url.EncodeToString(digest);
    }

    /// <summary>The lease of an event; empty where it is not of one lease.</summary>
    public string LeaseIdOf(LeaseEvent lease) => lease.Kind == EventKind.EventsLost
        ? ""
        : leaseIds.Encode(new(lease.Block, lease.Slot, lease.LeaseTime.ToUnixTimeMilliseconds()));

    /// <summary>Begins to read a tenant's events; null where the cursor is of another stream, or was changed or made up.</summary>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="cursor">Where to go on; empty: at the end, or with what is kept.</param>
    /// <param name="fromOldest">With an empty cursor: with what is kept.</param>
    public EventWatch? Open(string tenantId, string cursor, bool fromOldest)
    {
        var stream = Of(tenantId);
        if (cursor.Length == 0)
            return new(this, stream, null, fromOldest);
        return TryRead(stream, cursor, out var position) ? new(this, stream, position, fromOldest: false) : null;
    }

    /// <summary>A cursor: where somebody goes on who has read up to a position.</summary>
    public string Write(Digest stream, EventPosition position)
    {
        Span<byte> payload = stackalloc byte[Digest.Length + EventPosition.Length];
        stream.CopyTo(payload);
        BinaryPrimitives.WriteUInt64BigEndian(payload[Digest.Length..], position.Time);
        BinaryPrimitives.WriteUInt64BigEndian(payload[(Digest.Length + sizeof(ulong))..], position.Number);
        return sealer.Protect(Purpose, payload);
    }

    /// <summary>Reads a cursor; false for one of another stream, or one that was changed or made up.</summary>
    private bool TryRead(Digest stream, string cursor, out EventPosition position)
    {
        position = default;
        if (!sealer.TryUnprotect(Purpose, cursor, out var payload) || payload.Length != Digest.Length + EventPosition.Length
            || new Digest(payload.AsSpan(0, Digest.Length)) != stream)
        {
            return false;
        }

        position = new(
            BinaryPrimitives.ReadUInt64BigEndian(payload.AsSpan(Digest.Length)),
            BinaryPrimitives.ReadUInt64BigEndian(payload.AsSpan(Digest.Length + sizeof(ulong))));
        return true;
    }

    /// <summary>What a stream has after a position; null: none, only where it begins and ends.</summary>
    public ValueTask<EventPage> ReadAsync(Digest stream, EventPosition? after, CancellationToken cancellation) =>
        store.ReadEventsAsync(stream, after, MostPerPage, cancellation);

    /// <summary>What a stream has after a position as soon as there is something, at the latest when it is time for a heart-beat.</summary>
    public Task<EventPage> WaitAsync(Digest stream, EventPosition after, CancellationToken cancellation)
    {
        // Whoever waits at the same place shares it; so it ends by itself and not with any one of them.
        var mine = new TaskCompletionSource<EventPage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var shared = _waits.GetOrAdd((stream, after), mine.Task);
        if (ReferenceEquals(shared, mine.Task))
            _ = PollAsync(stream, after, mine);
        return shared.WaitAsync(cancellation);
    }

    private async Task PollAsync(Digest stream, EventPosition after, TaskCompletionSource<EventPage> done)
    {
        try
        {
            var startedAt = time.GetTimestamp();
            while (true)
            {
                var page = await store.ReadEventsAsync(stream, after, MostPerPage, CancellationToken.None);
                if (page.Events.Count > 0 || page.Cut > after || time.GetElapsedTime(startedAt) >= options.HeartBeat)
                {
                    _waits.TryRemove((stream, after), out _);
                    done.SetResult(page);
                    return;
                }

                await Task.Delay(options.Interval, time, CancellationToken.None);
            }
        }
        catch (Exception fault)
        {
            _waits.TryRemove((stream, after), out _);
            done.SetException(fault);
            // Nobody may wait any more.
            _ = done.Task.Exception;
        }
    }
}
