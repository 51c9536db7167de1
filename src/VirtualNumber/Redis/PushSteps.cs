using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore : IPushStore
{
    private static readonly Script s_claimPushes = Script.Alone("Push", "ClaimPushes");
    private static readonly Script s_endPush = Script.Alone("Push", "EndPush");
    private static readonly Script s_retryPushes = Script.Alone("Push", "RetryPushes");

    /// <inheritdoc/>
    public async ValueTask<ClaimedPushes> ClaimPushesAsync(ClaimPushesStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        RedisValue[] values =
        [
            Ms(now), Keys.PositionOf(step.Queue.Webhook), step.MostOutstanding, step.MostParked, step.EventsPerPush, step.Limit, Ms(step.ClaimedFor),
            EventFormat.Pack(LeaseEvent.Lost(0, default, now)),
        ];
        var answer = (RedisResult[])(await calls.RunAsync(s_claimPushes, Keys.OfPushes(step.Queue), values, cancellation))!;
        var pushes = new List<Push>();
        for (var at = 4; at < answer.Length; at += 2)
            pushes.Add(PushFormat.Unpack((string)answer[at]!, (byte[])answer[at + 1]!));
        return new(pushes, (int)answer[0], (int)answer[1], (int)answer[2] == 1, (int)answer[3] == 1);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> EndPushAsync(EndPushStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        RedisValue[] values = [Ms(now), step.Id, step.Claim, (int)step.Fault, step.RetryTime is { } time ? Ms(time) : RedisValue.EmptyString];
        return (int)await calls.RunAsync(s_endPush, Keys.OfPushes(step.Queue), values, cancellation) == 1;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ParkedPush>> ListParkedAsync(PushQueueKey queue, ParkedPlace? after, int limit, CancellationToken cancellation)
    {
        var keys = Keys.OfPushes(queue);
        // All ids from there on, which are bounded: of one millisecond there may be many.
        var from = after is { } place ? place.ParkedTime.ToUnixTimeMilliseconds() : double.NegativeInfinity;
        var parked = await calls.CallAsync(
            database => database.SortedSetRangeByScoreWithScoresAsync(keys[4], from, flags: RedisCalls.Primary), cancellation);
        var page = parked.Where(entry => PlaceOf(entry).IsAfter(after)).Take(limit).ToList();
        if (page.Count == 0)
            return [];
        var packed = await calls.CallAsync(
            database => database.HashGetAsync(keys[2], [.. page.Select(entry => entry.Element)], RedisCalls.Primary), cancellation);
        return
        [
            .. page.Zip(packed).Where(entry => !entry.Second.IsNull).Select(entry => new ParkedPush(
                PushFormat.Unpack((string)entry.First.Element!, (byte[])entry.Second!), PlaceOf(entry.First).ParkedTime)),
        ];
    }

    /// <inheritdoc/>
    public async ValueTask<int> RetryParkedAsync(
        PushQueueKey queue, IReadOnlyList<string> ids, int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        RedisValue[] values = [Ms(now), limit, .. ids.Take(limit).Select(id => (RedisValue)id)];
        return (int)await calls.RunAsync(s_retryPushes, Keys.OfPushes(queue), values, cancellation);
    }
    private static ParkedPlace PlaceOf(SortedSetEntry entry) => new(DateTimeOffset.FromUnixTimeMilliseconds((long)entry.Score), (string)entry.Element!);
}
