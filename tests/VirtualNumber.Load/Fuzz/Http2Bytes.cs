using System.Buffers.Binary;
using System.Text;

namespace VirtualNumber.Load.Fuzz;

/// <summary>HTTP/2 frames by hand (RFC 9113), so that they can be wrong. Headers are literals without an index, which any decoder reads.</summary>
internal static class Http2Bytes
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Priority = 2;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Push = 5;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    private const int HeaderLength = 9;

    public static byte[] Preface { get; } = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    /// <summary>A frame; its length may be said to be another.</summary>
    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload, int? length = null)
    {
        var frame = new byte[HeaderLength + payload.Length];
        var told = length ?? payload.Length;
        (frame[0], frame[1], frame[2], frame[3], frame[4]) = ((byte)(told >> 16), (byte)(told >> 8), (byte)told, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(HeaderLength));
        return frame;
    }

    /// <summary>The headers of a gRPC call, and more of them.</summary>
    public static byte[] CallHeaders(string path, params ReadOnlySpan<(string Name, string Value)> more) => HeaderBlock(
    [
        (":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", path), ("content-type", "application/grpc"), ("te", "trailers"), .. more,
    ]);

    public static byte[] HeaderBlock(params ReadOnlySpan<(string Name, string Value)> headers)
    {
        var block = new List<byte>();
        foreach (var (name, value) in headers)
        {
            block.Add(0);
            AddText(block, name);
            AddText(block, value);
        }

        return [.. block];
    }

    private static void AddText(List<byte> block, string text)
    {
        const int prefix = 127;
        var bytes = Encoding.Latin1.GetBytes(text);
        if (bytes.Length < prefix)
        {
            block.Add((byte)bytes.Length);
        }
        else
        {
            block.Add(prefix);
            var rest = bytes.Length - prefix;
            for (; rest >= 128; rest >>= 7)
                block.Add((byte)(rest | 128));
            block.Add((byte)rest);
        }

        block.AddRange(bytes);
    }
}
