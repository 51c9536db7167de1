namespace VirtualNumber.Protocol;

/// <summary>The last that an instance of a gateway said of itself.</summary>
/// <param name="InstanceId">Which one.</param>
/// <param name="Time">When, by the clock of the instance of this service that was told.</param>
/// <param name="CallsInProgress">How many calls it had then.</param>
internal readonly record struct InstanceBeat(string InstanceId, DateTimeOffset Time, int CallsInProgress);

/// <summary>How much of gateways' heart-beats is kept. A store has no other bound on them.</summary>
internal static class GatewayBeats
{
    /// <summary>Of how many instances of a gateway: with one more the one that has been silent the longest is forgotten.</summary>
    public const int MostInstances = 64;

    /// <summary>An instance that has been silent for so long is forgotten when another one of its gateway is heard.</summary>
    public static readonly TimeSpan InstanceKept = TimeSpan.FromDays(1);

    /// <summary>A gateway none of whose instances was heard for so long is forgotten.</summary>
    public static readonly TimeSpan GatewayKept = TimeSpan.FromDays(30);
}
