using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// Lets a marshaller write a message straight into the response. A short message is reserved with its header in one piece and
/// given to the pipe in one piece, since each step on Kestrel's pipe takes a lock.
/// </summary>
internal sealed class PipeSerializationContext : SerializationContext, IBufferWriter<byte>
{
    private const int LongestInOnePiece = 4000;

    // Serialising is synchronous, so one spare per thread serves all calls; null while in use.
    [ThreadStatic]
    private static PipeSerializationContext? t_spare;

    private PipeWriter? _pipe;
    private int _maxLength;
    private int _length;
    private int _written;
    private Memory<byte> _piece;
    private bool _complete;

    public static void Write<T>(PipeWriter pipe, T message, Action<T, SerializationContext> serializer, int maxLength)
    {
        var context = t_spare ?? new PipeSerializationContext();
        t_spare = null;
        context._pipe = pipe;
        context._maxLength = maxLength;
        context._length = -1;
        context._written = 0;
        context._complete = false;
        try
        {
            serializer(message, context);
            if (!context._complete)
                throw new InvalidOperationException("Serialization did not return a payload.");
        }
        finally
        {
            context._pipe = null;
            context._piece = default;
            t_spare = context;
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        if (payloadLength > _maxLength)
            throw new RpcException(Frame.SendingTooLarge);
        _length = payloadLength;
        if (payloadLength <= LongestInOnePiece)
        {
            _piece = _pipe!.GetMemory(Frame.HeaderLength + payloadLength);
            Frame.WriteHeader(_piece.Span, compressed: false, payloadLength);
        }
        else
        {
            Frame.WriteHeader(_pipe!.GetSpan(Frame.HeaderLength), compressed: false, payloadLength);
            _pipe.Advance(Frame.HeaderLength);
        }
    }

    public override IBufferWriter<byte> GetBufferWriter() => _length >= 0
        ? this
        : throw new NotSupportedException("The payload's length must be set before its buffer is taken.");

    public override void Complete(byte[] payload)
    {
        SetPayloadLength(payload.Length);
        this.Write(payload);
        Complete();
    }

    public override void Complete()
    {
        if (_written != _length)
            throw new InvalidOperationException($"Serialized {_written} bytes where {_length} were announced.");
        if (_length <= LongestInOnePiece)
            _pipe!.Advance(Frame.HeaderLength + _length);
        _complete = true;
    }

    public void Advance(int count)
    {
        _written += count;
        if (_length > LongestInOnePiece)
            _pipe!.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0) =>
        _length <= LongestInOnePiece ? _piece[(Frame.HeaderLength + _written)..] : _pipe!.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) =>
        _length <= LongestInOnePiece ? _piece.Span[(Frame.HeaderLength + _written)..] : _pipe!.GetSpan(sizeHint);
}
