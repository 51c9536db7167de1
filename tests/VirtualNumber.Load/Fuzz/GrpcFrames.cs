using System.Buffers.Binary;
using System.IO.Compression;

namespace VirtualNumber.Load.Fuzz;

/// <summary>gRPC's frame around a message, and what is wrong with hostile ones.</summary>
internal static class GrpcFrames
{
    private static readonly Lazy<byte[]> s_bomb = new(() => Gzip(new byte[64 * 1024 * 1024]));

    public static byte[] Frame(byte[] message, byte flag = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public static byte[] Gzip(byte[] message)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
            gzip.Write(message);
        return output.ToArray();
    }

    /// <summary>A body that is not one frame with one message, or is in a strange way.</summary>
    public static byte[] Hostile(byte[] message, Random random)
    {
        var frame = Frame(message);
        switch (random.Next(13))
        {
            case 0:
                return frame[..random.Next(frame.Length)];
            case 1:
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), random.Next(4) == 0 ? random.Next(int.MinValue, int.MaxValue) : message.Length + random.Next(-5, 100));
                return frame;
            case 2:
                return [.. frame, .. frame];
            case 3:
                return Frame(message, (byte)random.Next(2, 256));
            case 4:
                return Frame(message, flag: 1);
            case 5:
                return Frame(Gzip(message), flag: 1);
            case 6:
                var gzip = Gzip(message);
                return Frame(gzip[..random.Next(gzip.Length)], flag: 1);
            case 7:
                return Frame(Mutations.ChangeBytes(Gzip(message), random), flag: 1);
            case 8 when random.Next(20) == 0:
                return Frame(s_bomb.Value, flag: 1);
            case 9 when random.Next(50) == 0:
                return Frame(new byte[(4 * 1024 * 1024) + random.Next(-1, 3)]);
            case 10:
                return [];
            case 11:
                var any = new byte[random.Next(1, 2_000)];
                random.NextBytes(any);
                return any;
            default:
                return Mutations.ChangeBytes(frame, random);
        }
    }
}
