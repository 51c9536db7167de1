namespace VirtualNumber.Sealing;

/// <summary>
/// The one source of chance, injected: unpredictable in the service, replayable in tests. Implementations are safe for concurrent use.
/// </summary>
public interface IRandomSource
{
    /// <summary>Fills the whole destination with random bytes.</summary>
    void Fill(Span<byte> destination);

    /// <summary>A number from 0 up to, but not including, the bound; each equally likely.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is less than 1.</exception>
    int Next(int exclusiveUpperBound);
}
