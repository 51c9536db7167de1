using System.Net;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A streaming call's requests: the body of the HTTP request, open until the caller completes it.</summary>
internal sealed class RequestStreamContent<T>(ClientCall call, Func<T, ReadOnlyMemory<byte>> serialize, CancellationToken callCancelled)
    : HttpContent, IClientStreamWriter<T>
    where T : class
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ThrowIfEnded();
        if (_complete.Task.IsCompleted)
            throw new InvalidOperationException("Request stream has already been completed.");
        if (Interlocked.Exchange(ref _writing, 1) == 1)
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        try
        {
            // A message that is cancelled half-way leaves nothing sensible to send after it: the call goes with it.
            using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), call);
            var frame = serialize(message);
            var stream = await _stream.Task.WaitAsync(callCancelled).ConfigureAwait(false);
            await stream.WriteAsync(frame, callCancelled).ConfigureAwait(false);
            if (WriteOptions?.Flags.HasFlag(WriteFlags.BufferHint) != true)
                await stream.FlushAsync(callCancelled).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception
            is OperationCanceledException or IOException or HttpRequestException or ObjectDisposedException)
        {
            ThrowIfEnded();
            throw new RpcException(callCancelled.IsCancellationRequested
                ? new Status(StatusCode.Cancelled, "Call canceled by the client.", exception)
                : TransportStatus.Of(exception));
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public Task CompleteAsync()
    {
        if (Volatile.Read(ref _writing) == 1 && call.EndStatus is null)
            throw new InvalidOperationException("Can't complete the client stream writer because the previous write is in progress.");
        _complete.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>The call has ended: nobody reads requests any more, and writers that wait must learn of it.</summary>
    public void Abandon()
    {
        _complete.TrySetResult();
        _stream.TrySetCanceled();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The headers must not wait for the first message: the server may speak first.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (!_stream.TrySetResult(stream) && !_stream.Task.IsCanceled)
            throw new IOException("The requests of a streaming call cannot be sent twice.");
        await _complete.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private void ThrowIfEnded()
    {
        if (call.EndStatus is not { } status)
            return;
        if (status.StatusCode != StatusCode.OK)
            throw new RpcException(status, call.GetTrailers());
        throw new InvalidOperationException("Can't write the message because the call is complete.");
    }
}
