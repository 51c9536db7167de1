using System.Collections.Immutable;

namespace VirtualNumber.Leasing;

/// <summary>Days of the week. The bits follow the order of the public document's values.</summary>
[Flags]
public enum Weekdays
{
    /// <summary>No day is named: every day.</summary>
    None = 0,

    /// <summary>The first day of the week (ISO 8601).</summary>
    Monday = 1,

    /// <summary>The second.</summary>
    Tuesday = 2,

    /// <summary>The third.</summary>
    Wednesday = 4,

    /// <summary>The fourth.</summary>
    Thursday = 8,

    /// <summary>The fifth.</summary>
    Friday = 16,

    /// <summary>The sixth.</summary>
    Saturday = 32,

    /// <summary>The seventh.</summary>
    Sunday = 64,
}

/// <summary>A span of the day by the clock on the wall, the start included and the end not.</summary>
/// <param name="Start">Minutes after midnight, 0 to 1,439.</param>
/// <param name="End">Minutes after midnight, 0 to 1,440, and another one than the start; before it: on the next day.</param>
/// <param name="Days">The days on which it starts; none: every day.</param>
public readonly record struct CallWindow(int Start, int End, Weekdays Days)
{
    /// <summary>Whether a moment of some day is within.</summary>
    /// <param name="minute">Minutes after midnight, whole ones.</param>
    /// <param name="today">The day of that moment.</param>
    /// <param name="yesterday">The day before: a window that has started then may go on past midnight.</param>
    public bool Has(int minute, Weekdays today, Weekdays yesterday) => Start < End
        ? IsOn(today) && minute >= Start && minute < End
        : (IsOn(today) && minute >= Start) || (IsOn(yesterday) && minute < End);

    private bool IsOn(Weekdays day) => Days == Weekdays.None || (Days & day) != 0;
}

/// <summary>When calls are connected, by the clock on the wall of one time zone.</summary>
/// <param name="TimeZone">The zone's id in the IANA data base, for example <c>Asia/Shanghai</c>.</param>
/// <param name="Windows">The windows; within any of them calls are connected.</param>
/// <remarks>
/// Where clocks are put forward, the time that is left out belongs to no window; where they are put back, a window that has the hour
/// which comes twice has it both times.
/// </remarks>
public sealed record CallHours(string TimeZone, ImmutableArray<CallWindow> Windows)
{
    private const int MinutesPerHour = 60;
    private const int DaysPerWeek = 7;

    /// <summary>Whether the name is a zone's, and this machine knows it.</summary>
    public static bool IsTimeZone(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        // What else lies among the zones' files has no capital in front (posix/, right/, localtime) or is no path.
        return (id == "UTC" || (id.Length is > 0 and <= byte.MaxValue && char.IsAsciiLetterUpper(id[0]) && id.Contains('/')))
            && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+')
            && TimeZoneInfo.TryFindSystemTimeZoneById(id, out _);
    }

    /// <summary>Whether calls are connected at an instant. A zone that this machine does not know is never open: nobody is connected on a guess.</summary>
    public bool IsOpen(DateTimeOffset instant)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out var zone))
            return false;
        var local = TimeZoneInfo.ConvertTime(instant, zone);
        var minute = (local.Hour * MinutesPerHour) + local.Minute;
        var (today, yesterday) = (DayOf(local, 0), DayOf(local, 1));
        foreach (var window in Windows)
        {
            if (window.Has(minute, today, yesterday))
                return true;
        }

        return false;
    }

    /// <summary>By what is in it.</summary>
    public bool Equals(CallHours? other) => other is not null && TimeZone == other.TimeZone && Windows.SequenceEqual(other.Windows);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(TimeZone, Windows.Length);

    /// <summary>Sunday comes first in the base library and last here.</summary>
    private static Weekdays DayOf(DateTimeOffset local, int daysBefore) =>
        (Weekdays)(1 << (((int)local.DayOfWeek + (2 * DaysPerWeek) - 1 - daysBefore) % DaysPerWeek));
}
