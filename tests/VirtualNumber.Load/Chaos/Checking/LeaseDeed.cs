namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>What one call did to one lease, or saw of it.</summary>
/// <param name="call">The call.</param>
/// <param name="facts">What does not change about the lease.</param>
internal abstract class LeaseDeed(Call call, LeaseFacts facts) : IDeed<LeaseState>
{
    public Call Call => call;

    public virtual long Start => call.Start;

    public virtual long End => Answered ? call.End : call.Start + facts.Rules.LateWithin.Ticks;

    public bool Answered => call.Outcome != CallEnd.Unclear;

    protected LeaseFacts Facts => facts;

    protected long Tolerance => facts.Rules.Tolerance.Ticks;

    public abstract IEnumerable<LeaseState> From(LeaseState state, long now);

    /// <summary>One state, or none.</summary>
    protected static IEnumerable<LeaseState> If(bool possible, LeaseState state) => possible ? [state] : [];

    /// <summary>A lease as an answer shows it, by a clock reading within the call: live or over, until when, how often extended.</summary>
    protected IEnumerable<LeaseState> Shown(LeaseState state, SeenLease seen, bool countExtensions = true)
    {
        if (state.Gone || (countExtensions && seen.Extensions != state.ExtensionCount) || state.WithExpire(seen.Expire, Tolerance) is not { } told)
            return [];
        if (seen.IsLive)
            return If(told.End == default && Start < seen.Expire + Tolerance, told);
        return If(told.End == seen.End || (told.End == default && seen.End == Leasing.EndReason.Expired && call.End >= seen.Expire - Tolerance), told);
    }

    /// <summary>A step that acts on the lease found it over, and has written that down.</summary>
    protected IEnumerable<LeaseState> FoundOver(LeaseState state) =>
        state.End != default ? [state] : If(state.MayBeOver(End, Tolerance), state with { End = Leasing.EndReason.Expired });

    /// <summary>Its record is not there: it is over and has rested.</summary>
    protected IEnumerable<LeaseState> FoundGone(LeaseState state) => If(
        state.Gone || call.End >= state.Low + facts.Rules.Aging.Ticks - Tolerance,
        state with { Gone = true, End = state.End == default ? Leasing.EndReason.Expired : state.End });
}
