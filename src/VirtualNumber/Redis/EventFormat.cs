using System.Buffers.Binary;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>How an event is packed in its tenant's stream, 32 bytes: version 1, kind 1, block 4, change 6 + 4, time 6, slot 4, epoch 6.</summary>
internal static class EventFormat
{
    /// <summary>How many bytes an event takes.</summary>
    public const int Length = 32;

    private const byte Version = 1;
    private const int BlockAt = 2;
    private const int ChangeTimeAt = BlockAt + sizeof(uint);
    private const int ChangeNumberAt = ChangeTimeAt + Instants.Length;
    private const int TimeAt = ChangeNumberAt + sizeof(uint);
    private const int SlotAt = TimeAt + Instants.Length;
    private const int LeaseTimeAt = SlotAt + sizeof(uint);

    public static byte[] Pack(LeaseEvent lease)
    {
        var packed = new byte[Length];
        (packed[0], packed[1]) = (Version, (byte)lease.Kind);
        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(BlockAt), lease.Block);
        Instants.Write(packed.AsSpan(ChangeTimeAt), DateTimeOffset.FromUnixTimeMilliseconds((long)lease.Change.Time));
        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(ChangeNumberAt), (uint)lease.Change.Number);
        Instants.Write(packed.AsSpan(TimeAt), lease.Time);
        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(SlotAt), lease.Slot);
        Instants.Write(packed.AsSpan(LeaseTimeAt), lease.LeaseTime);
        return packed;
    }

    /// <exception cref="StoreUnavailableException">A later version may have written it.</exception>
    public static LeaseEvent Unpack(ReadOnlySpan<byte> packed) => packed.Length == Length && packed[0] == Version
        ? new(
            (EventKind)packed[1],
            BinaryPrimitives.ReadUInt32BigEndian(packed[BlockAt..]),
            new((ulong)Instants.Read(packed[ChangeTimeAt..]).ToUnixTimeMilliseconds(), BinaryPrimitives.ReadUInt32BigEndian(packed[ChangeNumberAt..])),
            Instants.Read(packed[TimeAt..]),
            BinaryPrimitives.ReadUInt32BigEndian(packed[SlotAt..]),
            Instants.Read(packed[LeaseTimeAt..]))
        : throw new StoreUnavailableException("An event has a form that this version does not know.");
}
