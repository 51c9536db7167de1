using System.Buffers.Binary;

namespace VirtualNumber.Sealing;

/// <summary>
/// The name of one claim: 10 random bytes, proposed by a service instance before it asks a block for a slot.
/// </summary>
/// <remarks>80 random bits: among a billion claims alive at once the chance that any two agree is less than one in a million.</remarks>
public readonly struct ClaimId : IEquatable<ClaimId>
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 10;

    private readonly ulong _head;
    private readonly ushort _tail;

    /// <param name="bytes">Exactly 10 bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public ClaimId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"A claim id has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        }

        _head = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _tail = BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]);
    }

    /// <summary>Draws a new claim id.</summary>
    public static ClaimId Create(IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Length];
        random.Fill(bytes);
        return new ClaimId(bytes);
    }

    /// <summary>Writes the 10 bytes to the front of the destination.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The destination is shorter.</exception>
    public void CopyTo(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, Length, nameof(destination));
        BinaryPrimitives.WriteUInt64BigEndian(destination, _head);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], _tail);
    }

    /// <summary>The 10 bytes in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public bool Equals(ClaimId other) => _head == other._head && _tail == other._tail;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ClaimId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _head.GetHashCode();

    /// <summary>20 lower-case hexadecimal digits.</summary>
    public override string ToString() => $"{_head:x16}{_tail:x4}";

    /// <summary>Same bytes.</summary>
    public static bool operator ==(ClaimId left, ClaimId right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(ClaimId left, ClaimId right) => !left.Equals(right);
}
