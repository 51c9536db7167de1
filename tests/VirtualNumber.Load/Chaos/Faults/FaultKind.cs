namespace VirtualNumber.Load.Chaos.Faults;

/// <summary>What breaks.</summary>
internal enum FaultKind
{
    /// <summary>kill -9 of a master, started again when its replica has taken over.</summary>
    KillMaster,

    /// <summary>kill -9 of a master, started again before its replica takes over.</summary>
    KillMasterBriefly,

    /// <summary>SIGSTOP of a master, longer than every time-out.</summary>
    FreezeMaster,

    /// <summary>A master is cut off from everybody.</summary>
    CutMaster,

    /// <summary>A master is cut off together with one instance: both sides go on for a while.</summary>
    SplitMaster,

    /// <summary>A master is asked to stop, and started again.</summary>
    RestartMaster,

    /// <summary>Slots move from one master to another.</summary>
    Reshard,

    /// <summary>kill -9 of a replica.</summary>
    KillReplica,

    /// <summary>SIGSTOP of a replica.</summary>
    FreezeReplica,

    /// <summary>A replica is cut off from everybody.</summary>
    CutReplica,

    /// <summary>A replica is asked to stop, and started again.</summary>
    RestartReplica,

    /// <summary>kill -9 of an instance.</summary>
    KillInstance,

    /// <summary>SIGSTOP of an instance, longer than every time-out.</summary>
    FreezeInstance,

    /// <summary>An instance is cut off from every Redis; its callers still reach it.</summary>
    CutInstance,

    /// <summary>An instance is asked to stop, and started again.</summary>
    RestartInstance,
}

/// <summary>A fault as the seed has it.</summary>
/// <param name="Kind">What breaks.</param>
/// <param name="Target">Which of those there are, counted round.</param>
/// <param name="Other">Another choice: the instance beside a master, the master that slots go to.</param>
/// <param name="Length">How long it lasts.</param>
/// <param name="Pause">Until it comes, from when everything is whole again.</param>
internal sealed record PlannedFault(FaultKind Kind, int Target, int Other, TimeSpan Length, TimeSpan Pause)
{
    /// <summary>Faults of instances come beside those of the cluster, which come one after the other: two at a time would only stand still.</summary>
    public bool IsOfInstance => Kind is FaultKind.KillInstance or FaultKind.FreezeInstance or FaultKind.CutInstance or FaultKind.RestartInstance;

    public bool IsOfMaster =>
        Kind is FaultKind.KillMaster or FaultKind.KillMasterBriefly or FaultKind.FreezeMaster or FaultKind.CutMaster or FaultKind.SplitMaster or FaultKind.RestartMaster;
}

/// <summary>A fault that came to pass. Instants in ticks of the run's clock.</summary>
internal sealed class FaultRecord(PlannedFault plan, string target)
{
    public PlannedFault Plan => plan;

    /// <summary>Who was hit.</summary>
    public string Target => target;

    public long Start { get; init; }

    /// <summary>When what froze or cut off was begun to be undone; 0: nothing was frozen or cut off.</summary>
    public long Thaw { get; set; }

    /// <summary>When the cause was gone.</summary>
    public long End { get; set; }

    /// <summary>When everything was whole again.</summary>
    public long Whole { get; set; }

    /// <summary>The instance that it was about; null: none.</summary>
    public int? Instance { get; init; }

    /// <summary>The blocks of direct numbers that the master served.</summary>
    public IReadOnlyList<uint> Blocks { get; init; } = [];
}
