using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>The frame around each message: a byte that tells whether it is compressed, its length in four bytes, the message.</summary>
internal static class Frame
{
    public const int HeaderLength = 5;

    public static readonly Status TooLarge =
        new(StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.");

    public static readonly Status SendingTooLarge =
        new(StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size.");

    public static readonly Status Incomplete = new(StatusCode.Internal, "Incomplete message.");

    public static readonly Status Additional = new(StatusCode.Internal, "Additional data after the message received.");

    public static void WriteHeader(Span<byte> destination, bool compressed, int length)
    {
        destination[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], (uint)length);
    }

    /// <summary>Takes a whole frame off the front of a buffer, if it is there.</summary>
    /// <exception cref="RpcException">The header is malformed (INTERNAL) or announces too much (RESOURCE_EXHAUSTED).</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, int maxLength, out bool compressed, out ReadOnlySequence<byte> payload)
    {
        compressed = false;
        payload = default;
        if (buffer.Length < HeaderLength)
            return false;
        int length;
        if (buffer.FirstSpan.Length >= HeaderLength)
        {
            compressed = ReadHeader(buffer.FirstSpan, maxLength, out length);
        }
        else
        {
            Span<byte> header = stackalloc byte[HeaderLength];
            buffer.Slice(0, HeaderLength).CopyTo(header);
            compressed = ReadHeader(header, maxLength, out length);
        }

        if (buffer.Length - HeaderLength < length)
            return false;
        payload = buffer.Slice(HeaderLength, length);
        buffer = buffer.Slice(payload.End);
        return true;
    }

    /// <summary>Reads a header; true for a compressed message.</summary>
    /// <exception cref="RpcException">The header is malformed (INTERNAL) or announces too much (RESOURCE_EXHAUSTED).</exception>
    public static bool ReadHeader(ReadOnlySpan<byte> header, int maxLength, out int length)
    {
        if (header[0] > 1)
            throw new RpcException(new Status(StatusCode.Internal, "Unexpected compressed flag value in message header."));
        var announced = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (announced > (uint)maxLength)
            throw new RpcException(TooLarge);
        length = (int)announced;
        return header[0] == 1;
    }
}
