using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>So many calls one page counts: all that a block keeps by default, so that a lease or a number is one page.</summary>
    private const int CallsPerCount = 20_000;

    /// <summary>
    /// The calls of a pool, to be counted, with a bounded amount of work: counts are made of the records and nothing else, so that there is no
    /// second truth that could differ. Callers stay sealed.
    /// </summary>
    public ValueTask<ListCallsAnswer> GetCallStatsAsync(Pool owner, CallSelection selection, CallCursor from, CancellationToken cancellation) =>
        ListCallsAsync(owner, selection, from, CallsPerCount, CallsPerCount, showCallers: false, cancellation);
}
