using StackExchange.Redis;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_appendEvents = Script.Alone("AppendEvents");

    /// <inheritdoc/>
    public async ValueTask<EventPosition> FindForwardedAsync(Digest stream, uint block, CancellationToken cancellation)
    {
        var known = (string?)await calls.CallAsync(
            "FindForwarded",
            (Key: Keys.EventPositions(stream), Field: FieldOf(block)),
            static (database, asked, _) => database.HashGetAsync(asked.Key, asked.Field, RedisCalls.Primary),
            cancellation);
        return known is null ? default : EventPosition.Parse(known);
    }

    /// <inheritdoc/>
    public async ValueTask<EventPosition> AppendEventsAsync(AppendEventsStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        RedisValue[] values =
        [
            FieldOf(step.Block), TextOf(step.From), TextOf(step.To), Ms(step.KeepFrom), step.MostKept, IEventStore.MostCutAtOnce,
            .. step.Events.Select(lease => (RedisValue)EventFormat.Pack(lease)),
        ];
        var known = (string)(await calls.RunAsync(s_appendEvents, Keys.OfEvents(step.Stream), values, cancellation))!;
        return known.Length == 0 ? default : EventPosition.Parse(known);
    }

    private static RedisValue FieldOf(uint block) => (long)block;
}
