namespace VirtualNumber.Leasing;

/// <summary>Whether calls to a virtual number arrive, as a gateway finds. The values are those of the public document.</summary>
public enum NumberHealth
{
    /// <summary>Not a state.</summary>
    Unspecified = 0,

    /// <summary>They do not.</summary>
    Faulty = 1,

    /// <summary>They do.</summary>
    Well = 2,
}

/// <summary>What becomes of numbers that were faulty.</summary>
public sealed class NumberHealthOptions
{
    /// <summary>How long a number stays out of allocation after a gateway has found it well again. 0 to 30 days. Default 1 hour.</summary>
    public TimeSpan Probation { get; set; } = TimeSpan.FromHours(1);

    /// <summary>What is wrong with it, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Probation < TimeSpan.Zero || Probation > TimeSpan.FromDays(30))
            yield return $"{nameof(Probation)} must be 0 to 30 days.";
    }
}
