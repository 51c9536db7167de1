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
///      0      1  version: 1, or 2 in pair mode; 2 more where there are call rules
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
/// version 1 and 3:
///             1  reassignments; when there are any, number digest at the take 16, and for each the same
/// version 2 and 4:
///            16  digest of what the lease stood for at the take
///             1  reassignments; for each the same
///             1  direction
///             1  1 when the last reassignment ended the lease; then the expire time that it had 6, ms
///             1  1 when the peer is known; then its digest 16
///           1+n  the peer's sealed number
/// version 3 and 4:
///             n  call rules (<see cref="CallRulesFormat"/>), which no script reads
/// </code>
/// </summary>
internal static class RecordFormat
{
    private const byte Version = 1;
    private const byte PairVersion = 2;

    /// <summary>Added to the version where there are call rules: who does not know of them must not write the record anew, without them.</summary>
    private const byte Ruled = 2;

    private const int MarkLength = 2 * Digest.Length;
    private const int SealedAt = 62;

    public static byte[] Pack(LeaseRecord record)
    {
        var rules = CallRulesFormat.Pack(record.Rules);
        var packed = new byte[LengthOf(record) + rules.Length];
        rules.CopyTo(packed, packed.Length - rules.Length);
        packed[0] = record.Pair is null ? Version : PairVersion;
        packed[0] += rules.Length > 0 ? Ruled : (byte)0;
        packed[1] = (byte)record.Role;
        packed[2] = (byte)record.End;
        Instants.Write(packed.AsSpan(4), record.LeaseTime);
        Instants.Write(packed.AsSpan(10), record.ExpireTime);
        BinaryPrimitives.WriteInt32BigEndian(packed.AsSpan(16), record.ReportNumber);
        record.Claim.CopyTo(packed.AsSpan(20));
        record.Delivery.CopyTo(packed.AsSpan(30));
        record.NumberDigest.CopyTo(packed.AsSpan(46));
        var at = WriteSealed(packed, SealedAt, record.SealedNumber);
        packed[at++] = checked((byte)record.Extensions.Length);
        if (!record.Extensions.IsEmpty)
        {
            Instants.Write(packed.AsSpan(at), record.Floor!.Value);
            at = WriteMarks(packed, at + Instants.Length, record.Extensions);
        }

        if (record.Pair is { } pair)
            WritePair(packed, at, record, pair);
        else
            WriteReassignments(packed, at, record);
        return packed;
    }

    /// <summary>Reads a record of a slot. Throws <see cref="StoreUnavailableException"/> when it is of a version that is not known here.</summary>
    public static LeaseRecord Unpack(byte[] packed, BlockEntry block, uint slot, PhoneNumber number)
    {
        if (packed.Length <= SealedAt || packed[0] is < Version or > PairVersion + Ruled)
            throw new StoreUnavailableException($"A record of block {block.Id} has a form that this version does not know.");

        var pool = block.Owner.Pool;
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
        var numberDigest = ReadDigest(packed, 46);
        var isPair = packed[0] is PairVersion or PairVersion + Ruled;
        var (leased, reassignments, pair) = isPair ? ReadPair(packed, ref at) : ReadReassignments(packed, ref at, numberDigest);
        return new LeaseRecord
        {
            TenantId = pool.TenantId,
            PoolId = pool.PoolId,
            Block = block.Id,
            Extension = pool.ExtensionOf(slot),
            Area = block.Area,
            Slot = slot,
            Number = number,
            Role = (DeliveryRole)packed[1],
            End = (EndReason)packed[2],
            LeaseTime = Instants.Read(packed.AsSpan(4)),
            ExpireTime = Instants.Read(packed.AsSpan(10)),
            Floor = floor,
            ReportNumber = BinaryPrimitives.ReadInt32BigEndian(packed.AsSpan(16)),
            Claim = new ClaimId(packed.AsSpan(20, ClaimId.Length)),
            Delivery = ReadDigest(packed, 30),
            NumberDigest = numberDigest,
            LeasedDigest = leased,
            SealedNumber = packed.AsMemory(SealedAt + 1, sealedLength),
            Pair = pair,
            Rules = ReadRules(packed.AsSpan(at), isRuled: packed[0] > PairVersion, block),
            Extensions = extensionMarks,
            Reassignments = reassignments,
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

    private static int LengthOf(LeaseRecord record)
    {
        var extensions = record.Extensions.IsEmpty ? 0 : Instants.Length + (record.Extensions.Length * MarkLength);
        var reassignments = record.Reassignments.Length * MarkLength;
        var leased = record.Pair is null && record.Reassignments.IsEmpty ? 0 : Digest.Length;
        var pair = record.Pair is { } side ? 3 + (side.EndBeforeMove is null ? 0 : Instants.Length) + (side.Peer is null ? 0 : Digest.Length) + 1 + side.SealedPeer.Length : 0;
        return SealedAt + 1 + record.SealedNumber.Length + 1 + extensions + 1 + leased + reassignments + pair;
    }

    private static void WriteReassignments(byte[] packed, int at, LeaseRecord record)
    {
        packed[at++] = checked((byte)record.Reassignments.Length);
        if (record.Reassignments.IsEmpty)
            return;
        record.LeasedDigest.CopyTo(packed.AsSpan(at));
        WriteMarks(packed, at + Digest.Length, record.Reassignments);
    }

    private static (Digest Leased, ImmutableArray<RequestMark> Reassignments, PairSide? Pair) ReadReassignments(byte[] packed, ref int at, Digest number)
    {
        var count = packed[at++];
        if (count == 0)
            return (number, [], null);
        var leased = ReadDigest(packed, at);
        var marks = ReadMarks(packed, at + Digest.Length, count);
        at += Digest.Length + (count * MarkLength);
        return (leased, marks, null);
    }

    private static void WritePair(byte[] packed, int at, LeaseRecord record, PairSide pair)
    {
        record.LeasedDigest.CopyTo(packed.AsSpan(at));
        at += Digest.Length;
        packed[at++] = checked((byte)record.Reassignments.Length);
        at = WriteMarks(packed, at, record.Reassignments);
        packed[at++] = (byte)pair.Direction;
        packed[at++] = pair.EndBeforeMove is null ? (byte)0 : (byte)1;
        if (pair.EndBeforeMove is { } end)
        {
            Instants.Write(packed.AsSpan(at), end);
            at += Instants.Length;
        }

        packed[at++] = pair.Peer is null ? (byte)0 : (byte)1;
        if (pair.Peer is { } peer)
        {
            peer.CopyTo(packed.AsSpan(at));
            at += Digest.Length;
        }

        WriteSealed(packed, at, pair.SealedPeer);
    }

    private static (Digest Leased, ImmutableArray<RequestMark> Reassignments, PairSide? Pair) ReadPair(byte[] packed, ref int at)
    {
        var leased = ReadDigest(packed, at);
        at += Digest.Length;
        var count = packed[at++];
        var reassignments = ReadMarks(packed, at, count);
        at += count * MarkLength;
        var (direction, moved) = ((CallDirection)packed[at], packed[at + 1] != 0);
        at += 2;
        var end = moved ? Instants.Read(packed.AsSpan(at)) : default(DateTimeOffset?);
        at += moved ? Instants.Length : 0;
        var known = packed[at++] != 0;
        var peer = known ? ReadDigest(packed, at) : default(Digest?);
        at += known ? Digest.Length : 0;
        var sealedPeer = packed.AsMemory(at + 1, packed[at]);
        at += 1 + sealedPeer.Length;
        return (leased, reassignments, new PairSide(peer, sealedPeer, direction, end));
    }

    private static CallRules ReadRules(ReadOnlySpan<byte> packed, bool isRuled, BlockEntry block)
    {
        if (packed.IsEmpty == isRuled)
            throw new StoreUnavailableException($"A record of block {block.Id} has no call rules where it says so, or has some where it does not.");
        try
        {
            return CallRulesFormat.Unpack(packed);
        }
        catch (FormatException exception)
        {
            throw new StoreUnavailableException($"A record of block {block.Id} has call rules that this version does not know.", exception);
        }
    }

    private static int WriteSealed(byte[] packed, int at, ReadOnlyMemory<byte> number)
    {
        packed[at++] = checked((byte)number.Length);
        number.Span.CopyTo(packed.AsSpan(at));
        return at + number.Length;
    }

    private static Digest ReadDigest(byte[] packed, int at) => new(packed.AsSpan(at, Digest.Length));

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
            marks.Add(new RequestMark(ReadDigest(packed, at), ReadDigest(packed, at + Digest.Length)));
        }

        return marks.MoveToImmutable();
    }
}
