namespace VirtualNumber.Load.Chaos.Faults;

/// <summary>The faults of a run, drawn from its seed: which, whom, how long, how far apart.</summary>
internal static class Schedule
{
    private static readonly FaultKind[] s_first =
    [
        FaultKind.KillMaster, FaultKind.KillInstance, FaultKind.FreezeMaster, FaultKind.FreezeInstance, FaultKind.SplitMaster,
        FaultKind.Reshard, FaultKind.KillReplica, FaultKind.CutInstance,
    ];

    /// <summary>Every kind comes up before one comes up again; the main ones come first, so that a short run has them.</summary>
    public static IReadOnlyList<PlannedFault> Draw(int seed, int count)
    {
        var random = new Random(seed);
        var kinds = new List<FaultKind>(s_first);
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(kinds));
        var rest = Enum.GetValues<FaultKind>().Except(s_first).ToArray();
        random.Shuffle(rest);
        kinds.AddRange(rest);
        while (kinds.Count < count)
        {
            var round = Enum.GetValues<FaultKind>();
            random.Shuffle(round);
            kinds.AddRange(round);
        }

        return [.. kinds.Take(count).Select(kind => new PlannedFault(kind, random.Next(6), random.Next(1, 6), LengthOf(kind, random), Between(random, 0.2, 1.5)))];
    }

    private static TimeSpan LengthOf(FaultKind kind, Random random) => kind switch
    {
        // Longer than the callers' deadline, the service's own and the cluster's time-out; not longer than the protocol's bounds allow for.
        FaultKind.FreezeMaster or FaultKind.FreezeReplica or FaultKind.FreezeInstance => Between(random, 3.5, 5.5),
        FaultKind.CutMaster or FaultKind.SplitMaster or FaultKind.CutReplica or FaultKind.CutInstance => Between(random, 2.5, 4.5),
        FaultKind.KillMaster => Between(random, 0.1, 2),
        FaultKind.KillMasterBriefly => Between(random, 0.1, 0.8),
        _ => Between(random, 0.1, 2),
    };

    private static TimeSpan Between(Random random, double least, double most) =>
        TimeSpan.FromMilliseconds(Math.Round(1_000 * (least + ((most - least) * random.NextDouble()))));
}
