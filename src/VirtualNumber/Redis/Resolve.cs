using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_resolvePair = Script.OnSharedBlock("ResolvePair").Unconfirmed();

    /// <inheritdoc/>
    public async ValueTask<RouteAnswer> ResolveAsync(RouteStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await registry.LocateAsync(step.Called, cancellation) is not var (block, index))
            return new(RouteOutcome.NotStocked);

        block.ThrowIfBarred();
        if (!block.IsFilled && !await IsFilledByNowAsync(block, cancellation))
            return new(RouteOutcome.NotLeased);

        if (block.Pool.Mode == PoolMode.Pair)
            return step.Party is { } party ? await ResolvePairAsync(block, index, party, step.Called, now, cancellation) : new(RouteOutcome.NotLeased);
        var slot = index;
        if (block.IsShared)
        {
            var slots = block.Pool.SlotsPerNumber();
            if (step.Part >= slots)
                return new(RouteOutcome.NotLeased);
            slot = (index * slots) + step.Part;
        }

        // One HGET, from the primary: the record alone tells all.
        var packed = await ReadOnBlockAsync(
            "Resolve",
            block,
            (Block: block, Slot: slot),
            static (database, call, _) => database.HashGetAsync(call.Block.Routes, call.Block.SlotText(call.Slot), RedisCalls.Primary),
            cancellation);
        if (packed.IsNull)
        {
            await EnsureThereAsync(block, cancellation);
            return new(RouteOutcome.NotLeased);
        }

        var answer = RouteOf((byte[])packed!, block, slot, step.Called, now);
        // An extension that rests is refused in the same two round trips as one that was never used: how long it takes tells nothing.
        if (block.IsShared && answer.Outcome != RouteOutcome.Route)
            await EnsureThereAsync(block, cancellation);
        return answer;
    }

    private static RouteAnswer RouteOf(byte[] packed, RedisBlock block, uint slot, PhoneNumber called, DateTimeOffset now)
    {
        // Empty: suspended, and without a record.
        if (packed.Length == 0 || RecordFormat.IsSuspended(packed))
            return new(RouteOutcome.Suspended);

        // The number that was called is the slot's.
        var record = RecordFormat.Unpack(packed, block.Entry, slot, called);
        return new(record.IsLive(now) ? RouteOutcome.Route : RouteOutcome.Ended, record, block.Pool.WithheldCallersAllowed);
    }

    /// <summary>The party's own slot first, then its record: in one script, lest another lease gets the slot in between.</summary>
    private async ValueTask<RouteAnswer> ResolvePairAsync(
        RedisBlock block, uint index, Sealing.Digest party, PhoneNumber called, DateTimeOffset now, CancellationToken cancellation)
    {
        var answer = await RunOnBlockAsync(
            s_resolvePair, block, now, cancellation, IndexText(index), party.ToArray(), Ms(block.Pool.Aging));
        if (answer.Length == 0)
            return new(RouteOutcome.NotLeased);
        var route = RouteOf((byte[])answer[1]!, block, uint.Parse((string)answer[0]!, CultureInfo.InvariantCulture), called, now);
        var isOn = route.Record is not { } record || party == record.NumberDigest || party == record.Pair?.Peer;
        return isOn ? route : route with { Outcome = RouteOutcome.Ended };
    }
}
