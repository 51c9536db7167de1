using System.Buffers.Binary;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

/// <summary>
/// How the parts of a ledger are packed that go to and fro, big-endian; Ledger.lua has the whole of it.
/// <list type="bullet">
/// <item>claim: its id (10 bytes), block (4), claim time in milliseconds (6);</item>
/// <item>event: its time in milliseconds (6, signed), status (1);</item>
/// <item>terms: their instant in milliseconds (6, signed), 1 when final (1).</item>
/// </list>
/// </summary>
internal static class LedgerFormat
{
    private const int ClaimLength = ClaimId.Length + sizeof(uint) + Instants.Length;

    public static byte[] Pack(Claim claim)
    {
        var packed = new byte[ClaimLength];
        claim.Id.CopyTo(packed);
        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(ClaimId.Length), claim.Block);
        Instants.Write(packed.AsSpan(ClaimId.Length + sizeof(uint)), claim.Time);
        return packed;
    }

    public static byte[] Pack(DateTimeOffset eventTime, DeliveryStatus status) => Pack(eventTime, (byte)status);

    public static byte[] Pack(Terms terms) => Pack(terms.Instant, terms.Final ? (byte)1 : (byte)0);

    /// <summary>Null for an empty text: no claim.</summary>
    public static Claim? UnpackClaim(byte[] packed) => packed.Length == 0
        ? null
        : new Claim(
            new ClaimId(packed.AsSpan(0, ClaimId.Length)),
            BinaryPrimitives.ReadUInt32BigEndian(packed.AsSpan(ClaimId.Length)),
            Instants.Read(packed.AsSpan(ClaimId.Length + sizeof(uint))));

    /// <summary>Default for an empty text: there was no report.</summary>
    public static (DateTimeOffset Time, DeliveryStatus Status) UnpackEvent(byte[] packed) => packed.Length == 0
        ? default
        : (Instants.Read(packed), (DeliveryStatus)packed[Instants.Length]);

    /// <summary>Null for an empty text: there was no report.</summary>
    public static Terms? UnpackTerms(byte[] packed) =>
        packed.Length == 0 ? null : new Terms(Instants.Read(packed), packed[Instants.Length] == 1);

    private static byte[] Pack(DateTimeOffset instant, byte last)
    {
        var packed = new byte[Instants.Length + 1];
        Instants.Write(packed, instant);
        packed[Instants.Length] = last;
        return packed;
    }
}
