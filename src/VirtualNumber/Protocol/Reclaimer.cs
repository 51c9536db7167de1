using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>How much Reclaim does at a Time.</summary>
public sealed class ReclaimOptions
{
    /// <summary>The wait between two cycles, counted from the end of the first. 10 ms to 1 hour. Default 1 second.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The most entries that one cycle touches, 1 to 1,000,000. Default 5,000.</summary>
    public int EntriesPerCycle { get; set; } = 5_000;

    /// <summary>How long a cycle goes on at most before it waits again, 1 ms to 1 minute. Default 100 ms.</summary>
    public TimeSpan TimePerCycle { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A cycle that left a backlog so often in a row is warned about. Default 10.</summary>
    public int WarnAfterCycles { get; set; } = 10;

    /// <summary>What is wrong with these figures, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Interval < TimeSpan.FromMilliseconds(10) || Interval > TimeSpan.FromHours(1))
            yield return $"{nameof(Interval)} must be 10 ms to 1 hour.";
        if (EntriesPerCycle is < 1 or > 1_000_000)
            yield return $"{nameof(EntriesPerCycle)} must be 1 to 1,000,000.";
        if (TimePerCycle < TimeSpan.FromMilliseconds(1) || TimePerCycle > TimeSpan.FromMinutes(1))
            yield return $"{nameof(TimePerCycle)} must be 1 ms to 1 minute.";
        if (WarnAfterCycles < 1)
            yield return $"{nameof(WarnAfterCycles)} must be at least 1.";
    }
}

/// <summary>
/// Tidies up behind leases that ended: bounded work at the service's own pace. Correct answers never wait for it, so a cycle that
/// fails is logged and the next one tries again.
/// </summary>
internal sealed partial class Reclaimer(
    INumberPool pool, ReclaimOptions options, TimeProvider time, ILogger<Reclaimer> logger)
    : CyclicService(options.Interval, time)
{
    /// <summary>The most entries that one step touches, so that look-ups never wait long for it.</summary>
    private const int EntriesPerStep = 500;

    private int _cyclesWithBacklog;
    private readonly FaultNews _news = new();

    protected override Task CycleAsync(CancellationToken stopping) => RunCycleAsync(stopping);

    /// <summary>One cycle; true when it left something for the next.</summary>
    public async Task<bool> RunCycleAsync(CancellationToken cancellation)
    {
        var backlog = false;
        try
        {
            var start = Time.GetTimestamp();
            var (expired, removed) = (0, 0);
            do
            {
                var limit = Math.Min(EntriesPerStep, options.EntriesPerCycle - expired - removed);
                var step = await pool.ReclaimAsync(limit, Time.GetNow(), cancellation);
                (expired, removed, backlog) = (expired + step.Expired, removed + step.Removed, step.Backlog);
            }
            while (backlog && expired + removed < options.EntriesPerCycle && Time.GetElapsedTime(start) < options.TimePerCycle);

            Telemetry.Reclaimed(expired, removed, Time.GetElapsedTime(start));
            Tell(null);
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            // Whatever it was: an exception that left a hosted service would stop the whole service, calls and all.
            Tell(exception);
        }

        _cyclesWithBacklog = backlog ? _cyclesWithBacklog + 1 : 0;
        Telemetry.ReclaimBacklog(_cyclesWithBacklog);
        if (_cyclesWithBacklog == options.WarnAfterCycles)
            Log.Backlog(logger, _cyclesWithBacklog);
        return backlog;
    }

    private void Tell(Exception? fault)
    {
        if (!_news.IsNews(fault))
            return;
        if (fault is null)
            Log.Works(logger);
        else
            Log.CycleFailed(logger, fault);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Reclaim has left a backlog in {Cycles} cycles in a row: raise Reclaim:EntriesPerCycle or TimePerCycle, or lower Reclaim:Interval.")]
        public static partial void Backlog(ILogger logger, int cycles);

        [LoggerMessage(2, LogLevel.Warning, "A Reclaim cycle failed; each next one tries again, and it is said when one succeeds.")]
        public static partial void CycleFailed(ILogger logger, Exception exception);

        [LoggerMessage(3, LogLevel.Warning, "Reclaim works again.")]
        public static partial void Works(ILogger logger);
    }
}
