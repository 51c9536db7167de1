using System.Collections.Concurrent;

namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>All calls of a run, from all clients.</summary>
internal sealed class History(RunClock clock)
{
    private readonly ConcurrentQueue<Call> _calls = new();
    private int _count;
    private int _unclear;

    public RunClock Clock => clock;

    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them had no clear end.</summary>
    public int Unclear => Volatile.Read(ref _unclear);

    public IReadOnlyList<Call> Calls => [.. _calls];

    public void Add(Call call)
    {
        _calls.Enqueue(call);
        Interlocked.Increment(ref _count);
        if (call.Outcome == CallEnd.Unclear)
            Interlocked.Increment(ref _unclear);
    }
}
