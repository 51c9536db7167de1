namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>What does not change about a lease, and the numbering of the requests on it.</summary>
internal sealed class LeaseFacts(ChaosRules rules, string id, long epoch)
{
    private readonly Dictionary<(Verb, string), int> _bits = [];

    public ChaosRules Rules => rules;

    public string Id => id;

    /// <summary>When it was made, by the service's clock.</summary>
    public long Epoch => epoch;

    /// <summary>The delivery that it is for.</summary>
    public string Delivery { get; set; } = "";

    /// <summary>Its number as it is printed.</summary>
    public string Number { get; set; } = "";

    /// <summary>Beyond this it cannot last.</summary>
    public long Cap => epoch + rules.Terms.HardCap.Ticks;

    /// <summary>The bit of a request of a verb, the same for all its repeats.</summary>
    public ulong BitOf(Verb verb, string request)
    {
        if (!_bits.TryGetValue((verb, request), out var bit))
            _bits[(verb, request)] = bit = _bits.Keys.Count(key => key.Item1 == verb);
        return 1UL << bit;
    }
}
