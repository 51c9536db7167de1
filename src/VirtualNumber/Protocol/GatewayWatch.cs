using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>When a gateway counts as silent.</summary>
public sealed class GatewayHealthOptions
{
    /// <summary>After how long without a heart-beat: three times the interval at which gateways send them. 3 s to 6 h. Default 90 s.</summary>
    public TimeSpan SilentAfter { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>Well within the day for which an instance that is not heard is kept: else it would be forgotten when it falls silent.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(6);

    /// <summary>What is wrong with it, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (SilentAfter < TimeSpan.FromSeconds(3) || SilentAfter > s_longest)
            yield return $"{nameof(SilentAfter)} must be 3 s to 6 h.";
    }
}

/// <summary>Whether gateways are heard: what the store has of their heart-beats, judged by the present.</summary>
internal sealed class GatewayWatch(INumberPool pool, GatewayHealthOptions options, TimeProvider time)
{
    /// <summary>After how long without a heart-beat an instance counts as silent.</summary>
    public TimeSpan SilentAfter => options.SilentAfter;

    /// <summary>Looks at a gateway; its instances in the order of their ids.</summary>
    public async ValueTask<IReadOnlyList<InstanceHealth>> LookAsync(string gatewayId, CancellationToken cancellation)
    {
        var now = time.GetNow();
        var beats = await pool.ListBeatsAsync(gatewayId, now, cancellation);
        return
        [
            .. beats.OrderBy(beat => beat.InstanceId, StringComparer.Ordinal)
                .Select(beat => new InstanceHealth(beat, IsAlive: beat.Time > now - options.SilentAfter)),
        ];
    }
}

/// <summary>An instance of a gateway.</summary>
/// <param name="Last">The last that it said of itself.</param>
/// <param name="IsAlive">Whether it was heard lately.</param>
internal readonly record struct InstanceHealth(InstanceBeat Last, bool IsAlive);
