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
///      4      6  lease time, ms (the epoch)
///     10      6  expire time, ms
///     16      4  report number
///     20     10  claim id
///     30     16  delivery digest
///     46     16  number digest
///     62    1+n  sealed number
///             1  extensions; when there are any, floor 6, ms, and for each: request digest 16, content digest 16
///             1  reassignments; when there are any, number digest at the take 16, and for each the same
/// </code>
/// </summary>
internal static class RecordFormat
{
    private const byte Version = 1;
    private const int MarkLength = 2 * Digest.Length;
    private const int SealedAt = 62;

    public static byte[] Pack(LeaseRecord record)
    {
        var extensions = record.Extensions.IsEmpty ? 0 : Instants.Length + (record.Extensions.Length * MarkLength);
        var reassignments = record.Reassignments.IsEmpty ? 0 : Digest.Length + (record.Reassignments.Length * MarkLength);
        var packed = new byte[SealedAt + 1 + record.SealedNumber.Length + 1 + extensions + 1 + reassignments];
        packed[0] = Version;
        packed[1] = (byte)record.Role;
        packed[2] = (byte)record.End;
        Instants.Write(packed.AsSpan(4), record.LeaseTime);
        Instants.Write(packed.AsSpan(10), record.ExpireTime);
        BinaryPrimitives.WriteInt32BigEndian(packed.AsSpan(16), record.ReportNumber);
        record.Claim.CopyTo(packed.AsSpan(20));
        record.Delivery.CopyTo(packed.AsSpan(30));
        record.NumberDigest.CopyTo(packed.AsSpan(46));
        packed[SealedAt] = checked((byte)record.SealedNumber.Length);
        record.SealedNumber.Span.CopyTo(packed.AsSpan(SealedAt + 1));

        var at = SealedAt + 1 + record.SealedNumber.Length;
        packed[at++] = checked((byte)record.Extensions.Length);
        if (!record.Extensions.IsEmpty)
        {
            Instants.Write(packed.AsSpan(at), record.Floor!.Value);
            at = WriteMarks(packed, at + Instants.Length, record.Extensions);
        }

        packed[at++] = checked((byte)record.Reassignments.Length);
        if (!record.Reassignments.IsEmpty)
        {
            record.LeasedDigest.CopyTo(packed.AsSpan(at));
            WriteMarks(packed, at + Digest.Length, record.Reassignments);
        }

        return packed;
    }

    /// <summary>Reads a record of a slot. Throws <see cref="StoreUnavailableException"/> when it is of a version that is not known here.</summary>
    public static LeaseRecord Unpack(byte[] packed, Pool pool, uint block, uint slot, PhoneNumber number)
    {
        if (packed.Length <= SealedAt || packed[0] != Version)
            throw new StoreUnavailableException($"A record of block {block} has a form that this version does not know.");

        var sealedLength = packed[SealedAt];
        var at = SealedAt + 1 + sealedLength;
        var extensions = packed[at++];
        var floor = default(DateTimeOffset?);
        if (extensions > 0)
        {
            floor = Instants.Read(packed.AsSpan(at));
            at += Instants.Length;
        }

        var extensionMarks = ReadMarks(packed, at, extensions);
        at += extensions * MarkLength;
        var reassignments = packed[at++];
        var numberDigest = new Digest(packed.AsSpan(46, Digest.Length));
        return new LeaseRecord
        {
            TenantId = pool.TenantId,
            PoolId = pool.PoolId,
            Block = block,
            Slot = slot,
            Number = number,
            Role = (DeliveryRole)packed[1],
            End = (EndReason)packed[2],
            LeaseTime = Instants.Read(packed.AsSpan(4)),
            ExpireTime = Instants.Read(packed.AsSpan(10)),
            Floor = floor,
            ReportNumber = BinaryPrimitives.ReadInt32BigEndian(packed.AsSpan(16)),
            Claim = new ClaimId(packed.AsSpan(20, ClaimId.Length)),
            Delivery = new Digest(packed.AsSpan(30, Digest.Length)),
            NumberDigest = numberDigest,
            LeasedDigest = reassignments > 0 ? new Digest(packed.AsSpan(at, Digest.Length)) : numberDigest,
            SealedNumber = packed.AsMemory(SealedAt + 1, sealedLength),
            Extensions = extensionMarks,
            Reassignments = reassignments > 0 ? ReadMarks(packed, at + Digest.Length, reassignments) : [],
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
        foreach (var mark in marks)
        {
            Pack(mark).CopyTo(packed, at);
            at += MarkLength;
        }

        return at;
    }

    private static ImmutableArray<RequestMark> ReadMarks(byte[] packed, int at, int count)
    {
        if (count == 0)
            return [];
        var marks = ImmutableArray.CreateBuilder<RequestMark>(count);
        for (var i = 0; i < count; i++, at += MarkLength)
        {
            marks.Add(new RequestMark(
                new Digest(packed.AsSpan(at, Digest.Length)), new Digest(packed.AsSpan(at + Digest.Length, Digest.Length))));
        }

        return marks.MoveToImmutable();
    }
}
