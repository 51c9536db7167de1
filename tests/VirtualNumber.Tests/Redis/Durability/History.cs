using System.Collections.Concurrent;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>What all clients were told, in the order in which they were told it.</summary>
internal sealed class History
{
    private readonly ConcurrentQueue<Holding> _holdings = [];
    private readonly Lock _gate = new();
    private long _acknowledged;
    private long _unclear;
    private (long At, TaskCompletionSource Reached)? _awaited;

    /// <summary>Every holding with an acknowledged lease so far.</summary>
    public IReadOnlyList<Holding> Holdings => [.. _holdings];

    /// <summary>How many calls were answered.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>How many calls ended without the client knowing whether they happened.</summary>
    public long Unclear => Interlocked.Read(ref _unclear);

    public void Keep(Holding holding) => _holdings.Enqueue(holding);

    public void CountAcknowledged()
    {
        lock (_gate)
        {
            if (++_acknowledged >= _awaited?.At)
                _awaited.Value.Reached.TrySetResult();
        }
    }

    public void CountUnclear() => Interlocked.Increment(ref _unclear);

    /// <summary>Ends when so many more calls have been answered.</summary>
    public Task UntilMoreAsync(long calls)
    {
        lock (_gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited = (_acknowledged + calls, reached);
            return reached.Task;
        }
    }
}
