using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_reportCallEvents = Script.OnCall("ReportCallEvents");

    /// <inheritdoc/>
    public async ValueTask<CallEventsAnswer> ReportCallEventsAsync(CallEventsStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await registry.FindBlockAsync(step.Block, cancellation) is not { } block)
            return new(CallEventsOutcome.LeaseUnknown);
        var index = block.Entry.IndexOf(step.Lease.Slot);
        // Another instance may have added the number, or filled the block, a moment ago.
        if (!block.IsFilled || index >= block.Entry.NumberCount)
            await registry.RefreshAsync(cancellation);
        if (!block.IsFilled || index >= block.Entry.NumberCount)
            return new(CallEventsOutcome.LeaseUnknown);
        if (step.Scope?.Includes(block.Entry.NumberOf(step.Lease.Slot), block.Pool) == false)
            return new(CallEventsOutcome.LeaseUnknown);

        var answer = (RedisResult[])(await RunOnCallAsync(
            s_reportCallEvents,
            block,
            [block.Meta, block.Calls, block.CallsDue],
            [
                .. CallArguments(step.Call, step.Lease, CallFormat.Pack(step.Source, index), step.Keeping, now),
                CallFormat.Pack(step.Events),
                CallEvent.MostPerCall,
            ],
            cancellation))!;
        return (string)answer[0]! switch
        {
            "other" => new(CallEventsOutcome.OtherLease),
            "many" => new(CallEventsOutcome.TooMany),
            _ => new(CallEventsOutcome.Added, (int)answer[1], (int)answer[2]),
        };
    }
}
