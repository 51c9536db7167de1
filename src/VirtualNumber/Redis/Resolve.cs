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
        if (block.IsShared)
            return await ResolveSharedAsync(block, index, step, now, cancellation);

        // One HGET, from the primary: the record alone tells all.
        var packed = await ReadOnBlockAsync(
            "Resolve",
            block,
            (Block: block, Slot: index),
            static (database, call, _) => database.HashGetAsync(call.Block.Routes, call.Block.SlotText(call.Slot), RedisCalls.Primary),
            cancellation);
        if (!packed.IsNull)
            return RouteOf((byte[])packed!, block, index, step.Called, now);
        await EnsureThereAsync(block, cancellation);
        return new(RouteOutcome.NotLeased);
    }

    /// <summary>
    /// By extension. Whether the block is there is asked beside the record and not after it, whatever comes of it: an extension that lives,
    /// one that rests and one that was never used cost the same one round trip, so that how long a refusal takes tells nothing.
    /// </summary>
    private async ValueTask<RouteAnswer> ResolveSharedAsync(
        RedisBlock block, uint index, RouteStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        var slots = block.Pool.SlotsPerNumber();
        if (step.Part >= slots)
            return new(RouteOutcome.NotLeased);

        var watch = block.Watch;
        var slot = (index * slots) + step.Part;
        var (packed, isThere) = await ReadOnBlockAsync(
            "Resolve",
            block,
            (Block: block, Slot: slot),
            static async (database, call, _) =>
            {
                var there = database.KeyExistsAsync(call.Block.Meta, RedisCalls.Primary);
                var packed = database.HashGetAsync(call.Block.Routes, call.Block.SlotText(call.Slot), RedisCalls.Primary);
                await Task.WhenAll(there, packed);
                return (await packed, await there);
            },
            cancellation);
        var answer = packed.IsNull ? new(RouteOutcome.NotLeased) : RouteOf((byte[])packed!, block, slot, step.Called, now);
        if (answer.Outcome != RouteOutcome.Route && !isThere)
            await ThrowLostAsync(block, watch, cancellation);
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
