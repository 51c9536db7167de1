using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>The one message encoding that is spoken besides identity: gzip.</summary>
internal static class Compression
{
    public const string Gzip = "gzip";
    public const string Identity = "identity";
    public const string Accepted = "identity,gzip";

    /// <summary>The metadata key by which callers of the official library choose a call's encoding.</summary>
    public const string RequestKey = "grpc-internal-encoding-request";

    public static bool Accepts(string? acceptEncoding, string encoding)
    {
        foreach (var range in acceptEncoding.AsSpan().Split(','))
        {
            if (acceptEncoding.AsSpan()[range].Trim().Equals(encoding, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    /// <summary>Compresses a message.</summary>
    public static ArraySerializationContext Compress(ReadOnlyMemory<byte> message, CompressionLevel level)
    {
        var output = new ArraySerializationContext();
        using var stream = new GZipStream(new WriterStream(output), level, leaveOpen: false);
        stream.Write(message.Span);
        return output;
    }

    /// <summary>Inflates a message, and stops as soon as it grows beyond the limit: a bomb costs no more than that.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED beyond the limit, INTERNAL if this is not gzip, or not all of it.</exception>
    public static ReadOnlySequence<byte> Decompress(in ReadOnlySequence<byte> payload, int maxLength)
    {
        // Grows with what is really there; starting at the compressed size avoids most of the copying.
        var output = new ArrayBufferWriter<byte>(Math.Max(256, (int)Math.Min(payload.Length, maxLength)));
        try
        {
            using var input = new MemoryStream(payload.ToArray(), writable: false);
            using var stream = new GZipStream(input, CompressionMode.Decompress);
            while (true)
            {
                var room = (int)Math.Min(64 * 1024, (long)maxLength - output.WrittenCount + 1);
                var count = stream.Read(output.GetSpan(room)[..room]);
                if (count == 0)
                    break;
                output.Advance(count);
                if (output.WrittenCount > maxLength)
                    throw new RpcException(Frame.TooLarge);
            }
        }
        catch (InvalidDataException exception)
        {
            throw new RpcException(new Status(StatusCode.Internal, "Failed to decompress message.", exception));
        }

        return IsWhole(payload, output.WrittenCount)
            ? new ReadOnlySequence<byte>(output.WrittenMemory)
            : throw new RpcException(new Status(StatusCode.Internal, "Failed to decompress message: it is truncated."));
    }

    /// <summary>
    /// GZipStream takes a truncated stream for a short one, and the front of a message is often a message too. RFC 1952 ends each
    /// stream with the length of what went in. Nothing at all is what other GZipStreams make of an empty message.
    /// </summary>
    private static bool IsWhole(in ReadOnlySequence<byte> payload, int inflatedLength)
    {
        const int HeaderAndTrailerLength = 18;
        if (payload.IsEmpty)
            return true;
        if (payload.Length < HeaderAndTrailerLength)
            return false;
        Span<byte> length = stackalloc byte[sizeof(uint)];
        payload.Slice(payload.Length - length.Length).CopyTo(length);
        return BinaryPrimitives.ReadUInt32LittleEndian(length) == (uint)inflatedLength;
    }

    private sealed class WriterStream(ArraySerializationContext writer) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => writer.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => writer.Write(buffer.AsSpan(offset, count));
    }
}
