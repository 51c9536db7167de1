using System.Buffers.Binary;

namespace VirtualNumber.Sealing;

/// <summary>
/// Writes and reads lease ids, which say where their lease is, but only to those who hold the key; nobody else can read or make one.
/// </summary>
/// <remarks>
/// <para>
/// 17 bytes: key id (1), then one AES-256 block: block (4), slot (4), epoch (6), all big-endian, and 16 zero bits. As text: 28 characters
/// of Crockford's base 32 (the last 4 bits zero) and a check character that finds every change of one character and every exchange of two.
/// </para>
/// <para>
/// A made-up id passes the zero bits once in 2^16 and then names a block, a slot and an instant at random, so it names no lease.
/// </para>
/// <para>Safe for concurrent use; keeps what it needs of the ring.</para>
/// </remarks>
public sealed class LeaseIdCodec : IDisposable
{
    /// <summary>Length of every lease id, in characters.</summary>
    public const int TextLength = DataLength + 1;

    private const int ByteLength = 1 + BlockCipher.BlockLength;
    private const int DataLength = ((ByteLength * 8) + 4) / 5;
    private const int SlotOffset = 4;
    private const int EpochOffset = 8;
    private const int ZeroOffset = 14;

    private readonly CipherPool<BlockCipher>?[] _ciphers;
    private readonly byte _currentKeyId;

    /// <param name="ring">The keys. May be disposed after this.</param>
    public LeaseIdCodec(KeyRing ring)
    {
        ArgumentNullException.ThrowIfNull(ring);
        _ciphers = ring.ForEachKey("lease-id", key => new CipherPool<BlockCipher>(key, bytes => new BlockCipher(bytes)));
        _currentKeyId = ring.CurrentKeyId;
    }

    /// <summary>Writes a lease id with the current key.</summary>
    /// <returns>29 characters, lower case. The same locator gives the same id as long as the key is current.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The epoch is negative or above <see cref="LeaseLocator.MaxEpoch"/>.</exception>
    public string Encode(LeaseLocator locator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(locator.Epoch, nameof(locator));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(locator.Epoch, LeaseLocator.MaxEpoch, nameof(locator));

        Span<byte> bytes = stackalloc byte[ByteLength];
        bytes[0] = _currentKeyId;
        var block = bytes[1..];
        BinaryPrimitives.WriteUInt32BigEndian(block, locator.Block);
        BinaryPrimitives.WriteUInt32BigEndian(block[SlotOffset..], locator.Slot);
        BinaryPrimitives.WriteInt64BigEndian(block[EpochOffset..], locator.Epoch << 16);

        var pool = _ciphers[_currentKeyId]!;
        var cipher = pool.Rent();
        cipher.Encrypt(block);
        pool.Return(cipher);

        Span<char> text = stackalloc char[TextLength];
        Base32.Encode(bytes, text);
        return new string(text);
    }

    /// <summary>Reads a lease id, in any case, under any key that is in the ring.</summary>
    /// <param name="text">Anything; only its length is looked at when that is wrong.</param>
    /// <param name="locator">Where the lease is. Whether it is still there, the block tells.</param>
    /// <param name="fault">Why the text is no lease id of ours.</param>
    public bool TryDecode(ReadOnlySpan<char> text, out LeaseLocator locator, out LeaseIdFault fault)
    {
        locator = default;
        fault = Read(text, ref locator);
        return fault == LeaseIdFault.None;
    }

    /// <summary>Zeroes the derived keys.</summary>
    public void Dispose()
    {
        foreach (var pool in _ciphers)
        {
            pool?.Dispose();
        }
    }

    private LeaseIdFault Read(ReadOnlySpan<char> text, ref LeaseLocator locator)
    {
        if (text.Length != TextLength)
        {
            return LeaseIdFault.WrongLength;
        }

        Span<byte> values = stackalloc byte[TextLength];
        if (!Base32.TryRead(text, values))
        {
            return LeaseIdFault.InvalidCharacter;
        }

        if (!Base32.Checks(values))
        {
            return LeaseIdFault.CheckCharacter;
        }

        Span<byte> bytes = stackalloc byte[ByteLength];
        var canonical = Base32.TryPack(values[..DataLength], bytes);
        if (_ciphers[bytes[0]] is not { } pool)
        {
            return LeaseIdFault.UnknownKey;
        }

        var cipher = pool.Rent();
        cipher.Decrypt(bytes[1..]);
        pool.Return(cipher);
        return canonical && TryRead(bytes[1..], ref locator) ? LeaseIdFault.None : LeaseIdFault.NotOurs;
    }

    private static bool TryRead(ReadOnlySpan<byte> block, ref LeaseLocator locator)
    {
        if (BinaryPrimitives.ReadUInt16BigEndian(block[ZeroOffset..]) != 0)
        {
            return false;
        }

        locator = new LeaseLocator(
            BinaryPrimitives.ReadUInt32BigEndian(block),
            BinaryPrimitives.ReadUInt32BigEndian(block[SlotOffset..]),
            (long)(BinaryPrimitives.ReadUInt64BigEndian(block[EpochOffset..]) >> 16));
        return true;
    }
}
