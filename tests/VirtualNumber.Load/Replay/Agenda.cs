namespace VirtualNumber.Load.Replay;

/// <summary>What is to be done when; actions may add more.</summary>
internal sealed class Agenda
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<Func<Task>, (DateTimeOffset Due, long Number)> _actions = new();
    private long _added;

    /// <summary>Adds an action; of two that are due at the same instant the one added first comes first.</summary>
    public void Add(DateTimeOffset due, Func<Task> action)
    {
        lock (_gate)
            _actions.Enqueue(action, (due, _added++));
    }

    /// <summary>Whether nothing is left.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
                return _actions.Count == 0;
        }
    }

    /// <summary>A simulation: one action after the other, each at its very instant.</summary>
    public async Task RunAsync(ManualTime time)
    {
        while (Take(DateTimeOffset.MaxValue) is { } next)
        {
            time.MoveTo(next.Due);
            await next.Action();
        }
    }

    /// <summary>In real time: each action is started when it is due, however long the ones before take.</summary>
    public async Task RunAsync(TimeProvider time, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(s_tick, time);
        var running = new List<Task>();
        do
        {
            while (Take(time.GetUtcNow()) is { } next)
                running.Add(next.Action());

            foreach (var done in running.Where(task => task.IsCompleted).ToList())
            {
                running.Remove(done);
                await done;
            }
        }
        while ((running.Count > 0 || !IsEmpty) && await timer.WaitForNextTickAsync(cancellation));
    }

    private (DateTimeOffset Due, Func<Task> Action)? Take(DateTimeOffset until)
    {
        lock (_gate)
        {
            if (!_actions.TryPeek(out _, out var key) || key.Due > until)
                return null;
            return (key.Due, _actions.Dequeue());
        }
    }
}
