using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>The heart-beats of gateways.</summary>
internal sealed class Beats
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Dictionary<string, InstanceBeat>> _gateways = new(StringComparer.Ordinal);

    /// <inheritdoc cref="INumberPool.BeatAsync"/>
    public bool Note(string gatewayId, InstanceBeat beat)
    {
        lock (_gate)
        {
            if (!_gateways.TryGetValue(gatewayId, out var instances))
                _gateways.Add(gatewayId, instances = new(StringComparer.Ordinal));
            if (instances.TryGetValue(beat.InstanceId, out var known) && known.Time > beat.Time)
                return false;

            instances[beat.InstanceId] = beat;
            var others = instances.Values.Where(other => other.InstanceId != beat.InstanceId)
                .OrderBy(other => other.Time).ThenBy(other => other.InstanceId, StringComparer.Ordinal).ToList();
            var tooMany = instances.Count - GatewayBeats.MostInstances;
            foreach (var (other, place) in others.Select((other, place) => (other, place)))
            {
                if (place < tooMany || other.Time <= beat.Time - GatewayBeats.InstanceKept)
                    instances.Remove(other.InstanceId);
            }

            return true;
        }
    }

    /// <inheritdoc cref="INumberPool.ListBeatsAsync"/>
    public IReadOnlyList<InstanceBeat> List(string gatewayId, DateTimeOffset now)
    {
        lock (_gate)
        {
            return _gateways.TryGetValue(gatewayId, out var instances)
                ? [.. instances.Values.Where(beat => beat.Time > now - GatewayBeats.GatewayKept)]
                : [];
        }
    }
}
