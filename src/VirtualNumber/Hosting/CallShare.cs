namespace VirtualNumber.Hosting;

/// <summary>A part of what the instance takes on at once, and how much of it is taken. Safe for use by many threads.</summary>
/// <param name="name">What metrics call it.</param>
/// <param name="limit">How many calls it has room for.</param>
/// <param name="within">What it is a part of: a call takes a place there too.</param>
internal sealed class CallShare(string name, int limit, CallShare? within = null)
{
    private int _taken;

    /// <summary>What metrics call it.</summary>
    public string Name => name;

    /// <summary>Whether only streams take a place: of the health service, whose checks are never refused, and of events.</summary>
    public bool StreamsOnly { get; init; }

    /// <summary>The only method of a service whose calls take a place here; null: all of them.</summary>
    public string? OnlyMethod { get; init; }

    /// <summary>How many calls are in progress.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Whether calls of a method take their place here.</summary>
    /// <param name="method">Its path: the service, a slash, the method.</param>
    /// <param name="isStream">Whether it streams.</param>
    public bool IsFor(string method, bool isStream) =>
        (isStream || !StreamsOnly) && (OnlyMethod is null || method.AsSpan(method.LastIndexOf('/') + 1).SequenceEqual(OnlyMethod));

    /// <summary>Takes a place; false when there is none. Nobody waits for one: a queue would only hide that the answers come too late.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _taken) <= limit)
        {
            if (within is null || within.TryEnter())
                return true;
        }

        Interlocked.Decrement(ref _taken);
        return false;
    }

    /// <summary>Gives the place back.</summary>
    public void Leave()
    {
        within?.Leave();
        Interlocked.Decrement(ref _taken);
    }
}
