using StackExchange.Redis;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_readEvents = Script.Alone("ReadEvents");

    /// <inheritdoc/>
    /// <remarks>By a script, which waits for replicas where that is declared: a cursor is not to lie where a fail-over puts other events.</remarks>
    public async ValueTask<EventPage> ReadEventsAsync(Digest stream, EventPosition? after, int limit, CancellationToken cancellation)
    {
        RedisValue[] values = [after is { } position ? position.ToString() : RedisValue.EmptyString, limit];
        var answer = (RedisResult[])(await calls.RunAsync(s_readEvents, Keys.OfEvents(stream), values, cancellation))!;
        var events = new List<StreamedEvent>();
        for (var at = 2; at < answer.Length; at += 2)
            events.Add(new(EventPosition.Parse((string)answer[at]!), EventFormat.Unpack((byte[])answer[at + 1]!)));
        return new(events, PositionOf(answer[0]), PositionOf(answer[1]));
    }

    private static EventPosition PositionOf(RedisResult text) => (string)text! is { Length: > 0 } known ? EventPosition.Parse(known) : default;
}
