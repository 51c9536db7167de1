using System.Diagnostics;

namespace VirtualNumber.Load.Bench;

/// <summary>Makes calls for a while, so many at a time, and measures them.</summary>
internal static class Meter
{
    /// <summary>One round. Any failed call ends it: a figure with errors in it means nothing.</summary>
    public static async Task<Round> MeasureAsync(Subject subject, int concurrency, TimeSpan duration)
    {
        await subject.PrepareAsync(duration);
        var before = subject.Process.ProcessorTime;
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var latencies = await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(() => CallUntilAsync(subject.Call, end))));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var used = subject.Process.ProcessorTime - before;

        var all = latencies.SelectMany(ticks => ticks).ToArray();
        Array.Sort(all);
        return new Round(
            all.Length / seconds,
            used.TotalMicroseconds / all.Length,
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
