namespace VirtualNumber.Sealing;

/// <summary>One key of a <see cref="KeyRing"/>: 32 bytes of master material, from which a key per purpose is derived.</summary>
public sealed class RingKey
{
    /// <summary>Length of the master material, in bytes.</summary>
    public const int MaterialLength = 32;

    /// <param name="id">The byte that stands in front of everything made with this key. Never used again for another key.</param>
    /// <param name="material">32 random bytes. Copied.</param>
    /// <param name="createdTime">When the key was made: tells an operator when it is due for turnover. Nothing is decided by it.</param>
    /// <exception cref="KeyRingException">The material has another length, or is all zeros.</exception>
    public RingKey(byte id, ReadOnlySpan<byte> material, DateTimeOffset createdTime)
    {
        Id = id;
        Material = KeyMaterial.Copy(material, $"key {id}");
        CreatedTime = createdTime;
    }

    /// <summary>The byte that stands in front of everything made with this key.</summary>
    public byte Id { get; }

    /// <summary>When the key was made.</summary>
    public DateTimeOffset CreatedTime { get; }

    internal byte[] Material { get; }

    /// <summary>Names the key; shows none of its material.</summary>
    public override string ToString() => $"key {Id}";
}
