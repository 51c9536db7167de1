using System.Diagnostics;

namespace VirtualNumber.Load.Bench;

/// <summary>Makes calls for a while, so many at a time, and measures them.</summary>
internal static class Meter
{
    /// <summary>One round. Any failed call ends it: a figure with errors in it means nothing.</summary>
    /// <param name="processorTime">The processor time that the measured process has used so far.</param>
    /// <param name="call">Makes one call.</param>
    /// <param name="concurrency">So many at a time.</param>
    /// <param name="duration">For so long.</param>
    /// <param name="items">How many items one call is about: rate and processor time are per item, latency is per call.</param>
    public static async Task<Round> MeasureAsync(
        Func<TimeSpan> processorTime, Func<Task> call, int concurrency, TimeSpan duration, int items = 1)
    {
        var before = processorTime();
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var latencies = await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(() => CallUntilAsync(call, end))));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var used = processorTime() - before;

        var all = latencies.SelectMany(ticks => ticks).ToArray();
        Array.Sort(all);
        var count = (double)all.Length * items;
        return new Round(
            count / seconds,
            used.TotalMicroseconds / count,
            MillisecondsAt(all, 0.50),
            MillisecondsAt(all, 0.99));
    }

    private static async Task<List<long>> CallUntilAsync(Func<Task> call, long end)
    {
        var latencies = new List<long>(100_000);
        for (var start = Stopwatch.GetTimestamp(); start < end;)
        {
            await call();
            var done = Stopwatch.GetTimestamp();
            latencies.Add(done - start);
            start = done;
        }

        return latencies;
    }

    private static double MillisecondsAt(long[] sorted, double share) =>
        Stopwatch.GetElapsedTime(0, sorted[(int)((sorted.Length - 1) * share)]).TotalMilliseconds;
}
