using StackExchange.Redis;

namespace VirtualNumber.Redis;

/// <summary>A write on its way over a <see cref="MasterLine"/>.</summary>
/// <param name="slot">The slot of its key; -1 where there are none.</param>
/// <param name="since">When it came, as a timestamp.</param>
internal abstract class MasterWrite(int slot, long since)
{
    public int Slot => slot;

    public long Since => since;

    /// <summary>The master's answer to it; it ends when the client is told.</summary>
    public abstract Task Answer { get; }

    /// <summary>Sends it. A client that throws at once is as one that answers with a fault.</summary>
    public abstract void Send(IDatabase line);

    /// <summary>Answers the caller: the master's answer when it is an error or everything is confirmed, else the fault.</summary>
    /// <param name="fault">Why it is not confirmed; null: it is.</param>
    public abstract void Complete(Exception? fault);
}

/// <inheritdoc/>
internal sealed class MasterWrite<TState, T>(int slot, TState state, Func<IDatabase, TState, Task<T>> call, long since) : MasterWrite(slot, since)
{
    private readonly TaskCompletionSource<T> _caller = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<T>? _answer;

    /// <summary>What the caller waits for.</summary>
    public Task<T> Task => _caller.Task;

    public override Task Answer => _answer ?? System.Threading.Tasks.Task.CompletedTask;

    public override void Send(IDatabase line)
    {
        try
        {
            _answer = call(line, state);
        }
        catch (Exception fault)
        {
            _answer = System.Threading.Tasks.Task.FromException<T>(fault);
        }
    }

    public override void Complete(Exception? fault)
    {
        if (_answer is { IsFaulted: true } failed)
            _caller.TrySetException(failed.Exception!.InnerException!);
        else if (fault is null && _answer is { IsCompletedSuccessfully: true } done)
            _caller.TrySetResult(done.Result);
        else
            _caller.TrySetException(fault ?? new UnconfirmedException("The call ended without an answer; it may have happened.", isLost: true));
    }
}
