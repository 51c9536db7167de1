namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>A lease of the history: how it was asked for, and what it has come to.</summary>
/// <param name="Facts">What does not change.</param>
/// <param name="Creation">The call that asked for it, or one of its repeats.</param>
internal sealed record Followed(LeaseFacts Facts, Call Creation)
{
    /// <summary>All calls that tell of it.</summary>
    public List<Call> Calls { get; } = [];

    /// <summary>The states that it may be in at the end.</summary>
    public IReadOnlyCollection<LeaseState> Finally { get; set; } = [];

    /// <summary>Which promises about it were broken.</summary>
    public HashSet<BreachKind> Broken { get; } = [];

    /// <summary>It held its slot at least until then.</summary>
    public long HeldUntil => Finally.Count == 0 ? Facts.Epoch : Finally.Min(state => state.Low);

    public bool IsPair => Creation.Pair;
}
