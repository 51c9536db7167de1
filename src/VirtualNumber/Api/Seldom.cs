namespace VirtualNumber.Api;

/// <summary>
/// Lets a line be logged at most every 10 seconds, and counts those that were left out: what happens to every call would fill the log
/// when it is needed most. Safe for use by many threads.
/// </summary>
internal sealed class Seldom(TimeProvider time)
{
    private static readonly TimeSpan s_tellEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private DateTimeOffset? _toldAt;
    private int _untold;

    /// <summary>Whether it is time for a line, and how often it was not since the last one.</summary>
    public bool MayTell(out int untold)
    {
        untold = 0;
        var now = time.GetUtcNow();
        lock (_gate)
        {
            // Also where the clock was put back meanwhile.
            if (_toldAt is { } toldAt && (now - toldAt).Duration() < s_tellEvery)
            {
                _untold++;
                return false;
            }

            (_toldAt, untold, _untold) = (now, _untold, 0);
            return true;
        }
    }
}
