using System.Collections.Concurrent;

namespace VirtualNumber.Load.Replay;

/// <summary>What must never happen.</summary>
internal enum Violation
{
    /// <summary>A call was connected after the lease's expire time.</summary>
    RouteAfterExpire,

    /// <summary>A call was connected after an acknowledged release.</summary>
    RouteAfterRelease,

    /// <summary>A call to a live lease was refused.</summary>
    NoRoute,

    /// <summary>A call reached somebody else, or under another lease.</summary>
    WrongNumber,

    /// <summary>A slot had two holders at once.</summary>
    TwoHolders,

    /// <summary>A slot was leased again before its rest was over.</summary>
    ReusedBeforeRest,

    /// <summary>An event that changed nothing changed the expire time.</summary>
    ExpireTimeMoved,

    /// <summary>The expire time is not what the terms say.</summary>
    WrongExpireTime,

    /// <summary>An event was judged otherwise than (event time, rank) and the terminal rule say.</summary>
    WrongOutcome,

    /// <summary>The counts of a pool do not add up.</summary>
    WrongCounts,

    /// <summary>A lease that was answered is not there, or a repeat made another one.</summary>
    LeaseLost,

    /// <summary>A lease that had ended came back.</summary>
    LeaseRevived,

    /// <summary>A lease was refused without a reason.</summary>
    LeaseRefused,

    /// <summary>A call failed.</summary>
    CallFailed,
}

/// <summary>What a replay counted, and what it found.</summary>
internal sealed class ReplayReport
{
    /// <summary>More are counted, but not told.</summary>
    private const int MostTold = 100;

    private readonly ConcurrentDictionary<Violation, int> _violations = new();
    private readonly ConcurrentQueue<string> _told = new();
    private readonly int[] _counts = new int[Enum.GetValues<Counted>().Length];

    /// <summary>How often something happened.</summary>
    public int this[Counted what] => Volatile.Read(ref _counts[(int)what]);

    /// <summary>How many violations of each kind were found; empty is what should be.</summary>
    public IReadOnlyDictionary<Violation, int> Violations => _violations;

    /// <summary>The first violations in words.</summary>
    public IReadOnlyCollection<string> Told => _told;

    public void Count(Counted what, int by = 1) => Interlocked.Add(ref _counts[(int)what], by);

    public void Violate(Violation kind, string text)
    {
        _violations.AddOrUpdate(kind, 1, (_, count) => count + 1);
        if (_told.Count < MostTold)
            _told.Enqueue($"{kind}: {text}");
    }

    public void WriteTo(TextWriter output)
    {
        foreach (var what in Enum.GetValues<Counted>())
            output.WriteLine($"{Words(what),-48}{this[what],10:n0}");
        output.WriteLine($"{"Violated invariants",-48}{_violations.Values.Sum(),10:n0}");
        foreach (var (kind, count) in _violations.OrderBy(pair => pair.Key))
            output.WriteLine($"  {kind,-46}{count,10:n0}");
        foreach (var text in _told)
            output.WriteLine($"  {text}");
    }

    private static string Words(Counted what) => what switch
    {
        Counted.Leases => "Leases",
        Counted.Refused => "Leases refused for want of numbers",
        Counted.Over => "Leases refused since the delivery was over",
        Counted.Applied => "Events applied",
        Counted.Repeated => "Events repeated",
        Counted.Older => "Events older",
        Counted.AfterTerminal => "Events after a terminal one",
        Counted.Releases => "Releases",
        Counted.DeliveredAfterEnd => "Parcels delivered after their lease had ended",
        Counted.PeakLive => "Peak of live leases",
        Counted.Stocked => "Numbers in stock",
        Counted.SlotsReused => "Slots leased again",
        Counted.ProbesLive => "Probes before the end",
        Counted.ProbesEnded => "Probes after the end",
        Counted.ProbesStraddling => "Probes that straddled the end, not counted",
        Counted.CountsChecked => "Counts of pools checked",
        _ => what.ToString(),
    };
}

/// <summary>What a replay counts.</summary>
internal enum Counted
{
    Leases,
    Refused,
    Over,
    Applied,
    Repeated,
    Older,
    AfterTerminal,
    Releases,
    DeliveredAfterEnd,
    PeakLive,
    Stocked,
    SlotsReused,
    ProbesLive,
    ProbesEnded,
    ProbesStraddling,
    CountsChecked,
}
