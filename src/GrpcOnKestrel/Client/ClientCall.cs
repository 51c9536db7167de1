using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The life of a call on the client, whatever its messages: it ends once, with a status and trailers.</summary>
internal abstract class ClientCall : IDisposable
{
    private readonly TaskCompletionSource<Metadata> _responseHeaders = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancellation = new();
    private readonly CancellationTokenRegistration _callerCancels;
    private readonly ITimer? _deadlineTimer;
    private readonly Lock _lock = new();
    private bool _deadlineExceeded;
    private volatile Outcome? _end;

    protected ClientCall(CallOptions options)
    {
        Options = options;
        _callerCancels = options.CancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this);
        if (options.Deadline is not { } deadline || deadline == DateTime.MaxValue)
            return;
        if (deadline.Kind != DateTimeKind.Utc && deadline != DateTime.MinValue)
        {
            throw new InvalidOperationException(
                "Deadline must have a kind DateTimeKind.Utc or be equal to DateTime.MaxValue or DateTime.MinValue.");
        }

        var left = TimeLeft(deadline);
        if (left == TimeSpan.Zero)
        {
            OnDeadline();
            return;
        }

        var due = left < Wire.Timeout.Longest ? left : Wire.Timeout.Longest;
        _deadlineTimer = TimeProvider.System.CreateTimer(
            static call => ((ClientCall)call!).OnDeadline(), this, due, System.Threading.Timeout.InfiniteTimeSpan);
        // Cancelled by now? Then the end of the call found no timer to dispose of.
        if (_end is not null)
            _deadlineTimer.Dispose();
    }

    public Task<Metadata> ResponseHeadersAsync => _responseHeaders.Task;

    protected CallOptions Options { get; }

    /// <summary>Cancelled when the caller cancels, the deadline passes or the call is disposed of.</summary>
    protected CancellationToken CancellationToken => _cancellation.Token;

    /// <summary>How the call ended; null while it has not.</summary>
    public Status? EndStatus => _end?.Status;

    public Status GetStatus() =>
        _end?.Status ?? throw new InvalidOperationException("Unable to get the status because the call is not complete.");

    public Metadata GetTrailers() =>
        _end?.Trailers ?? throw new InvalidOperationException("Unable to get the trailers because the call is not complete.");

    public virtual void Dispose() => Cancel();

    /// <summary>Gives the call up, unless it has ended: at once, since there may be no read under way that would notice.</summary>
    public void Cancel()
    {
        if (_end is not null)
            return;
        _cancellation.Cancel();
        EndWith(new OperationCanceledException(_cancellation.Token));
    }

    protected static TimeSpan TimeLeft(DateTime deadline)
    {
        var left = deadline - TimeProvider.System.GetUtcNow().UtcDateTime;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    protected void SetResponseHeaders(Metadata headers) => _responseHeaders.TrySetResult(headers);

    /// <summary>Ends the call; only the first end counts. Returns how it ended.</summary>
    protected Status End(Status status, Metadata trailers)
    {
        lock (_lock)
        {
            if (_end is not null)
                return _end.Status;
            _end = new Outcome(status, trailers);
        }

        _deadlineTimer?.Dispose();
        _callerCancels.Unregister();
        if (_responseHeaders.TrySetException(new RpcException(status, trailers)))
            _ = _responseHeaders.Task.Exception;
        OnEnd();
        return status;
    }

    /// <summary>Ends the call because of what went wrong, and returns what the caller gets to see.</summary>
    protected RpcException EndWith(Exception exception)
    {
        var status = exception switch
        {
            RpcException failure => failure.Status,
            _ when _deadlineExceeded => new Status(StatusCode.DeadlineExceeded, "", exception),
            _ when _cancellation.IsCancellationRequested => new Status(StatusCode.Cancelled, "Call canceled by the client.", exception),
            _ => TransportStatus.Of(exception),
        };
        var trailers = (exception as RpcException)?.Trailers ?? [];
        End(status, trailers);
        return new RpcException(GetStatus(), GetTrailers());
    }

    /// <summary>Frees what the call holds.</summary>
    protected abstract void OnEnd();

    private void OnDeadline()
    {
        _deadlineExceeded = true;
        Cancel();
    }

    private sealed record Outcome(Status Status, Metadata Trailers);
}
