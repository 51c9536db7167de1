using System.Buffers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>Reads a response's messages off its stream.</summary>
internal sealed class FrameReader(Stream stream, int maxLength, string? encoding)
{
    private byte[] _buffer = new byte[1024];
    private int _start;
    private int _end;

    /// <summary>The next message; null at the end of the stream.</summary>
    /// <exception cref="RpcException">The frame is malformed, too large or incomplete, or its encoding is unknown.</exception>
    public async ValueTask<T?> ReadAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            if (TryTake(deserializer, out var message))
                return message;
            if (!await FillAsync(cancellationToken).ConfigureAwait(false))
                return _start == _end ? null : throw new RpcException(Frame.Incomplete);
        }
    }

    private bool TryTake<T>(Func<DeserializationContext, T> deserializer, out T? message)
        where T : class
    {
        var available = new ReadOnlySequence<byte>(_buffer, _start, _end - _start);
        if (!Frame.TryRead(ref available, maxLength, out var compressed, out var payload))
        {
            message = null;
            return false;
        }

        if (compressed)
        {
            payload = encoding == Compression.Gzip
                ? Compression.Decompress(payload, maxLength)
                : throw new RpcException(new Status(StatusCode.Internal, $"Unsupported grpc-encoding value '{encoding}' in the response."));
        }

        message = FrameDeserializationContext.Deserialize(payload, deserializer);
        _start = _end - (int)available.Length;
        return true;
    }

    /// <summary>Reads more; false at the end of the stream. The buffer grows with what really comes, not with what is announced.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, checked(_buffer.Length * 2));
        var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        _end += count;
        return count > 0;
    }
}
