using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace VirtualNumber.Sealing;

/// <summary>
/// Ciphers (or MACs) of one derived key, set up once and lent to one thread at a time.
/// </summary>
/// <remarks>
/// On Linux an <see cref="AesGcm"/> keeps one OpenSSL context and writes nonce and data into it call by call, so two threads in one
/// instance mix their messages (tried: most of them fail to open). The others here are no different, and setting one up for each call
/// costs more than the call.
/// There are never more than threads that were inside at the same time.
/// </remarks>
internal sealed class CipherPool<T>(byte[] key, Func<byte[], T> create) : IDisposable
    where T : class, IDisposable
{
    private readonly ConcurrentQueue<T> _idle = new();
    private T? _first;
    private volatile bool _disposed;

    /// <summary>Lends a cipher; give it back with <see cref="Return"/>.</summary>
    public T Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.Exchange(ref _first, null) ?? (_idle.TryDequeue(out var cipher) ? cipher : create(key));
    }

    /// <summary>Takes a lent cipher back.</summary>
    public void Return(T cipher)
    {
        if (_disposed)
        {
            cipher.Dispose();
        }
        else if (Interlocked.CompareExchange(ref _first, cipher, null) is not null)
        {
            _idle.Enqueue(cipher);
        }
    }

    /// <summary>Zeroes the key and disposes the ciphers that are not lent.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(key);
        Interlocked.Exchange(ref _first, null)?.Dispose();
        while (_idle.TryDequeue(out var cipher))
        {
            cipher.Dispose();
        }
    }
}
