using System.Security.Cryptography;

namespace VirtualNumber.Sealing;

/// <summary>
/// The service's secret keys: numbered keys that turn over, one of them current, and one index key that does not.
/// </summary>
/// <remarks>
/// <para>
/// Whatever is made with a numbered key carries its id in front, so old values open as long as their key stays in the ring.
/// Turnover takes two steps: give every instance the new key while the old one is still current, then make the new one current;
/// otherwise one instance writes what another cannot read.
/// </para>
/// <para>
/// The index key makes the digests by which records are <i>found</i>. It stays, because a digest under another key finds nothing.
/// </para>
/// <para>
/// A ring does not change. It may be disposed once everything built on it is: the material is then zeroed. Safe for concurrent use.
/// </para>
/// </remarks>
public sealed class KeyRing : IDisposable
{
    private const int FingerprintLength = 16;

    private readonly RingKey?[] _byId = new RingKey?[256];
    private readonly byte[] _indexKey;
    private volatile bool _disposed;

    /// <param name="currentKeyId">The key that new values are made with.</param>
    /// <param name="keys">All keys, at least the current one; each id and each material once.</param>
    /// <param name="indexKey">32 random bytes, used for nothing else. Copied.</param>
    /// <exception cref="KeyRingException">A key is absent, doubled or of the wrong length.</exception>
    public KeyRing(byte currentKeyId, IEnumerable<RingKey> keys, ReadOnlySpan<byte> indexKey)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _indexKey = KeyMaterial.Copy(indexKey, "the index key");
        foreach (var key in keys)
        {
            Add(key);
        }

        CurrentKeyId = currentKeyId;
        if (_byId[currentKeyId] is null)
        {
            throw new KeyRingException($"the current key {currentKeyId} is not among the keys");
        }
    }

    /// <summary>The id of the key that new values are made with.</summary>
    public byte CurrentKeyId { get; }

    /// <summary>All keys, by rising id.</summary>
    public IEnumerable<RingKey> Keys => _byId.OfType<RingKey>();

    internal ReadOnlySpan<byte> IndexKey
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _indexKey;
        }
    }

    /// <summary>
    /// A ring of random keys that exist in this process only: for the embedded store, whose data ends with the process too, and for tests.
    /// </summary>
    public static KeyRing CreateThrowAway() => Create(DateTimeOffset.UnixEpoch);

    /// <summary>A ring of random keys: one numbered key, 1, and an index key.</summary>
    /// <param name="createdTime">What the key says about when it was made.</param>
    public static KeyRing Create(DateTimeOffset createdTime)
    {
        Span<byte> material = stackalloc byte[RingKey.MaterialLength];
        Span<byte> indexKey = stackalloc byte[RingKey.MaterialLength];
        RandomNumberGenerator.Fill(material);
        RandomNumberGenerator.Fill(indexKey);
        try
        {
            return new KeyRing(1, [new RingKey(1, material, createdTime)], indexKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
            CryptographicOperations.ZeroMemory(indexKey);
        }
    }

    /// <summary>This ring and one more random key, under the lowest id above all others; the current key stays the current one.</summary>
    /// <exception cref="KeyRingException">Id 255 is in use: the ring is full.</exception>
    public KeyRing WithNewKey(DateTimeOffset createdTime)
    {
        var last = Keys.Max(key => key.Id);
        if (last == byte.MaxValue)
        {
            throw new KeyRingException($"key {last} is the last one that a ring can have");
        }

        Span<byte> material = stackalloc byte[RingKey.MaterialLength];
        RandomNumberGenerator.Fill(material);
        try
        {
            return new KeyRing(CurrentKeyId, [.. Keys, new RingKey((byte)(last + 1), material, createdTime)], IndexKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
        }
    }

    /// <summary>This ring with another of its keys as the current one.</summary>
    /// <exception cref="KeyRingException">The ring has no such key.</exception>
    public KeyRing WithCurrent(byte keyId) => new(keyId, Keys, IndexKey);

    /// <summary>
    /// What tells two keys apart without telling either: 16 bytes derived from each for this purpose alone. By name, the index key first:
    /// a store keeps them, so that nobody works on it with other keys.
    /// </summary>
    public IReadOnlyList<(string Name, byte[] Fingerprint)> Fingerprints() =>
    [
        ("index", DeriveIndexKey("fingerprint")[..FingerprintLength]),
        .. Keys.Select(key => ($"key {key.Id}", Derive(key.Material, "fingerprint")[..FingerprintLength])),
    ];

    /// <summary>Zeroes the ring's copies of all keys.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_indexKey);
        foreach (var key in Keys)
        {
            CryptographicOperations.ZeroMemory(key.Material);
        }
    }

    /// <summary>Builds, for each key of the ring, what works with the key derived from it for one purpose.</summary>
    /// <returns>256 places, by key id; null where the ring has no key.</returns>
    internal T?[] ForEachKey<T>(string label, Func<byte[], T> build)
        where T : class
    {
        var built = new T?[_byId.Length];
        foreach (var key in Keys)
        {
            built[key.Id] = build(Derive(key.Material, label));
        }

        return built;
    }

    /// <summary>Derives a key for one purpose from the index key.</summary>
    internal byte[] DeriveIndexKey(string label) => Derive(_indexKey, label);

    private byte[] Derive(byte[] material, string label)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var derived = new byte[RingKey.MaterialLength];
        KeyMaterial.Derive(material, label, derived);
        return derived;
    }

    private void Add(RingKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (_byId[key.Id] is not null)
        {
            throw new KeyRingException($"key {key.Id} is there twice");
        }

        // A copied entry with a new id is a turnover that changes nothing; a copied index key turns over when it must not.
        foreach (var other in Keys)
        {
            if (CryptographicOperations.FixedTimeEquals(other.Material, key.Material))
            {
                throw new KeyRingException($"key {key.Id} has the same material as key {other.Id}");
            }
        }

        if (CryptographicOperations.FixedTimeEquals(_indexKey, key.Material))
        {
            throw new KeyRingException($"key {key.Id} has the same material as the index key");
        }

        // Its own copy, so that disposing one ring does not zero the keys of its successor.
        _byId[key.Id] = new RingKey(key.Id, key.Material, key.CreatedTime);
    }
}
