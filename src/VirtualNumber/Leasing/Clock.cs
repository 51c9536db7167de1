namespace VirtualNumber.Leasing;

/// <summary>The present as the field counts it: whole milliseconds, since the epoch of a lease is one.</summary>
public static class Clock
{
    /// <summary>The present instant in UTC, cut to whole milliseconds.</summary>
    public static DateTimeOffset GetNow(this TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
    }
}
