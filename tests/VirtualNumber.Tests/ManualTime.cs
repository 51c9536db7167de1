namespace VirtualNumber.Tests;

/// <summary>A clock that stands still until the test moves it.</summary>
internal sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private long _ticks = start.UtcTicks;
    private long _elapsed;

    /// <summary>Whether elapsed time stands still too, and goes on with the clock; else it is the true one. A clock that is put back takes none of it away.</summary>
    internal bool MeasuresToo { get; init; }

    public override long TimestampFrequency => MeasuresToo ? TimeSpan.TicksPerSecond : base.TimestampFrequency;

    /// <summary>The instant shown.</summary>
    internal DateTimeOffset Now => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => MeasuresToo ? Interlocked.Read(ref _elapsed) : base.GetTimestamp();

    internal void Advance(TimeSpan by)
    {
        Interlocked.Add(ref _ticks, by.Ticks);
        Interlocked.Add(ref _elapsed, Math.Max(0, by.Ticks));
    }

    internal void Set(DateTimeOffset now)
    {
        var before = Interlocked.Exchange(ref _ticks, now.UtcTicks);
        Interlocked.Add(ref _elapsed, Math.Max(0, now.UtcTicks - before));
    }
}
