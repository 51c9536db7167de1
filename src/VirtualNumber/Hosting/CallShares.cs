namespace VirtualNumber.Hosting;

/// <summary>
/// Who may take how much of the instance: look-ups may fill it, other calls all but the part that is reserved; heart-beats have a few places beside. A batch takes
/// one place, as its items run one after the other: at any moment it asks no more of the store than a single call. Health checks take none.
/// </summary>
internal sealed class CallShares
{
    /// <summary>A beat takes about a millisecond and comes every half a minute: so many at once are thousands of gateways, or a store that hangs.</summary>
    private const int MostBeats = 16;

    public CallShares(OverloadOptions options)
    {
        var all = new CallShare("all", options.RequestsInProgress);
        LookUps = new("look-up", options.RequestsInProgress, all) { OnlyMethod = nameof(V1.RoutingService.RoutingServiceBase.Resolve) };
        Beats = new("heart-beat", MostBeats) { OnlyMethod = nameof(V1.RoutingService.RoutingServiceBase.ReportHeartbeat) };
        Verbs = new("verb", options.RequestsInProgress - options.ReservedForLookUps, all);
        Watches = new("watch", options.Streams) { StreamsOnly = true };
        Events = new("event", options.Streams) { StreamsOnly = true };
        Reflections = new("reflection", options.Streams);
    }

    /// <summary>What a telephone call waits for.</summary>
    public CallShare LookUps { get; }

    /// <summary>Heart-beats: an instance that is busy with other things must not make a gateway look silent.</summary>
    public CallShare Beats { get; }

    /// <summary>All that platforms and operators ask for, and what else gateways report: no telephone call waits for that.</summary>
    public CallShare Verbs { get; }

    /// <summary>The streams of the health service; its other methods take no place.</summary>
    public CallShare Watches { get; }

    /// <summary>The streams of events: they wait nearly always, and for long, so they take none of the places of calls.</summary>
    public CallShare Events { get; }

    /// <summary>The streams of reflection.</summary>
    public CallShare Reflections { get; }
}
