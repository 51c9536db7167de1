using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>A state that a lease may be in.</summary>
/// <param name="Holder">Whom it stands for.</param>
/// <param name="Peer">A pair's other person; empty: none.</param>
/// <param name="Low">Its expire time, or its end, is not earlier: known exactly once an answer has told it.</param>
/// <param name="High">It is not later.</param>
/// <param name="Floor">What extensions have promised; 0: none.</param>
/// <param name="End">Whether it is marked as over, which is final.</param>
/// <param name="InForce">The delivery's event whose terms it has; default: none.</param>
/// <param name="Extensions">Which of its extension requests are in it, a bit each.</param>
/// <param name="Reassignments">Which of its reassignment requests are in it, a bit each.</param>
/// <param name="Gone">Whether its record is gone.</param>
internal readonly record struct LeaseState(
    string Holder,
    string Peer,
    long Low,
    long High,
    long Floor,
    EndReason End,
    StatusEvent InForce,
    ulong Extensions,
    ulong Reassignments,
    bool Gone)
{
    /// <summary>How many extensions count.</summary>
    public int ExtensionCount => System.Numerics.BitOperations.PopCount(Extensions);

    /// <summary>Whom a caller reaches while it lives; empty: nobody.</summary>
    public string RouteOf(string caller) =>
        Peer.Length == 0 ? Holder : caller == Holder ? Peer : caller == Peer ? Holder : "";

    /// <summary>
    /// Whether some clock reading from <paramref name="start"/> on finds it alive. A service reads its clock when it sends a step, and the
    /// step may come later: so a look-up that began before the expire time may be answered after it.
    /// </summary>
    public bool MayLive(long start, long tolerance) => End == EndReason.None && start < High + tolerance;

    /// <summary>Whether some clock reading until <paramref name="end"/> finds it over.</summary>
    public bool MayBeOver(long end, long tolerance) => End != EndReason.None || end >= Low - tolerance;

    /// <summary>The state once its expire time is known; null when it cannot be that.</summary>
    public LeaseState? WithExpire(long expire, long tolerance) =>
        expire >= Low - tolerance && expire <= High + tolerance ? this with { Low = expire, High = expire } : null;
}
