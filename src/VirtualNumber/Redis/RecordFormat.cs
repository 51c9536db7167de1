using System.Buffers.Binary;
using System.Collections.Immutable;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

/// <summary>
/// How a record is packed, big-endian. What follows from the block (tenant, pool, number) and the field's name (slot) is not in it.
/// <code>
/// offset  bytes  what
///      0      1  version, 1
///      1      1  role
///      2      1  end: 0 none, 1 released, 2 expired
///      3      1  1 when the slot is suspended
///      4      8  lease time, ms (the epoch)
///     12      8  expire time, ms
///     20      8  floor, ms; 0: none
///     28      4  report number
///     32     10  claim id
///     42     16  delivery digest
///     58     16  number digest
///     74     16  number digest at the take
///     90    1+n  sealed number
///          1+32m extensions: request digest 16, content digest 16
///          1+32k reassignments, the same
/// </code>
/// </summary>
internal static class RecordFormat
{
    private const byte Version = 1;
    private const int MarkLength = 2 * Digest.Length;
    private const int SealedAt = 90;

    public static byte[] Pack(LeaseRecord record)
    {
        var extensions = record.Extensions.Length * MarkLength;
        var reassignments = record.Reassignments.Length * MarkLength;
        var packed = new byte[SealedAt + 1 + record.SealedNumber.Length + 1 + extensions + 1 + reassignments];
        packed[0] = Version;
        packed[1] = (byte)record.Role;
        packed[2] = (byte)record.End;
        WriteInstant(packed, 4, record.LeaseTime);
        WriteInstant(packed, 12, record.ExpireTime);
        if (record.Floor is { } floor)
            WriteInstant(packed, 20, floor);
        BinaryPrimitives.WriteInt32BigEndian(packed.AsSpan(28), record.ReportNumber);
        record.Claim.CopyTo(packed.AsSpan(32));
        record.Delivery.CopyTo(packed.AsSpan(42));
        record.NumberDigest.CopyTo(packed.AsSpan(58));
        record.LeasedNumberDigest.CopyTo(packed.AsSpan(74));
        packed[SealedAt] = checked((byte)record.SealedNumber.Length);
        record.SealedNumber.Span.CopyTo(packed.AsSpan(SealedAt + 1));
        var at = WriteMarks(packed, SealedAt + 1 + record.SealedNumber.Length, record.Extensions);
        WriteMarks(packed, at, record.Reassignments);
        return packed;
    }

    /// <summary>Reads a record of a slot. Throws <see cref="StoreUnavailableException"/> when it is of a version that is not known here.</summary>
    public static LeaseRecord Unpack(byte[] packed, Pool pool, uint block, uint slot, PhoneNumber number)
    {
        if (packed.Length <= SealedAt || packed[0] != Version)
            throw new StoreUnavailableException($"A record of block {block} has a form that this version does not know.");

        var sealedLength = packed[SealedAt];
        var (extensions, at) = ReadMarks(packed, SealedAt + 1 + sealedLength);
        var floor = BinaryPrimitives.ReadInt64BigEndian(packed.AsSpan(20));
        return new LeaseRecord
        {
            TenantId = pool.TenantId,
            PoolId = pool.PoolId,
            Block = block,
            Slot = slot,
            Number = number,
            Role = (DeliveryRole)packed[1],
            End = (EndReason)packed[2],
            LeaseTime = ReadInstant(packed, 4),
            ExpireTime = ReadInstant(packed, 12),
            Floor = floor == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(floor),
            ReportNumber = BinaryPrimitives.ReadInt32BigEndian(packed.AsSpan(28)),
            Claim = new ClaimId(packed.AsSpan(32, ClaimId.Length)),
            Delivery = new Digest(packed.AsSpan(42, Digest.Length)),
            NumberDigest = new Digest(packed.AsSpan(58, Digest.Length)),
            LeasedNumberDigest = new Digest(packed.AsSpan(74, Digest.Length)),
            SealedNumber = packed.AsMemory(SealedAt + 1, sealedLength),
            Extensions = extensions,
            Reassignments = ReadMarks(packed, at).Marks,
        };
    }

    /// <summary>Whether the slot of a packed record is suspended.</summary>
    public static bool IsSuspended(byte[] packed) => packed[3] != 0;

    /// <summary>A request mark as the scripts take it.</summary>
    public static byte[] Pack(RequestMark mark)
    {
        var packed = new byte[MarkLength];
        mark.Request.CopyTo(packed);
        mark.Content.CopyTo(packed.AsSpan(Digest.Length));
        return packed;
    }

    private static int WriteMarks(byte[] packed, int at, ImmutableArray<RequestMark> marks)
    {
        packed[at++] = checked((byte)marks.Length);
        foreach (var mark in marks)
        {
            Pack(mark).CopyTo(packed, at);
            at += MarkLength;
        }

        return at;
    }

    private static (ImmutableArray<RequestMark> Marks, int End) ReadMarks(byte[] packed, int at)
    {
        var count = packed[at++];
        var marks = ImmutableArray.CreateBuilder<RequestMark>(count);
        for (var i = 0; i < count; i++, at += MarkLength)
        {
            marks.Add(new RequestMark(
                new Digest(packed.AsSpan(at, Digest.Length)), new Digest(packed.AsSpan(at + Digest.Length, Digest.Length))));
        }

        return (marks.MoveToImmutable(), at);
    }

    private static void WriteInstant(byte[] packed, int at, DateTimeOffset instant) =>
        BinaryPrimitives.WriteInt64BigEndian(packed.AsSpan(at), instant.ToUnixTimeMilliseconds());

    private static DateTimeOffset ReadInstant(byte[] packed, int at) =>
        DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(packed.AsSpan(at)));
}
