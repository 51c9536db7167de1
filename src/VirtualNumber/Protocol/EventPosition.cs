using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace VirtualNumber.Protocol;

/// <summary>A place in a block's log or in a tenant's stream of events: what lies later is greater. The default lies before everything.</summary>
/// <param name="Time">When the entry was written, in milliseconds, by the store's clock; 0 where the store only counts.</param>
/// <param name="Number">Tells entries of one millisecond apart.</param>
internal readonly record struct EventPosition(ulong Time, ulong Number) : IComparable<EventPosition>
{
    /// <summary>How many bytes one takes.</summary>
    public const int Length = 2 * sizeof(ulong);

    /// <summary>Whether it is before everything.</summary>
    public bool IsNone => this == default;

    /// <summary>As Redis writes the ids of a stream's entries.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time}-{Number}");

    public int CompareTo(EventPosition other) => Time != other.Time ? Time.CompareTo(other.Time) : Number.CompareTo(other.Number);

    public static bool operator <(EventPosition left, EventPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(EventPosition left, EventPosition right) => left.CompareTo(right) > 0;

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out EventPosition position)
    {
        position = default;
        var dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        if (dash <= 0
            || !ulong.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            || !ulong.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        position = new(time, number);
        return true;
    }

    /// <exception cref="FormatException">It is none.</exception>
    public static EventPosition Parse(string text) =>
        TryParse(text, out var position) ? position : throw new FormatException($"{text} is not a position.");
}
