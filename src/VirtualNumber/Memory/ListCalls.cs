using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <summary>Lists the calls behind a place; null when that was all, else the place to go on from.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="from">The place.</param>
    /// <param name="limit">So many may be in the list.</param>
    /// <param name="budget">So many may be looked at; counted down.</param>
    /// <param name="found">The list.</param>
    public CallCursor? CollectCalls(CallFilter filter, CallCursor from, int limit, ref int budget, List<(uint Block, CallRecord Call)> found)
    {
        lock (Gate)
        {
            var at = from;
            foreach (var call in _calls.After(at.Due, at.Call))
            {
                if (found.Count >= limit || budget-- <= 0)
                    return at;
                at = at with { Due = call.DueTime, Call = call.Call };
                if (filter.Matches(call))
                    found.Add((Id, call));
            }

            return null;
        }
    }
}
