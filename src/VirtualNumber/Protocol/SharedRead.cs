namespace VirtualNumber.Protocol;

/// <summary>
/// One read for all who want one. Whoever asks gets a read that starts after he asked, so that it shows all that was there then; yet
/// however many ask, one is on its way and at most one waits.
/// </summary>
/// <param name="read">The read. Never run by two at a time.</param>
internal sealed class SharedRead(Func<Task> read)
{
    private readonly Lock _gate = new();
    private Task _current = Task.CompletedTask;
    private Task? _next;

    /// <summary>Ends with a read that starts after this call. A caller who gives up does not end it for the others.</summary>
    public Task RunAsync(CancellationToken cancellation)
    {
        Task shared;
        lock (_gate)
        {
            if (_next is null)
            {
                var current = _current;
                _next = Task.Run(() => RunAfterAsync(current), CancellationToken.None);
                // All who asked may have given up by the time that it fails.
                _ = _next.ContinueWith(
                    static failed => _ = failed.Exception,
                    CancellationToken.None,
                    TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }

            shared = _next;
        }

        return shared.WaitAsync(cancellation);
    }

    private async Task RunAfterAsync(Task current)
    {
        await current.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            // From here on whoever asks needs another one.
            (_current, _next) = (_next!, null);
        }

        await read();
    }
}
