using System.Collections.Immutable;
using System.Globalization;
using Google.Protobuf.Collections;
using VirtualNumber.Hosting;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

/// <summary>Call rules as they are asked for: with the callers' numbers, which nothing keeps.</summary>
/// <param name="Hours">When calls are connected; null: at any time.</param>
/// <param name="Allowed">Whose calls alone are; null: anybody's.</param>
/// <param name="Blocked">Whose are not.</param>
/// <param name="Kinds">Which kinds of numbers may be bound; empty: all.</param>
internal sealed record AskedCallRules(CallHours? Hours, IReadOnlyList<PhoneNumber>? Allowed, IReadOnlyList<PhoneNumber> Blocked, PhoneNumberKindSet Kinds)
{
    /// <summary>No rule.</summary>
    public static AskedCallRules None { get; } = new(null, null, [], default);

    /// <summary>The rules as they are kept.</summary>
    public CallRules Kept(LeaseVerbs verbs, string tenantId) => ReferenceEquals(this, None) ? CallRules.None : new()
    {
        Hours = Hours,
        Allowed = Allowed is null ? null : verbs.CallersOf(tenantId, Allowed),
        Blocked = verbs.CallersOf(tenantId, Blocked),
    };
}

/// <summary>Changes of a set of callers as they are asked for.</summary>
internal sealed record AskedCallerChanges(IReadOnlyList<PhoneNumber> Added, IReadOnlyList<PhoneNumber> Removed)
{
    /// <summary>The changes as they are kept.</summary>
    public CallerChanges Kept(LeaseVerbs verbs, string tenantId) => new(verbs.CallersOf(tenantId, Added), verbs.CallersOf(tenantId, Removed));
}

/// <summary>Reads call rules and notes what is wrong with them.</summary>
internal static class CallRulesReader
{
    /// <summary>The most callers of each kind in a pool's rules.</summary>
    public const int MostCallersOfPool = 1_000;

    /// <summary>What is wrong where there would be more.</summary>
    public const string TooMany = "Must be at most 1000 in all.";

    private const int MostCallersOfLease = 20;
    private const int MostWindows = 20;
    private const int MinutesPerHour = 60;
    private const int MinutesPerDay = 24 * MinutesPerHour;

    /// <summary>The kinds that may be asked for, in both vocabularies.</summary>
    public static IReadOnlyList<(PhoneNumberKind Own, V1.NumberKind Published)> Kinds { get; } =
    [
        (PhoneNumberKind.Mobile, V1.NumberKind.Mobile),
        (PhoneNumberKind.Landline, V1.NumberKind.Landline),
        (PhoneNumberKind.Other, V1.NumberKind.Other),
    ];

    /// <summary>The days of the week in order.</summary>
    public static IReadOnlyList<V1.DayOfWeek> Days { get; } = [.. Enum.GetValues<V1.DayOfWeek>().Where(day => day != V1.DayOfWeek.Unspecified)];

    /// <summary>The rules of a pool.</summary>
    public static AskedCallRules OfPool(V1.CallRules? rules, TenantOptions tenant, string field, FieldFaults faults) =>
        rules is null ? AskedCallRules.None : Read(rules, tenant, MostCallersOfPool, field, faults);

    /// <summary>The rules of a lease.</summary>
    public static AskedCallRules OfLease(V1.CallRules? rules, TenantOptions tenant, FieldFaults faults)
    {
        if (rules is null)
            return AskedCallRules.None;
        faults.Require(rules.AllowedKinds.Count == 0, "call_rules.allowed_kinds", "Must be empty: which kinds may be bound is a rule of the pool.");
        return Read(rules, tenant, MostCallersOfLease, "call_rules", faults);
    }

    /// <summary>Changes of a set of callers; null when they are missing.</summary>
    public static AskedCallerChanges? Changes(V1.CallerChanges? changes, TenantOptions tenant, string field, FieldFaults faults) => changes is null
        ? null
        : new(
            Callers(changes.AddedCallers, tenant, MostCallersOfPool, $"{field}.added_callers", faults),
            Callers(changes.RemovedCallers, tenant, MostCallersOfPool, $"{field}.removed_callers", faults));

    /// <summary>Minutes after midnight as HH:MM.</summary>
    public static string TimeOfDay(int minutes) => string.Create(CultureInfo.InvariantCulture, $"{minutes / MinutesPerHour:00}:{minutes % MinutesPerHour:00}");

    /// <summary>A day as a member of a set.</summary>
    public static Weekdays Bit(V1.DayOfWeek day) => (Weekdays)(1 << ((int)day - 1));

    private static AskedCallRules Read(V1.CallRules rules, TenantOptions tenant, int mostCallers, string field, FieldFaults faults)
    {
        var allowed = Callers(rules.AllowedCallers, tenant, mostCallers, $"{field}.allowed_callers", faults);
        Count(rules.AllowedCallerCount, rules.AllowedCallers, $"{field}.allowed_caller_count", faults);
        Count(rules.BlockedCallerCount, rules.BlockedCallers, $"{field}.blocked_caller_count", faults);
        for (var i = 0; i < rules.AllowedKinds.Count; i++)
            faults.Require(Kinds.Any(kind => kind.Published == rules.AllowedKinds[i]), $"{field}.allowed_kinds[{i}]", "Must be MOBILE, LANDLINE or OTHER.");
        return new(
            rules.Hours is { } hours ? Hours(hours, $"{field}.hours", faults) : null,
            rules.OnlyAllowedCallers || rules.AllowedCallers.Count > 0 ? allowed : null,
            Callers(rules.BlockedCallers, tenant, mostCallers, $"{field}.blocked_callers", faults),
            PhoneNumberKindSet.Of(Kinds.Where(kind => rules.AllowedKinds.Contains(kind.Published)).Select(kind => kind.Own)));
    }

    /// <summary>An answer has counts and no callers: who sends it back, with something else changed, means to keep them, and would empty them.</summary>
    private static void Count(int count, RepeatedField<string> callers, string field, FieldFaults faults) => faults.Require(
        count == 0 || count == callers.Count, field, "Must be 0, or how many callers are given: callers are not answered, and rules without them have none.");

    private static List<PhoneNumber> Callers(RepeatedField<string> texts, TenantOptions tenant, int most, string field, FieldFaults faults)
    {
        faults.Require(texts.Count <= most, field, $"Must be at most {most}.");
        var callers = new List<PhoneNumber>();
        for (var i = 0; i < Math.Min(texts.Count, most); i++)
        {
            if (RequestRules.Number(texts[i], tenant.DefaultCountry, faults, $"{field}[{i}]") is { } caller)
                callers.Add(caller);
        }

        return callers;
    }

    private static CallHours Hours(V1.CallHours hours, string field, FieldFaults faults)
    {
        faults.Require(CallHours.IsTimeZone(hours.TimeZone), $"{field}.time_zone", "Must be the id of a time zone in the IANA data base, for example Asia/Shanghai.");
        faults.Require(hours.Windows.Count is >= 1 and <= MostWindows, $"{field}.windows", $"Must be 1 to {MostWindows}.");
        var windows = new HashSet<CallWindow>();
        for (var i = 0; i < Math.Min(hours.Windows.Count, MostWindows); i++)
            windows.Add(Window(hours.Windows[i], $"{field}.windows[{i}]", faults));
        // In one order, so that the same hours in another one are the same rules.
        return new(hours.TimeZone, [.. windows.OrderBy(window => window.Start).ThenBy(window => window.End).ThenBy(window => window.Days)]);
    }

    private static CallWindow Window(V1.CallWindow window, string field, FieldFaults faults)
    {
        var (start, end) = (Minutes(window.Start), Minutes(window.End));
        faults.Require(start is < MinutesPerDay, $"{field}.start", "Must be HH:MM, 00:00 to 23:59.");
        faults.Require(end is not null && (start is null || end != start), $"{field}.end", "Must be HH:MM, 00:00 to 24:00, and not the same as start; a whole day is 00:00 to 24:00.");
        var days = Weekdays.None;
        for (var i = 0; i < window.Days.Count; i++)
        {
            var isDay = Days.Contains(window.Days[i]);
            faults.Require(isDay, $"{field}.days[{i}]", "Must be a day of the week.");
            days |= isDay ? Bit(window.Days[i]) : Weekdays.None;
        }

        return new(start ?? 0, end ?? 0, days);
    }

    /// <summary>Minutes after midnight; null for what is no time of day.</summary>
    private static int? Minutes(string text)
    {
        if (text.Length != 5 || text[2] != ':' || !char.IsAsciiDigit(text[0]) || !char.IsAsciiDigit(text[1]) || !char.IsAsciiDigit(text[3]) || !char.IsAsciiDigit(text[4]))
            return null;
        var (hour, minute) = (int.Parse(text.AsSpan(0, 2), CultureInfo.InvariantCulture), int.Parse(text.AsSpan(3), CultureInfo.InvariantCulture));
        var minutes = (hour * MinutesPerHour) + minute;
        return minute < MinutesPerHour && minutes <= MinutesPerDay ? minutes : null;
    }
}
