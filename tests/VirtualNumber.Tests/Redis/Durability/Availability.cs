namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>Whether it makes sense to call again: clients wait here instead of asking all the time while the store is away.</summary>
internal sealed class Availability
{
    private volatile TaskCompletionSource _there = New();

    public Availability() => _there.SetResult();

    public Task UntilThereAsync() => _there.Task;

    public void Lost() => _there = New();

    public void Restored() => _there.TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
