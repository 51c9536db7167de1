using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace VirtualNumber.Sealing;

/// <summary>
/// Seals real numbers with AES-256-GCM, so that they can be stored: unreadable, of one length, and bound to where they belong.
/// </summary>
/// <remarks>
/// <para>
/// Layout, 53 bytes: key id (1), nonce (12, random), ciphertext (24), tag (16). The plaintext is a length byte, the canonical number in
/// ASCII (at most 23 characters; the longest, <c>86:700123456789012</c>, has 18), and zeros, so that the number's length does not show.
/// </para>
/// <para>
/// GCM is safe only while no nonce comes twice under one key. With random nonces of 96 bits NIST SP 800-38D (8.3) allows 2^32 seals
/// of one key; here it is fewer than 2^31. They are counted per process, so an operator with N instances turns the key over
/// before 2^31 seals of all together: at a thousand per second, every three weeks.
/// </para>
/// <para>Safe for concurrent use; keeps what it needs of the ring.</para>
/// </remarks>
public sealed class NumberSealer : IDisposable
{
    /// <summary>Length of every sealed number, in bytes.</summary>
    public const int SealedLength = CiphertextOffset + PaddedLength + TagLength;

    /// <summary>The longest canonical number that can be sealed, in characters.</summary>
    public const int MaxNumberLength = PaddedLength - 1;

    /// <summary>How many numbers a process may seal with one key: 2^31 - 1.</summary>
    public const long MaxSealsPerKey = int.MaxValue;

    private const int NonceOffset = 1;
    private const int NonceLength = 12;
    private const int CiphertextOffset = NonceOffset + NonceLength;
    private const int PaddedLength = 24;
    private const int TagLength = 16;

    private static readonly SearchValues<char> CanonicalCharacters = SearchValues.Create("0123456789:");

    private readonly CipherPool<AesGcm>?[] _ciphers;
    private readonly byte _currentKeyId;
    private readonly IRandomSource _nonces;
    private readonly long _sealLimit;
    private long _sealCount;

    /// <param name="ring">The keys. May be disposed after this.</param>
    public NumberSealer(KeyRing ring)
        : this(ring, CryptographicRandom.Instance, MaxSealsPerKey)
    {
    }

    /// <summary>
    /// The seam for tests that pin the layout and the limit. Nonces must never repeat: a seeded source has no place in service.
    /// </summary>
    internal NumberSealer(KeyRing ring, IRandomSource nonces, long sealLimit)
    {
        ArgumentNullException.ThrowIfNull(ring);
        _ciphers = ring.ForEachKey("seal", key => new CipherPool<AesGcm>(key, bytes => new AesGcm(bytes, TagLength)));
        _currentKeyId = ring.CurrentKeyId;
        _nonces = nonces;
        _sealLimit = sealLimit;
    }

    /// <summary>Seals a number with the current key.</summary>
    /// <param name="canonicalNumber">The canonical form, such as <c>86:17012345678</c>: 1 to 23 characters, digits and <c>:</c>.</param>
    /// <param name="context">Where it belongs. Needed again to open it.</param>
    /// <returns>53 bytes, different each time.</returns>
    /// <exception cref="ArgumentException">The number or the context is not of that form. The message does not hold the number.</exception>
    /// <exception cref="KeyExhaustedException">This process has sealed 2^31 - 1 numbers with the current key.</exception>
    public byte[] Seal(ReadOnlySpan<char> canonicalNumber, in SealContext context)
    {
        Span<byte> padded = stackalloc byte[PaddedLength];
        Pad(canonicalNumber, padded);
        Span<byte> associated = stackalloc byte[SealContext.MaxEncodedLength];
        associated = associated[..context.Encode(associated)];

        // The limit is checked by counting, so that it also holds between threads.
        if (Interlocked.Increment(ref _sealCount) > _sealLimit)
        {
            Interlocked.Decrement(ref _sealCount);
            throw new KeyExhaustedException(_currentKeyId, _sealLimit);
        }

        var sealedNumber = new byte[SealedLength];
        sealedNumber[0] = _currentKeyId;
        var nonce = sealedNumber.AsSpan(NonceOffset, NonceLength);
        _nonces.Fill(nonce);
        var pool = _ciphers[_currentKeyId]!;
        var cipher = pool.Rent();
        try
        {
            cipher.Encrypt(
                nonce,
                padded,
                sealedNumber.AsSpan(CiphertextOffset, PaddedLength),
                sealedNumber.AsSpan(CiphertextOffset + PaddedLength),
                associated);
        }
        finally
        {
            pool.Return(cipher);
            CryptographicOperations.ZeroMemory(padded);
        }

        return sealedNumber;
    }

    /// <summary>Opens a sealed number.</summary>
    /// <param name="sealedNumber">What <see cref="Seal"/> gave, under any key that is in the ring.</param>
    /// <param name="context">The context it was sealed with.</param>
    /// <returns>The canonical number.</returns>
    /// <exception cref="SealException">It does not open; the exception says why.</exception>
    public string Open(ReadOnlySpan<byte> sealedNumber, in SealContext context) =>
        TryOpen(sealedNumber, context, out var canonicalNumber, out var fault) ? canonicalNumber : throw new SealException(fault);

    /// <summary>Opens a sealed number, or says why it does not open.</summary>
    /// <param name="sealedNumber">What <see cref="Seal"/> gave, under any key that is in the ring.</param>
    /// <param name="context">The context it was sealed with.</param>
    /// <param name="canonicalNumber">The canonical number.</param>
    /// <param name="fault">Why it does not open.</param>
    public bool TryOpen(
        ReadOnlySpan<byte> sealedNumber, in SealContext context, [NotNullWhen(true)] out string? canonicalNumber, out SealFault fault)
    {
        canonicalNumber = null;
        var pool = sealedNumber.IsEmpty ? null : _ciphers[sealedNumber[0]];
        if (pool is null || sealedNumber.Length != SealedLength)
        {
            fault = pool is null && !sealedNumber.IsEmpty ? SealFault.UnknownKey : SealFault.Malformed;
            return false;
        }

        Span<byte> associated = stackalloc byte[SealContext.MaxEncodedLength];
        associated = associated[..context.Encode(associated)];
        Span<byte> padded = stackalloc byte[PaddedLength];
        if (!Decrypt(pool, sealedNumber, padded, associated))
        {
            fault = SealFault.Tampered;
            return false;
        }

        canonicalNumber = Unpad(padded);
        CryptographicOperations.ZeroMemory(padded);
        fault = canonicalNumber is null ? SealFault.Malformed : SealFault.None;
        return canonicalNumber is not null;
    }

    /// <summary>Zeroes the derived keys.</summary>
    public void Dispose()
    {
        foreach (var pool in _ciphers)
        {
            pool?.Dispose();
        }
    }

    private static bool Decrypt(CipherPool<AesGcm> pool, ReadOnlySpan<byte> sealedNumber, Span<byte> padded, ReadOnlySpan<byte> associated)
    {
        var cipher = pool.Rent();
        try
        {
            cipher.Decrypt(
                sealedNumber.Slice(NonceOffset, NonceLength),
                sealedNumber.Slice(CiphertextOffset, PaddedLength),
                sealedNumber[(CiphertextOffset + PaddedLength)..],
                padded,
                associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            pool.Return(cipher);
        }
    }

    private static void Pad(ReadOnlySpan<char> canonicalNumber, Span<byte> padded)
    {
        if (canonicalNumber.IsEmpty || canonicalNumber.Length > MaxNumberLength || canonicalNumber.ContainsAnyExcept(CanonicalCharacters))
        {
            throw new ArgumentException(
                $"A canonical number has 1 to {MaxNumberLength} characters, digits and a colon.", nameof(canonicalNumber));
        }

        padded.Clear();
        padded[0] = (byte)canonicalNumber.Length;
        Encoding.ASCII.GetBytes(canonicalNumber, padded[1..]);
    }

    private static string? Unpad(ReadOnlySpan<byte> padded)
    {
        var length = padded[0];
        return length is > 0 and <= MaxNumberLength && !padded[(1 + length)..].ContainsAnyExcept((byte)0)
            ? Encoding.ASCII.GetString(padded.Slice(1, length))
            : null;
    }
}
