using System.Buffers.Binary;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

/// <summary>How a claim is packed: its id (10 bytes), block (4) and claim time in milliseconds (8), big-endian.</summary>
internal static class ClaimFormat
{
    private const int Length = ClaimId.Length + sizeof(uint) + sizeof(long);

    public static byte[] Pack(Claim claim)
    {
        var packed = new byte[Length];
        claim.Id.CopyTo(packed);
        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(ClaimId.Length), claim.Block);
        BinaryPrimitives.WriteInt64BigEndian(packed.AsSpan(ClaimId.Length + sizeof(uint)), claim.Time.ToUnixTimeMilliseconds());
        return packed;
    }

    /// <summary>Null for an empty text: no claim.</summary>
    public static Claim? Unpack(byte[] packed) => packed.Length == 0
        ? null
        : new Claim(
            new ClaimId(packed.AsSpan(0, ClaimId.Length)),
            BinaryPrimitives.ReadUInt32BigEndian(packed.AsSpan(ClaimId.Length)),
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(packed.AsSpan(ClaimId.Length + sizeof(uint)))));
}
