using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>A call's requests, as they come.</summary>
internal sealed class RequestStream<T>(ServerCall call, Func<DeserializationContext, T> deserializer) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("No message has been read.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        call.ThrowIfEnded();
        // Without this, a read that waits when the deadline answers would wait for a client that has left.
        using var linked = call.HasDeadline && cancellationToken.CanBeCanceled && cancellationToken != call.CancellationToken
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call.CancellationToken)
            : null;
        var token = linked?.Token ?? (call.HasDeadline ? call.CancellationToken : cancellationToken);
        token.ThrowIfCancellationRequested();
        var reader = call.HttpContext.Request.BodyReader;
        while (true)
        {
            call.IsReading = true;
            var result = await reader.ReadAsync(token);
            call.IsReading = false;
            if (call.TryReadNext(reader, result, deserializer, out _current))
                return _current is not null;
        }
    }
}
