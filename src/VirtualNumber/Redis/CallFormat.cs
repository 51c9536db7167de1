using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

/// <summary>
/// How the record of a call is packed, big-endian; Call.lua has the same table. Its digest is the field's name, the number follows from the
/// block.
/// <code>
/// offset  bytes  what
///      0      1  version: 1
///      1      1  outcome; 0: no look-up was seen
///      2      6  start, ms
///      8      4  slot
///     12      6  epoch; 0: it has reached no lease
///     18      1  events; for each: kind 1, time 6, ms, released by 1, Q.850 cause 2, SIP status 2
///                where it came from:
///             1  kind
///             2  place of the called number in its block
///           1+n  gateway id
///           1+n  call id, without what may be a number
///           1+n  sealed caller; empty: withheld or not known
/// </code>
/// </summary>
internal static class CallFormat
{
    public const int EventLength = 12;

    private const byte Version = 1;
    private const int EventsAt = 19;

    /// <summary>Events as the scripts take them.</summary>
    public static byte[] Pack(ImmutableArray<CallEvent> events)
    {
        var packed = new byte[events.Length * EventLength];
        for (var i = 0; i < events.Length; i++)
        {
            var at = packed.AsSpan(i * EventLength);
            var e = events[i];
            at[0] = (byte)e.Kind;
            Instants.Write(at[1..], e.Time);
            at[7] = (byte)e.ReleasedBy;
            BinaryPrimitives.WriteUInt16BigEndian(at[8..], (ushort)e.Q850Cause);
            BinaryPrimitives.WriteUInt16BigEndian(at[10..], (ushort)e.SipStatus);
        }

        return packed;
    }

    /// <summary>Where a call came from, as the scripts take it.</summary>
    public static byte[] Pack(CallSource source, uint index)
    {
        var packed = new byte[3 + 1 + source.GatewayId.Length + 1 + source.CallId.Length + 1 + source.SealedCaller.Length];
        packed[0] = (byte)source.Kind;
        BinaryPrimitives.WriteUInt16BigEndian(packed.AsSpan(1), checked((ushort)index));
        var at = WriteText(packed, 3, source.GatewayId);
        at = WriteText(packed, at, source.CallId);
        packed[at] = checked((byte)source.SealedCaller.Length);
        source.SealedCaller.Span.CopyTo(packed.AsSpan(at + 1));
        return packed;
    }

    /// <summary>Limits as the script takes them: count 2, time 6.</summary>
    public static byte[] Pack(IReadOnlyList<CallLimit> limits)
    {
        var packed = new byte[limits.Count * 8];
        for (var i = 0; i < limits.Count; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packed.AsSpan(8 * i), checked((ushort)limits[i].Count));
            Instants.Write(packed.AsSpan((8 * i) + 2), DateTimeOffset.UnixEpoch + limits[i].Within);
        }

        return packed;
    }

    /// <summary>The place of the called number in its block, so that it can be looked up before the rest is read.</summary>
    public static uint IndexOf(byte[] packed) => BinaryPrimitives.ReadUInt16BigEndian(packed.AsSpan(SourceAt(packed) + 1));

    /// <summary>Reads a record. Throws <see cref="StoreUnavailableException"/> when it is of a version that is not known here.</summary>
    public static CallRecord Unpack(byte[] packed, Digest call, DateTimeOffset due, PhoneNumber number)
    {
        var epoch = Instants.Read(packed.AsSpan(12));
        var at = SourceAt(packed);
        var kind = (CallKind)packed[at];
        var gateway = ReadText(packed, at + 3);
        at += 4 + gateway.Length;
        var callId = ReadText(packed, at);
        at += 1 + callId.Length;
        return new CallRecord
        {
            Call = call,
            StartTime = Instants.Read(packed.AsSpan(2)),
            DueTime = due,
            Outcome = (ResolveOutcome)packed[1],
            Lease = epoch == DateTimeOffset.UnixEpoch ? null : new LeaseOfCall(BinaryPrimitives.ReadUInt32BigEndian(packed.AsSpan(8)), epoch),
            Number = number,
            Source = new CallSource(kind, gateway, callId, packed.AsMemory(at + 1, packed[at])),
            Events = CallRecord.InOrder(Enumerable.Range(0, packed[EventsAt - 1]).Select(i => ReadEvent(packed.AsSpan(EventsAt + (i * EventLength))))),
        };
    }

    private static int SourceAt(byte[] packed) => packed.Length > EventsAt && packed[0] == Version
        ? EventsAt + (packed[EventsAt - 1] * EventLength)
        : throw new StoreUnavailableException("The record of a call has a form that this version does not know.");

    private static CallEvent ReadEvent(ReadOnlySpan<byte> packed) => new(
        (CallEventKind)packed[0],
        Instants.Read(packed[1..]),
        (CallSide)packed[7],
        BinaryPrimitives.ReadUInt16BigEndian(packed[8..]),
        BinaryPrimitives.ReadUInt16BigEndian(packed[10..]));

    private static int WriteText(byte[] packed, int at, string text)
    {
        packed[at] = checked((byte)text.Length);
        return at + 1 + Encoding.ASCII.GetBytes(text, packed.AsSpan(at + 1));
    }

    private static string ReadText(byte[] packed, int at) => Encoding.ASCII.GetString(packed, at + 1, packed[at]);
}
