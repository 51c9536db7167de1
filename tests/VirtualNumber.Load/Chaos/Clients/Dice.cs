namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>Chance from a seed, for callers that do two things at once.</summary>
internal sealed class Dice(int seed)
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);

    public int Next(int limit) => Next(0, limit);

    public int Next(int least, int limit)
    {
        lock (_gate)
            return _random.Next(least, limit);
    }

    public double NextDouble()
    {
        lock (_gate)
            return _random.NextDouble();
    }
}
