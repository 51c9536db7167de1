namespace VirtualNumber.Load.Fuzz;

/// <summary>One input: made from the seed and its number alone, so that it can be made again.</summary>
internal abstract class FuzzInput
{
    /// <summary>What is sent, in short, for the report of a failure.</summary>
    public abstract string Describe();

    /// <summary>Sends it.</summary>
    /// <returns>How it was answered or refused.</returns>
    /// <exception cref="FuzzFaultException">It was answered as it must not be.</exception>
    public abstract Task<string> SendAsync(FuzzTarget target, CancellationToken cancellation);

    /// <summary>Makes an input.</summary>
    public static FuzzInput Make(int seed, long number, ValidRequests valid)
    {
        var random = new Random(Mixed(seed, number));
        return random.Next(100) switch
        {
            < 45 => new CallInput(valid, random, hostileFrame: false),
            < 65 => new CallInput(valid, random, hostileFrame: true),
            < 72 => new ConnectionInput(valid, random),
            _ => new TextInput(valid, random),
        };
    }

    /// <summary>SplitMix64: neighbouring numbers are to have nothing in common.</summary>
    private static int Mixed(int seed, long number)
    {
        var z = unchecked(((ulong)(uint)seed << 40) + (ulong)number + 0x9E3779B97F4A7C15UL);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return unchecked((int)(z ^ (z >> 31)));
    }
}

/// <summary>An input was answered as none must be.</summary>
internal sealed class FuzzFaultException(string message) : Exception(message);
