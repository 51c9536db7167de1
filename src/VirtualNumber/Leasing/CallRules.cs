using System.Text.Json.Serialization;

namespace VirtualNumber.Leasing;

/// <summary>When calls are connected, and whose. A pool has such rules and a lease has; a call must pass both.</summary>
[JsonConverter(typeof(CallRulesJson))]
public sealed record CallRules
{
    /// <summary>Any call at any time.</summary>
    public static CallRules None { get; } = new();

    /// <summary>When calls are connected; null: at any time.</summary>
    public CallHours? Hours { get; init; }

    /// <summary>Whose calls alone are connected; null: anybody's. Empty is not null: then nobody's are.</summary>
    public CallerSet? Allowed { get; init; }

    /// <summary>Whose calls are not connected.</summary>
    public CallerSet Blocked { get; init; } = CallerSet.Empty;

    /// <summary>Whether there is no rule.</summary>
    public bool AreNone() => Hours is null && Allowed is null && Blocked.Count == 0;

    /// <summary>Whether there is a rule that asks who calls.</summary>
    public bool AskForCaller() => Allowed is not null || Blocked.Count > 0;
}

/// <summary>What to change of a set of callers: first some leave, then some join.</summary>
/// <param name="Added">Who joins.</param>
/// <param name="Removed">Who leaves.</param>
public sealed record CallerChanges(CallerSet Added, CallerSet Removed)
{
    /// <summary>The set with the changes.</summary>
    public CallerSet On(CallerSet callers) => callers.Without(Removed).With(Added);
}
