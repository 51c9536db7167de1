using System.Buffers.Binary;

namespace VirtualNumber.Redis;

/// <summary>Instants as they are packed: milliseconds since 1970-01-01 UTC, 6 bytes, big-endian, signed. The years 1970 ± 4,400.</summary>
internal static class Instants
{
    public const int Length = 6;

    public static void Write(Span<byte> destination, DateTimeOffset instant)
    {
        Span<byte> whole = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(whole, instant.ToUnixTimeMilliseconds());
        whole[^Length..].CopyTo(destination);
    }

    public static DateTimeOffset Read(ReadOnlySpan<byte> packed)
    {
        // The upper half carries the sign.
        long upper = BinaryPrimitives.ReadInt16BigEndian(packed);
        return DateTimeOffset.FromUnixTimeMilliseconds((upper << 32) | BinaryPrimitives.ReadUInt32BigEndian(packed[2..]));
    }
}
