using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace VirtualNumber.Sealing;

/// <summary>
/// Makes tokens that callers carry back unread, such as page tokens: nobody else can make or change one.
/// What is in them is <b>not hidden</b>.
/// </summary>
/// <remarks>
/// Bytes: key id (1), payload, MAC (16): the first half of an HMAC-SHA-256 over purpose (length in front), key id and payload.
/// As text: base64url.
/// Safe for concurrent use; keeps what it needs of the ring.
/// </remarks>
public sealed class TokenSealer : IDisposable
{
    /// <summary>The longest payload, in bytes.</summary>
    public const int MaxPayloadLength = 512;

    /// <summary>The longest token, in characters.</summary>
    public const int MaxTokenLength = (((1 + MaxPayloadLength + MacLength) * 4) + 2) / 3;

    private const int MacLength = 16;

    private readonly byte[]?[] _keys;
    private readonly byte _currentKeyId;

    /// <param name="ring">The keys. May be disposed after this.</param>
    public TokenSealer(KeyRing ring)
    {
        ArgumentNullException.ThrowIfNull(ring);
        _keys = ring.ForEachKey("token", key => key);
        _currentKeyId = ring.CurrentKeyId;
    }

    /// <summary>Makes a token with the current key.</summary>
    /// <param name="purpose">
    /// A constant of the code, 1 to 64 characters of ASCII: a token of one purpose is worth nothing for another.
    /// </param>
    /// <param name="payload">At most 512 bytes; nothing secret.</param>
    /// <exception cref="ArgumentException">The purpose or the payload is too long.</exception>
    public string Protect(string purpose, ReadOnlySpan<byte> payload)
    {
        Purposes.Check(purpose);
        if (payload.Length > MaxPayloadLength)
        {
            throw new ArgumentException($"A token carries at most {MaxPayloadLength} bytes.", nameof(payload));
        }

        Span<byte> token = stackalloc byte[1 + payload.Length + MacLength];
        token[0] = _currentKeyId;
        payload.CopyTo(token[1..]);
        ComputeMac(_keys[_currentKeyId]!, purpose, token[..^MacLength], token[^MacLength..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Reads a token made for this purpose, under any key that is in the ring.</summary>
    /// <param name="purpose">The purpose it was made for.</param>
    /// <param name="token">Anything.</param>
    /// <param name="payload">What is in it.</param>
    /// <returns>False for whatever was not made here for this purpose.</returns>
    public bool TryUnprotect(string purpose, string token, [NotNullWhen(true)] out byte[]? payload)
    {
        Purposes.Check(purpose);
        ArgumentNullException.ThrowIfNull(token);
        payload = null;
        Span<byte> bytes = stackalloc byte[1 + MaxPayloadLength + MacLength];
        if (token.Length > MaxTokenLength || !TryRead(token, ref bytes) || _keys[bytes[0]] is not { } key)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[MacLength];
        ComputeMac(key, purpose, bytes[..^MacLength], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[^MacLength..]))
        {
            return false;
        }

        payload = bytes[1..^MacLength].ToArray();
        return true;
    }

    /// <summary>Zeroes the derived keys.</summary>
    public void Dispose()
    {
        foreach (var key in _keys)
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Reads base64url in its one canonical spelling: no padding, no blanks, no stray bits at the end.</summary>
    private static bool TryRead(string token, ref Span<byte> bytes)
    {
        // Not the Try method, which throws on what is no base64url.
        if (Base64Url.DecodeFromChars(token, bytes, out _, out var length) != OperationStatus.Done || length < 1 + MacLength)
        {
            return false;
        }

        bytes = bytes[..length];
        return token.AsSpan().SequenceEqual(Base64Url.EncodeToString(bytes));
    }

    private static void ComputeMac(byte[] key, string purpose, ReadOnlySpan<byte> content, Span<byte> mac)
    {
        Span<byte> message = stackalloc byte[sizeof(uint) + (3 * (Purposes.MaxLength + 1)) + 1 + MaxPayloadLength];
        var length = StrictText.WritePart(purpose, message);
        content.CopyTo(message[length..]);
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, message[..(length + content.Length)], whole);
        whole[..MacLength].CopyTo(mac);
    }
}
