using System.Buffers;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Collects one serialised message in a pooled array, after room for a frame's header.</summary>
internal sealed class ArraySerializationContext : SerializationContext, IBufferWriter<byte>, IDisposable
{
    private byte[] _buffer = [];
    private int _end = Frame.HeaderLength;
    private bool _complete;

    public ReadOnlyMemory<byte> Message => _buffer.AsMemory(Frame.HeaderLength, _end - Frame.HeaderLength);

    /// <summary>The header, then the message.</summary>
    public ReadOnlyMemory<byte> Framed(bool compressed)
    {
        Frame.WriteHeader(_buffer, compressed, Message.Length);
        return _buffer.AsMemory(0, _end);
    }

    /// <summary>Serialises a message.</summary>
    /// <exception cref="InvalidOperationException">The marshaller did not complete.</exception>
    public static ArraySerializationContext Serialize<T>(T message, Action<T, SerializationContext> serializer)
    {
        var context = new ArraySerializationContext();
        serializer(message, context);
        if (!context._complete)
            throw new InvalidOperationException("Serialization did not return a payload.");
        return context;
    }

    public override void SetPayloadLength(int payloadLength) => EnsureRoom(payloadLength);

    public override IBufferWriter<byte> GetBufferWriter() => this;

    public override void Complete(byte[] payload)
    {
        EnsureRoom(payload.Length);
        payload.CopyTo(_buffer, _end);
        _end += payload.Length;
        Complete();
    }

    public override void Complete()
    {
        EnsureRoom(0);
        _complete = true;
    }

    public byte[] ToArray() => Message.ToArray();

    public void Advance(int count) => _end += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_end);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_end);
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _end = Frame.HeaderLength;
    }

    private void EnsureRoom(int room)
    {
        if (_buffer.Length > 0 && _buffer.Length - _end >= room)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_end + room), 2 * _buffer.Length));
        _buffer.AsSpan(0, Math.Min(_end, _buffer.Length)).CopyTo(larger);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
