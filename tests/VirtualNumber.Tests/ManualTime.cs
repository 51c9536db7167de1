namespace VirtualNumber.Tests;

/// <summary>A clock that stands still until the test moves it.</summary>
internal sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private long _ticks = start.UtcTicks;

    /// <summary>The instant shown.</summary>
    internal DateTimeOffset Now => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;

    internal void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    internal void Set(DateTimeOffset now) => Interlocked.Exchange(ref _ticks, now.UtcTicks);
}
