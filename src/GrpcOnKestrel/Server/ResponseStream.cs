using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>A call's responses: each write is done when the connection has room again, so a slow reader slows its writer.</summary>
internal sealed class ResponseStream<T>(ServerCall call, Action<T, SerializationContext> serializer) : IServerStreamWriter<T>
    where T : class
{
    private int _writing;

    public WriteOptions? WriteOptions
    {
        get => call.WriteOptions;
        set => call.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        call.ThrowIfEnded();
        cancellationToken.ThrowIfCancellationRequested();
        // Kestrel swallows what is written to a stream that its client has left; the handler should stop instead.
        call.CancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _writing, 1) == 1)
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        try
        {
            call.BeginWrite();
            try
            {
                call.Write(message, serializer);
                if (WriteOptions is null || !WriteOptions.Flags.HasFlag(WriteFlags.BufferHint))
                    await FlushAsync(cancellationToken);
            }
            finally
            {
                call.EndWrite();
            }
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }

        call.CancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Not by the call's token: a flush that is cancelled makes Kestrel reset the stream with INTERNAL_ERROR, and the deadline cancels just when
    /// its status is to go out. A client that has gone ends the flush by itself, one that does not read is cut off by the least data rate.
    /// </summary>
    private async ValueTask FlushAsync(CancellationToken cancellationToken) =>
        await call.HttpContext.Response.BodyWriter.FlushAsync(cancellationToken == call.CancellationToken ? CancellationToken.None : cancellationToken);
}
