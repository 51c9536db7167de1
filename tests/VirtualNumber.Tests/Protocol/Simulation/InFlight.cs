namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// One verb on its way. It stops before and after each step until the scheduler lets it go on, so that a seed decides how the steps
/// of several verbs are interleaved; only one of them runs at any time.
/// </summary>
internal sealed class InFlight(string name)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _go = new();
    private TaskCompletionSource _stopped = NewStop();
    private Exception? _fault;
    private int _aside;
    private bool _waits;

    internal string Name { get; } = name;

    /// <summary>The true time at which the step that is waiting was sent; null between steps.</summary>
    internal DateTimeOffset? Sent { get; private set; }

    /// <summary>Whether a step of it was cut off.</summary>
    internal bool Cut { get; set; }

    internal bool Done { get; private set; }

    /// <summary>The claims that it wrote.</summary>
    internal HashSet<VirtualNumber.Sealing.ClaimId> Claims { get; } = [];

    /// <summary>The report number that its decide step answered.</summary>
    internal int DecidedNumber { get; set; }

    /// <summary>Starts the verb and lets it run to its first step.</summary>
    internal Task StartAsync(Func<InFlight, Task> verb)
    {
        _ = RunAsync(verb);
        return StopAsync();
    }

    /// <summary>Lets it run to its next stop.</summary>
    internal Task GoOnAsync()
    {
        Sent = null;
        _stopped = NewStop();
        _go.SetResult();
        return StopAsync();
    }

    /// <summary>Called by the verb's steps: waits for the scheduler.</summary>
    internal Task PauseAsync(DateTimeOffset? sent)
    {
        Sent = sent;
        var go = _go = new TaskCompletionSource();
        lock (_gate)
        {
            _waits = _aside > 0;
            if (!_waits)
                _stopped.SetResult();
        }

        return go.Task;
    }

    /// <summary>Runs what the verb asks for beside its steps, all at once: it has not stopped before that is done.</summary>
    internal async ValueTask<T> RunAsideAsync<T>(Func<ValueTask<T>> read)
    {
        lock (_gate)
            _aside++;
        try
        {
            return await read();
        }
        finally
        {
            lock (_gate)
            {
                if (--_aside == 0 && _waits)
                {
                    _waits = false;
                    _stopped.SetResult();
                }
            }
        }
    }

    private async Task StopAsync()
    {
        await _stopped.Task;
        if (_fault is { } fault)
            throw new InvariantBrokenException($"{Name}: {fault.Message}", fault);
    }

    private async Task RunAsync(Func<InFlight, Task> verb)
    {
        try
        {
            await verb(this);
            if (Cut)
                throw new InvariantBrokenException("The store was in trouble, and the verb answered all the same.");
        }
        catch (VirtualNumber.Protocol.StoreUnavailableException) when (Cut)
        {
            // As it should be: the caller is told, and nothing is guessed.
        }
#pragma warning disable CA1031 // Whatever it is, the scheduler throws it on.
        catch (Exception fault)
        {
            _fault = fault;
        }
#pragma warning restore CA1031

        Done = true;
        _stopped.SetResult();
    }

    // The scheduler goes on by itself, not on the stack of the verb that stops.
    private static TaskCompletionSource NewStop() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The protocol broke a promise.</summary>
internal sealed class InvariantBrokenException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Throws unless the promise holds.</summary>
    internal static void Unless(bool holds, Func<string> promise)
    {
        if (!holds)
            throw new InvariantBrokenException(promise());
    }
}
