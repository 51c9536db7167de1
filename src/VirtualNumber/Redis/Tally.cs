using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_tally = Script.Alone("Tally").Unconfirmed();

    /// <summary>Where the end is in a counter (Tally.lua).</summary>
    private const int CounterEndAt = 5;

    /// <inheritdoc/>
    public async ValueTask<DateTimeOffset?> FindBarAsync(Sealing.Digest counter, DateTimeOffset now, CancellationToken cancellation)
    {
        var packed = (byte[]?)await calls.CallAsync(
            "FindBar", Keys.Counter(counter), static (database, key, _) => database.StringGetAsync(key, RedisCalls.Primary), cancellation);
        return packed is not null && packed[0] != 0 && Instants.Read(packed.AsSpan(CounterEndAt)) is var until && until > now ? until : null;
    }

    /// <inheritdoc/>
    /// <remarks>A count whose answer was lost is repeated, and counted twice then.</remarks>
    public async ValueTask<CountAnswer> CountAsync(CountStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        RedisValue[] values =
        [
            Ms(now), step.Limit, Ms(step.Window), step.BarredFor is { } barred ? Ms(barred) : RedisValue.EmptyString, Ms(3 * bounds.ClockSkew),
        ];
        var answer = (RedisResult[])(await calls.RunAsync(s_tally, [Keys.Counter(step.Counter)], values, cancellation))!;
        return new((int)answer[0] == 1, InstantOf(answer[1]));
    }
}
