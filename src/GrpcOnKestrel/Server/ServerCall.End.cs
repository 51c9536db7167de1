using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// The deadline and the end of a call. Whoever comes first, the handler's end or the deadline, answers with the status; the
/// gate keeps the deadline from completing a response that is just being written. Calls without a deadline pass it freely.
/// </summary>
internal sealed partial class ServerCall
{
    private enum Gate
    {
        Idle,
        Writing,
        Done,
    }

    private DateTime _deadline = DateTime.MaxValue;
    private Lock? _lock;
    private ITimer? _timer;
    private CancellationTokenSource? _cancellation;
    private CancellationTokenRegistration _abortRegistration;
    private Gate _gate;
    private bool _deadlineExceeded;
    private Task? _deadlineAnswer;
    private volatile bool _ended;

    /// <summary>Whether a request is being read, rather than the handler running.</summary>
    public bool IsReading { get; set; } = true;

    public bool HasDeadline => _cancellation is not null;

    /// <summary>Before anything is read or written: Kestrel may already use the HTTP context for another call.</summary>
    /// <exception cref="InvalidOperationException">The handler has returned and kept one of its streams.</exception>
    public void ThrowIfEnded()
    {
        if (_ended)
            throw new InvalidOperationException("The request is complete: its messages can be neither read nor written any more.");
    }

    /// <summary>Before anything is written.</summary>
    /// <exception cref="InvalidOperationException">The call has been answered already.</exception>
    public void BeginWrite()
    {
        if (!TryBeginWrite())
            throw new InvalidOperationException("Can't write the message because the request is complete.");
    }

    /// <summary>Before the only response is written: false when the deadline has answered the call.</summary>
    public bool TryBeginWrite()
    {
        ThrowIfEnded();
        if (!HasDeadline)
            return true;
        lock (_lock!)
        {
            if (_gate != Gate.Idle || _deadlineExceeded)
                return false;
            _gate = Gate.Writing;
            return true;
        }
    }

    /// <summary>After it is written.</summary>
    public void EndWrite()
    {
        if (!HasDeadline)
            return;
        lock (_lock!)
        {
            if (_gate != Gate.Writing)
                return;
            _gate = Gate.Idle;
            if (_deadlineExceeded)
                AnswerDeadline();
        }
    }

    /// <summary>Turns what a handler (or reading its request) threw into the call's status.</summary>
    public void Fail(Exception exception)
    {
        if (exception is RpcException failure)
        {
            Log.CallFailed(Logger, Method, failure.StatusCode);
            if (!ReferenceEquals(failure.Trailers, _responseTrailers))
            {
                foreach (var entry in failure.Trailers)
                    ResponseTrailers.Add(entry);
            }

            Status = failure.Status;
            return;
        }

        if (IsLoss(exception) || (exception is OperationCanceledException or IOException && CancellationToken.IsCancellationRequested))
            Log.CallCancelled(Logger, Method);
        else
            Log.HandlerThrew(Logger, Method, exception);
        var detail = "Exception was thrown by handler.";
        if (Options.DetailedErrors)
        {
            for (var inner = exception; inner is not null; inner = inner.InnerException)
                detail += $" {inner.GetType().Name}: {inner.Message}";
        }

        Status = new Status(StatusCode.Unknown, detail, exception);
    }

    /// <summary>
    /// Whether it tells that the client or its connection is gone, or was cut off: that comes out of a read of requests before the call's token
    /// knows of it.
    /// </summary>
    private bool IsLoss(Exception exception) =>
        (IsReading && exception is IOException or OperationCanceledException)
        // Wherever in a read or a write it comes out.
        || exception is ConnectionAbortedException or ConnectionResetException
            or IOException { InnerException: ConnectionAbortedException or ConnectionResetException };

    /// <summary>Answers with the status, unless the deadline did; then waits until it has.</summary>
    public Task EndAsync()
    {
        _ended = true;
        if (!HasDeadline)
        {
            SetStatus(_status, _responseTrailers);
            return Task.CompletedTask;
        }

        return EndWithDeadlineAsync();
    }

    private async Task EndWithDeadlineAsync()
    {
        lock (_lock!)
        {
            if (_gate != Gate.Done)
            {
                _gate = Gate.Done;
                if (_deadlineExceeded)
                    SetStatus(DeadlineStatus, trailers: null);
                else
                    SetStatus(_status, _responseTrailers);
            }
        }

        await _timer!.DisposeAsync();
        await _abortRegistration.DisposeAsync();
        if (_deadlineAnswer is not null)
            await _deadlineAnswer;
    }

    private static readonly Status DeadlineStatus = new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    private void StartDeadline()
    {
        string? text = HttpContext.Request.Headers.GrpcTimeout;
        if (text is null)
            return;
        if (!Wire.Timeout.TryParse(text, out var timeout))
        {
            Log.MalformedTimeout(Logger);
            return;
        }

        var now = Options.TimeProvider.GetUtcNow();
        _deadline = (now + timeout).UtcDateTime;
        _lock = new Lock();
        _cancellation = new CancellationTokenSource();
        _abortRegistration = HttpContext.RequestAborted.UnsafeRegister(
            static call => ((ServerCall)call!)._cancellation!.Cancel(), this);
        _timer = Options.TimeProvider.CreateTimer(
            static call => ((ServerCall)call!).OnDeadline(), this, timeout, System.Threading.Timeout.InfiniteTimeSpan);
    }

    private void OnDeadline()
    {
        try
        {
            lock (_lock!)
            {
                if (_gate == Gate.Done)
                    return;
                _deadlineExceeded = true;
                if (_gate == Gate.Idle)
                    AnswerDeadline();
            }

            Log.DeadlineExceeded(Logger, Method);
            _cancellation!.Cancel();
        }
#pragma warning disable CA1031 // Nobody is above a timer: what it throws ends the process. Most likely a callback on the token threw.
        catch (Exception exception)
        {
            Log.HandlerThrew(Logger, Method, exception);
        }
    }

    /// <summary>
    /// Under the lock: the handler goes on, but the client has its answer. The handler's trailers stay out of it, since it may
    /// just be adding to them.
    /// </summary>
    private void AnswerDeadline()
    {
        _gate = Gate.Done;
        SetStatus(DeadlineStatus, trailers: null);
        _headersSent = true;
        _deadlineAnswer = CompleteAsync();
    }

    private async Task CompleteAsync()
    {
        try
        {
            await HttpContext.Response.CompleteAsync();
            // Requests that still come have no reader any more; the status is out, so this takes nothing from the client.
            const int NoError = 0;
            HttpContext.Features.Get<IHttpResetFeature>()?.Reset(NoError);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            Log.CallCancelled(Logger, Method);
        }
    }
}
