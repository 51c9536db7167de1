using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Call rules as clients and pools have them, in plain words: by the hour of the day in UTC and by the callers themselves.</summary>
/// <param name="From">The first hour.</param>
/// <param name="To">The hour at which it is over.</param>
/// <param name="Allowed">Whose calls alone are connected; null: anybody's.</param>
/// <param name="Blocked">Whose are not.</param>
internal sealed record SimulatedRules(int From, int To, IReadOnlyList<PhoneNumber>? Allowed, IReadOnlyList<PhoneNumber> Blocked)
{
    private static readonly SimulatedRules?[] s_all =
    [
        null,
        new(6, 20, null, []),
        new(0, 24, [.. new[] { 0, 1, 2, 3 }.Select(StoreTests.RealNumber)], []),
        new(0, 24, null, [.. new[] { 0, 1, 4, 5 }.Select(StoreTests.RealNumber)]),
    ];

    /// <summary>Half of the leases have no rules.</summary>
    internal static SimulatedRules? Of(int index) => s_all.ElementAtOrDefault(index);

    /// <summary>As the service keeps them.</summary>
    internal CallRules Kept(LeaseVerbs verbs, string tenantId) => new()
    {
        Hours = new("UTC", [new(From * 60, To * 60, Weekdays.None)]),
        Allowed = Allowed is null ? null : verbs.CallersOf(tenantId, Allowed),
        Blocked = verbs.CallersOf(tenantId, Blocked),
    };

    /// <summary>Whether a call may pass, by some clock between the slowest and the fastest.</summary>
    internal bool Pass(PhoneNumber? caller, DateTimeOffset slowest, DateTimeOffset fastest) =>
        (IsOpen(slowest) || IsOpen(fastest)) && !LacksAllowed(caller) && !IsBlocked(caller);

    /// <summary>Whether it is too early or too late, by some clock.</summary>
    internal bool IsClosed(DateTimeOffset slowest, DateTimeOffset fastest) => !IsOpen(slowest) || !IsOpen(fastest);

    internal bool IsBlocked(PhoneNumber? caller) => caller is not null && Blocked.Contains(caller);

    /// <summary>Whether some callers alone are connected, and this one is none of them.</summary>
    internal bool LacksAllowed(PhoneNumber? caller) => Allowed is not null && (caller is null || !Allowed.Contains(caller));

    private bool IsOpen(DateTimeOffset instant) => instant.Hour >= From && instant.Hour < To;
}
