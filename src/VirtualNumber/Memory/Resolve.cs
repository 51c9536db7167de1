using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.ResolveAsync"/>
    public RouteAnswer Resolve(uint index, RouteStep step, DateTimeOffset now)
    {
        lock (Gate)
            return FindRoute(index, step, now);
    }

    /// <summary>
    /// The route of the number at a place. A read: it judges by mark and time, and leaves the writing down to those who change something.
    /// A number that the registry knows and the block does not is about to be added: nobody holds it.
    /// </summary>
    protected abstract RouteAnswer FindRoute(uint index, RouteStep step, DateTimeOffset now);

    /// <summary>The answer with a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="isLive">Whether the call goes through.</param>
    protected RouteAnswer RouteOf(LeaseRecord record, bool isLive) =>
        new(isLive ? RouteOutcome.Route : RouteOutcome.Ended, record, Pool.WithheldCallersAllowed);
}
