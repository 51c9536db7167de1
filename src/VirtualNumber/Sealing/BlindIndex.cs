using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace VirtualNumber.Sealing;

/// <summary>
/// Keyed digests of what must be found by number or waybill and may not be stored in clear: HMAC-SHA-256 under the ring's index key.
/// </summary>
/// <remarks>
/// A plain hash of a telephone number hides nothing, since all numbers there are can be tried in minutes. Each purpose has its own derived
/// key, so digests of different purposes cannot be compared. Safe for concurrent use; keeps what it needs of the ring.
/// </remarks>
public sealed class BlindIndex : IDisposable
{
    /// <summary>Purposes of one instance, at most. They are constants of the code; more means that data was passed as a purpose.</summary>
    public const int MaxPurposes = 64;

    private const int StackLength = 512;

    private readonly ConcurrentDictionary<string, CipherPool<IncrementalHash>> _macs = new(StringComparer.Ordinal);
    private readonly KeyRing _ring;
    private volatile bool _disposed;

    /// <param name="ring">The ring whose index key is used. Disposed by its owner, after this.</param>
    public BlindIndex(KeyRing ring)
    {
        ArgumentNullException.ThrowIfNull(ring);
        _ring = ring;
    }

    /// <summary>The digest of the parts, in their order, for one purpose.</summary>
    /// <param name="purpose">A constant of the code, at most 64 characters of ASCII, such as <c>delivery</c>.</param>
    /// <param name="parts">Any texts. Where one part ends and the next begins counts: ("ab","c") and ("a","bc") differ.</param>
    /// <exception cref="ArgumentException">A part is not valid Unicode, or the purpose is too long.</exception>
    public Digest Of(string purpose, params ReadOnlySpan<string> parts)
    {
        var macs = MacsOf(purpose);
        var maxLength = 0;
        foreach (var part in parts)
        {
            maxLength += StrictText.MaxPartLength(part);
        }

        var rented = maxLength > StackLength ? ArrayPool<byte>.Shared.Rent(maxLength) : null;
        try
        {
            Span<byte> message = rented ?? stackalloc byte[StackLength];
            var length = 0;
            foreach (var part in parts)
            {
                length += StrictText.WritePart(part, message[length..]);
            }

            Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
            Compute(macs, message[..length], mac);
            CryptographicOperations.ZeroMemory(message[..length]);
            return new Digest(mac[..Digest.Length]);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Zeroes the derived keys.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (var macs in _macs.Values)
        {
            macs.Dispose();
        }
    }

    private static void Compute(CipherPool<IncrementalHash> macs, ReadOnlySpan<byte> message, Span<byte> destination)
    {
        // Kept from call to call: setting up an HMAC for each digest would more than double its cost.
        var mac = macs.Rent();
        mac.AppendData(message);
        mac.GetHashAndReset(destination);
        macs.Return(mac);
    }

    private CipherPool<IncrementalHash> MacsOf(string purpose)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _macs.TryGetValue(purpose, out var macs) ? macs : AddPurpose(purpose);
    }

    private CipherPool<IncrementalHash> AddPurpose(string purpose)
    {
        Purposes.Check(purpose);
        if (_macs.Count >= MaxPurposes)
        {
            throw new InvalidOperationException($"More than {MaxPurposes} purposes: is data passed as a purpose?");
        }

        return _macs.GetOrAdd(purpose, static (name, ring) => CreatePool(ring.DeriveIndexKey("index/" + name)), _ring);
    }

    private static CipherPool<IncrementalHash> CreatePool(byte[] key) =>
        new(key, bytes => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, bytes));
}
