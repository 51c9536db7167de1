namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>What the checker found in a history.</summary>
internal sealed class Verdict
{
    /// <summary>Broken promises that nothing excuses.</summary>
    public List<Breach> Violations { get; } = [];

    /// <summary>Losses, and what comes of them, that the level admits when a master is lost.</summary>
    public List<Breach> Admitted { get; } = [];

    /// <summary>
    /// Look-ups that were on their way at a frozen or cut off master and saw the state before: design section 7 allows each one once.
    /// </summary>
    public List<Call> Stale { get; } = [];

    /// <summary>Leases whose look-ups, as a master was lost, saw a change that went with it and that nobody was told of.</summary>
    public int Unconfirmed { get; set; }

    /// <summary>Leases that were followed.</summary>
    public int Leases { get; set; }

    /// <summary>Deliveries that were followed.</summary>
    public int Deliveries { get; set; }

    /// <summary>How often a slot or a party's place was leased again.</summary>
    public int Reused { get; set; }

    /// <summary>The shortest rest of a slot between two holders that was seen, in ticks; where none was: long.MaxValue.</summary>
    public long ShortestRest { get; set; } = long.MaxValue;

    /// <summary>Leases and deliveries with too many possibilities: not checked.</summary>
    public int GivenUp { get; set; }

    /// <summary>Why the history proves little, whatever it breaks; empty: it does not.</summary>
    public string Doubt { get; set; } = "";

    /// <summary>Whether all invariants held, in a history that could have broken them.</summary>
    public bool Holds => Violations.Count + GivenUp == 0 && Doubt.Length == 0;
}
