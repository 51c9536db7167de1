using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <inheritdoc/>
    public async ValueTask<RouteAnswer> ResolveAsync(RouteStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await registry.LocateAsync(step.Called, cancellation) is not var (block, slot))
            return new(RouteOutcome.NotStocked);

        // Nobody has leased from it: whatever is in its keys is not its own.
        if (!block.IsFilled)
        {
            await registry.RefreshAsync(cancellation);
            if (!block.IsFilled)
                return new(RouteOutcome.NotLeased);
        }

        // One HGET, from the primary: the record alone tells all.
        var packed = await calls.CallAsync(
            "Resolve",
            (block.Routes, Slot: slot),
            static (database, call, _) => database.HashGetAsync(call.Routes, SlotText(call.Slot), RedisCalls.Primary),
            cancellation);
        if (packed.IsNull)
        {
            await EnsureThereAsync(block, cancellation);
            return new(RouteOutcome.NotLeased);
        }

        // Empty: suspended, and without a record.
        var bytes = (byte[])packed!;
        if (bytes.Length == 0 || RecordFormat.IsSuspended(bytes))
            return new(RouteOutcome.Suspended);

        // The number that was called is the slot's.
        var record = RecordFormat.Unpack(bytes, block.Pool, block.Id, slot, step.Called);
        return new(record.IsLive(now) ? RouteOutcome.Route : RouteOutcome.Ended, record, block.Pool.WithheldCallersAllowed);
    }
}
