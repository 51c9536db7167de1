using System.Collections.Concurrent;

namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>All calls of a run, from all clients.</summary>
internal sealed class History(RunClock clock)
{
    private readonly ConcurrentQueue<Call> _calls = new();
    private int _count;

    public RunClock Clock => clock;

    public int Count => Volatile.Read(ref _count);

    public IReadOnlyList<Call> Calls => [.. _calls];

    public void Add(Call call)
    {
        _calls.Enqueue(call);
        Interlocked.Increment(ref _count);
    }
}
