using System.Globalization;

namespace VirtualNumber.Redis;

/// <summary>How far a block has come: the id of the last entry of its log, which each state change writes.</summary>
/// <param name="Time">When it was written, by the clock of its server, in milliseconds.</param>
/// <param name="Number">Tells entries of one millisecond apart.</param>
internal sealed record LogMark(ulong Time, ulong Number)
{
    /// <summary>As Redis writes it.</summary>
    public string Text { get; } = string.Create(CultureInfo.InvariantCulture, $"{Time}-{Number}");

    /// <exception cref="FormatException">It is none.</exception>
    public static LogMark Parse(string id)
    {
        var dash = id.IndexOf('-', StringComparison.Ordinal);
        return dash > 0
            ? new(ulong.Parse(id.AsSpan(0, dash), CultureInfo.InvariantCulture), ulong.Parse(id.AsSpan(dash + 1), CultureInfo.InvariantCulture))
            : throw new FormatException($"{id} is not the id of a log entry.");
    }

    /// <summary>Whether it was written after another one; none comes before all.</summary>
    public bool IsAfter(LogMark? other) => other is null || Time > other.Time || (Time == other.Time && Number > other.Number);
}
