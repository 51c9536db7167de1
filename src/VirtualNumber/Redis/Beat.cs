using System.Buffers.Binary;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>The next heart-beat makes up for one that a fail-over forgets.</summary>
    private static readonly Script s_beat = Script.Alone("Beat").Unconfirmed();

    /// <inheritdoc/>
    public async ValueTask<bool> BeatAsync(string gatewayId, InstanceBeat beat, CancellationToken cancellation)
    {
        RedisValue[] values =
        [
            Ms(beat.Time), beat.InstanceId, beat.CallsInProgress, Ms(GatewayBeats.InstanceKept), GatewayBeats.MostInstances,
            Ms(GatewayBeats.GatewayKept + (3 * bounds.ClockSkew)),
        ];
        return (long)await calls.RunAsync(s_beat, [Keys.Gateway(gatewayId)], values, cancellation) == 1;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<InstanceBeat>> ListBeatsAsync(string gatewayId, DateTimeOffset now, CancellationToken cancellation)
    {
        var key = Keys.Gateway(gatewayId);
        var entries = await calls.CallAsync(database => database.HashGetAllAsync(key, RedisCalls.Primary), cancellation);
        return [.. entries.Select(entry => BeatOf((string)entry.Name!, (byte[])entry.Value!)).Where(beat => beat.Time > now - GatewayBeats.GatewayKept)];
    }

    private static InstanceBeat BeatOf(string instanceId, byte[] packed) =>
        new(instanceId, Instants.Read(packed), BinaryPrimitives.ReadInt32BigEndian(packed.AsSpan(Instants.Length)));
}
