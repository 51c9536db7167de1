using System.Diagnostics;

namespace VirtualNumber.Load.Chaos;

/// <summary>
/// The clock of a run: the wall clock, read once, and a steady counter from there on. So instants can be compared with those that the
/// service answers, and nobody who sets the wall clock reorders the history. In ticks of 100 ns since year 1, UTC.
/// </summary>
internal sealed class RunClock
{
    private static readonly TimeSpan s_together = TimeSpan.FromMilliseconds(1);

    private readonly long _wall;
    private readonly long _start;

    public RunClock()
    {
        // The two readings belong together: whoever is interrupted between them would be off by that for the whole run.
        do
        {
            _start = Stopwatch.GetTimestamp();
            _wall = TimeProvider.System.GetUtcNow().UtcTicks;
        }
        while (Stopwatch.GetElapsedTime(_start) > s_together);
    }

    /// <summary>Now.</summary>
    public long Now => _wall + Stopwatch.GetElapsedTime(_start).Ticks;

    /// <summary>When the run began.</summary>
    public long Start => _wall;

    /// <summary>Now, as a point in time.</summary>
    public DateTimeOffset NowTime => new(Now, TimeSpan.Zero);
}
