using System.Buffers.Binary;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>How a push is packed (Push.lua): version 1, failures 1, claims 4, made at 6, last fault 2, then its events.</summary>
internal static class PushFormat
{
    private const byte Version = 1;
    private const int ClaimsAt = 2;
    private const int MadeAt = ClaimsAt + sizeof(uint);
    private const int FaultAt = MadeAt + Instants.Length;
    private const int EventsAt = FaultAt + sizeof(ushort);

    /// <exception cref="StoreUnavailableException">A later version may have written it.</exception>
    public static Push Unpack(string id, ReadOnlySpan<byte> packed)
    {
        if (packed.Length < EventsAt || packed[0] != Version)
            throw new StoreUnavailableException("A push has a form that this version does not know.");
        var events = new List<LeaseEvent>();
        for (var at = EventsAt; at < packed.Length; at += EventFormat.Length)
            events.Add(EventFormat.Unpack(packed[at..Math.Min(at + EventFormat.Length, packed.Length)]));
        return new(
            id,
            (int)BinaryPrimitives.ReadUInt32BigEndian(packed[ClaimsAt..]),
            packed[1],
            Instants.Read(packed[MadeAt..]),
            (PushFault)BinaryPrimitives.ReadUInt16BigEndian(packed[FaultAt..]),
            events);
    }
}
