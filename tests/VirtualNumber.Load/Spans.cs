using System.CommandLine.Parsing;
using System.Globalization;

namespace VirtualNumber.Load;

/// <summary>Lengths of time on the command line.</summary>
internal static class Spans
{
    /// <summary>A number with a unit, as gRPC tools write deadlines; or .NET's own form.</summary>
    public static TimeSpan Parse(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var unit = text.TrimStart([.. "0123456789."]);
        var perUnit = unit switch { "ms" => 1, "s" => 1_000, "m" => 60_000, "h" => 3_600_000, "d" => 86_400_000, _ => 0 };
        if (perUnit > 0 && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            return TimeSpan.FromMilliseconds(count * perUnit);
        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) && span >= TimeSpan.Zero)
            return span;
        result.AddError($"'{text}' is no length of time; write 10s, 500ms, 1m, 12h or 7d.");
        return TimeSpan.Zero;
    }

    /// <summary>As it would be written on the command line.</summary>
    public static string Text(TimeSpan span) => span switch
    {
        { Ticks: > 0 } when span.Ticks % TimeSpan.TicksPerDay == 0 => $"{span.TotalDays:0}d",
        { Ticks: > 0 } when span.Ticks % TimeSpan.TicksPerHour == 0 => $"{span.TotalHours:0}h",
        { Ticks: > 0 } when span.Ticks % TimeSpan.TicksPerMinute == 0 => $"{span.TotalMinutes:0}m",
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.###}s"),
    };
}
