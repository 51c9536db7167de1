using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server;

/// <summary>The messages of a call on the server.</summary>
internal sealed partial class ServerCall
{
    /// <summary>Looks for the only request in what has come so far; true once it and the end of the stream are there.</summary>
    /// <exception cref="RpcException">The frame is malformed, too large, incomplete, missing, or not the only one.</exception>
    public bool TryReadOnly<T>(PipeReader reader, ReadResult result, Func<DeserializationContext, T> deserializer, ref T? message)
        where T : class
    {
        var buffer = result.Buffer;
        if (message is null && TryTake(ref buffer, deserializer, out message))
        {
            if (!buffer.IsEmpty)
                throw new RpcException(Frame.Additional);
        }
        else if (message is not null && !buffer.IsEmpty)
        {
            throw new RpcException(Frame.Additional);
        }

        if (result.IsCompleted && message is null)
            throw new RpcException(Frame.Incomplete);
        reader.AdvanceTo(buffer.Start, buffer.End);
        return result.IsCompleted;
    }

    /// <summary>Looks for the next request of a stream; true once it (or, with null, the end of the stream) is there.</summary>
    /// <exception cref="RpcException">The frame is malformed, too large or incomplete.</exception>
    public bool TryReadNext<T>(PipeReader reader, ReadResult result, Func<DeserializationContext, T> deserializer, out T? message)
        where T : class
    {
        var buffer = result.Buffer;
        if (TryTake(ref buffer, deserializer, out message))
        {
            reader.AdvanceTo(buffer.Start);
            return true;
        }

        reader.AdvanceTo(buffer.Start, buffer.End);
        if (!result.IsCompleted)
            return false;
        return buffer.IsEmpty ? true : throw new RpcException(Frame.Incomplete);
    }

    /// <summary>Writes one message into the response's buffer; nothing is flushed.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: the message is larger than may be sent.</exception>
    public void Write<T>(T message, Action<T, SerializationContext> serializer)
    {
        if (!_headersSent)
            SendHeaders();
        var pipe = HttpContext.Response.BodyWriter;
        if (_compressResponse && (WriteOptions is null || !WriteOptions.Flags.HasFlag(WriteFlags.NoCompress)))
            WriteCompressed(pipe, message, serializer);
        else
            PipeSerializationContext.Write(pipe, message, serializer, Options.MaxSendLength);
    }

    private bool TryTake<T>(ref ReadOnlySequence<byte> buffer, Func<DeserializationContext, T> deserializer, out T? message)
        where T : class
    {
        if (!Frame.TryRead(ref buffer, Options.MaxReceiveLength, out var compressed, out var payload))
        {
            message = null;
            return false;
        }

        if (compressed)
            payload = Decompress(payload);
        message = FrameDeserializationContext.Deserialize(payload, deserializer);
        return true;
    }

    private ReadOnlySequence<byte> Decompress(in ReadOnlySequence<byte> payload)
    {
        string? encoding = HttpContext.Request.Headers.GrpcEncoding;
        switch (encoding)
        {
            case Compression.Gzip:
                return Compression.Decompress(payload, Options.MaxReceiveLength);
            case null or "":
                throw new RpcException(new Status(
                    StatusCode.Internal, "Request did not include grpc-encoding value with compressed message."));
            case Compression.Identity:
                throw new RpcException(new Status(
                    StatusCode.Internal, "Request sent 'identity' grpc-encoding value with compressed message."));
            default:
                if (!HttpContext.Response.HasStarted)
                    HttpContext.Response.Headers.GrpcAcceptEncoding = Compression.Accepted;
                throw new RpcException(new Status(
                    StatusCode.Unimplemented,
                    $"Unsupported grpc-encoding value '{encoding}'. Supported encodings: {Compression.Accepted}"));
        }
    }

    private void WriteCompressed<T>(PipeWriter pipe, T message, Action<T, SerializationContext> serializer)
    {
        using var plain = ArraySerializationContext.Serialize(message, serializer);
        if (plain.Message.Length > Options.MaxSendLength)
            throw new RpcException(Frame.SendingTooLarge);
        if (plain.Message.IsEmpty)
        {
            // GZipStream makes nothing of nothing, not even a header, and other readers would stumble over that.
            pipe.Write(plain.Framed(compressed: false).Span);
            return;
        }

        using var compressed = Compression.Compress(plain.Message, Options.CompressionLevel);
        pipe.Write(compressed.Framed(compressed: true).Span);
    }
}
