using System.Buffers.Binary;

namespace VirtualNumber.Sealing;

/// <summary>
/// Randomness that a seed replays, for tests and simulations. Anybody can predict it: never for keys, nonces or claims in service.
/// </summary>
/// <remarks>
/// SplitMix64 (Steele, Lea, Flood 2014). Written out because <see cref="Random"/> promises no sequence across .NET versions,
/// and a printed seed should still replay the failure next year.
/// </remarks>
public sealed class SeededRandom : IRandomSource
{
    private readonly Lock _lock = new();
    private ulong _state;

    /// <param name="seed">The same seed gives the same sequence of answers to the same sequence of calls.</param>
    public SeededRandom(ulong seed) => _state = seed;

    /// <inheritdoc/>
    public void Fill(Span<byte> destination)
    {
        lock (_lock)
        {
            Span<byte> word = stackalloc byte[sizeof(ulong)];
            for (; !destination.IsEmpty; destination = destination[Math.Min(word.Length, destination.Length)..])
            {
                BinaryPrimitives.WriteUInt64BigEndian(word, NextWord());
                word[..Math.Min(word.Length, destination.Length)].CopyTo(destination);
            }
        }
    }

    /// <inheritdoc/>
    public int Next(int exclusiveUpperBound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveUpperBound, 1);
        var bound = (ulong)exclusiveUpperBound;

        // Words beyond the last whole multiple of the bound would favour the small remainders.
        var limit = ulong.MaxValue - (ulong.MaxValue % bound);
        lock (_lock)
        {
            ulong word;
            do
            {
                word = NextWord();
            }
            while (word >= limit);

            return (int)(word % bound);
        }
    }

    private ulong NextWord()
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
