namespace VirtualNumber.Load.Replay;

/// <summary>A clock that stands still until the replay moves it.</summary>
internal sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset _now = start;

    public override DateTimeOffset GetUtcNow() => _now;

    /// <summary>Moves on to an instant; never back.</summary>
    public void MoveTo(DateTimeOffset instant) => _now = instant > _now ? instant : _now;
}
