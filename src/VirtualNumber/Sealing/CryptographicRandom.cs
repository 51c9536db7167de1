using System.Security.Cryptography;

namespace VirtualNumber.Sealing;

/// <summary>Randomness of the operating system: what the service uses.</summary>
public sealed class CryptographicRandom : IRandomSource
{
    private CryptographicRandom()
    {
    }

    /// <summary>The one instance; it has no state.</summary>
    public static CryptographicRandom Instance { get; } = new();

    /// <inheritdoc/>
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);

    /// <inheritdoc/>
    public int Next(int exclusiveUpperBound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveUpperBound, 1);
        return RandomNumberGenerator.GetInt32(exclusiveUpperBound);
    }
}
