using System.Net.Sockets;
using System.Text;
using static VirtualNumber.Load.Fuzz.Http2Bytes;

namespace VirtualNumber.Load.Fuzz;

/// <summary>Bytes on a connection of its own: a conversation in HTTP/2 with something wrong about it, or none at all.</summary>
internal sealed class ConnectionInput : FuzzInput
{
    /// <summary>So long the service may take to answer before the connection is closed from here.</summary>
    private static readonly TimeSpan s_answersWithin = TimeSpan.FromMilliseconds(150);

    private readonly List<byte> _bytes = [];

    public ConnectionInput(ValidRequests valid, Random random)
    {
        switch (random.Next(12))
        {
            case 0:
                AddAny(random, random.Next(1, 3_000));
                return;
            case 1:
                _bytes.AddRange(Encoding.ASCII.GetBytes("POST /virtualnumber.v1.LeaseService/GetLease HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\0\0\0\0\0\r\n"));
                return;
            case 2:
                _bytes.AddRange(Preface.AsSpan(0, random.Next(Preface.Length)));
                AddAny(random, random.Next(0, 30));
                return;
        }

        _bytes.AddRange(Preface);
        _bytes.AddRange(Frame(Settings, 0, 0, random.Next(3) == 0 ? HostileSettings(random) : []));
        var stream = 1;
        for (var steps = random.Next(1, 6); steps > 0; steps--, stream += 2)
        {
            if (random.Next(2) == 0)
                AddCall(valid, random, stream);
            else
                AddHostile(random, stream);
        }

        if (random.Next(4) == 0)
        {
            for (var flips = random.Next(1, 5); flips > 0; flips--)
                _bytes[random.Next(_bytes.Count)] ^= (byte)(1 << random.Next(8));
        }

        // Cut off in the middle.
        if (random.Next(5) == 0)
        {
            var length = random.Next(_bytes.Count);
            _bytes.RemoveRange(length, _bytes.Count - length);
        }
    }

    public override string Describe() =>
        $"connection, {_bytes.Count} bytes {Convert.ToHexString(_bytes.Take(600).ToArray())}";

    public override async Task<string> SendAsync(FuzzTarget target, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(target.Address.Host, target.Address.Port, cancellation);
        using var answer = new MemoryStream();
        try
        {
            var reading = ReadAsync(socket, answer, cancellation);
            await socket.SendAsync(_bytes.ToArray(), cancellation);
            // Where the service still understands what comes, it answers what is open and closes.
            await socket.SendAsync(Frame(GoAway, 0, 0, new byte[8]), cancellation);
            await Task.WhenAny(reading, reading.WaitAsync(s_answersWithin, cancellation));
            socket.Shutdown(SocketShutdown.Send);
            await reading;
        }
        catch (SocketException)
        {
            // Cut off: that is a refusal, too.
        }

        return Judge(answer.GetBuffer().AsSpan(0, (int)answer.Length));
    }

    private static async Task ReadAsync(Socket socket, MemoryStream answer, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer, cancellation)) > 0)
            answer.Write(buffer.AsSpan(0, count));
    }

    /// <summary>
    /// Kestrel writes the first status of a connection as a literal, so it can be read without a decoder; errors of HTTP/2 are in their frames.
    /// </summary>
    private static string Judge(ReadOnlySpan<byte> answer)
    {
        var at = answer.IndexOf("grpc-status"u8);
        if (at >= 0 && at + "grpc-status".Length + 2 < answer.Length)
        {
            var length = answer[at + "grpc-status".Length];
            // A value may be Huffman coded; Kestrel's are not.
            if (length is 1 or 2 && at + "grpc-status".Length + 1 + length <= answer.Length)
                FuzzTarget.ThrowIfForbidden(Encoding.ASCII.GetString(answer.Slice(at + "grpc-status".Length + 1, length)));
        }

        var resets = 0;
        for (var rest = answer; rest.Length >= 9;)
        {
            var length = (rest[0] << 16) | (rest[1] << 8) | rest[2];
            if (rest.Length < 9 + length)
                break;
            var code = rest[3] switch
            {
                Reset when length == 4 => rest[9 + 3],
                GoAway when length >= 8 => rest[9 + 7],
                _ => (byte)0,
            };
            if (code == 2)
                return FuzzRun.EndedByKestrel;
            if (code != 0)
                resets++;
            rest = rest[(9 + length)..];
        }

        return resets > 0 ? "connection refused something" : at >= 0 ? "connection answered" : "connection closed";
    }

    private void AddCall(ValidRequests valid, Random random, int stream)
    {
        var method = ValidRequests.Methods[random.Next(ValidRequests.Methods.Count)];
        var headers = CallHeaders($"/{method.Service.FullName}/{method.Name}", ("grpc-timeout", "200m"));
        var body = GrpcFrames.Frame(Mutations.Body(valid.For(method, random), random));
        if (random.Next(3) == 0)
        {
            var cut = random.Next(headers.Length);
            _bytes.AddRange(Frame(Headers, 0, stream, headers.AsSpan(0, cut)));
            _bytes.AddRange(Frame(Continuation, EndHeaders, stream, headers.AsSpan(cut)));
        }
        else
        {
            _bytes.AddRange(Frame(Headers, EndHeaders, stream, headers));
        }

        const int piece = 16 * 1024;
        var withTrailers = random.Next(4) == 0;
        for (var at = 0; at < body.Length; at += piece)
        {
            var last = at + piece >= body.Length;
            _bytes.AddRange(Frame(Data, last && !withTrailers ? EndStream : (byte)0, stream, body.AsSpan(at, Math.Min(piece, body.Length - at))));
        }

        if (withTrailers)
        {
            var trailers = random.Next(2) == 0 ? HeaderBlock(("x-trailer", "y")) : HeaderBlock((":path", "/x"), ("grpc-status", "0"), ("content-length", "1"));
            _bytes.AddRange(Frame(Headers, random.Next(4) == 0 ? EndHeaders : (byte)(EndHeaders | EndStream), stream, trailers));
        }
    }

    private void AddHostile(Random random, int stream)
    {
        var any = new byte[random.Next(0, 64)];
        random.NextBytes(any);
        switch (random.Next(18))
        {
            case 0:
                _bytes.AddRange(Frame((byte)random.Next(256), (byte)random.Next(256), random.Next(-2, 10), any));
                break;
            case 1:
                _bytes.AddRange(Frame((byte)random.Next(10), (byte)random.Next(256), random.Next(10), any, length: random.Next(1 << 24)));
                break;
            case 2:
                _bytes.AddRange(Frame(WindowUpdate, 0, random.Next(2) * stream, random.Next(2) == 0 ? [0, 0, 0, 0] : [0x7F, 0xFF, 0xFF, 0xFF]));
                break;
            case 3:
                Repeat(random.Next(1, 400), Frame(Ping, 0, 0, new byte[8]));
                break;
            case 4:
                Repeat(random.Next(1, 100), Frame(Settings, 0, 0, HostileSettings(random)));
                break;
            // Rapid reset, CVE-2023-44487.
            case 5:
                for (var i = 0; i < random.Next(1, 150); i++, stream += 2)
                {
                    _bytes.AddRange(Frame(Headers, EndHeaders, stream, CallHeaders("/virtualnumber.v1.LeaseService/GetLease")));
                    _bytes.AddRange(Frame(Reset, 0, stream, [0, 0, 0, 8]));
                }

                break;
            // Headers that never end, CVE-2024-27316.
            case 6:
                _bytes.AddRange(Frame(Headers, 0, stream, CallHeaders("/x")));
                Repeat(random.Next(1, 300), Frame(Continuation, 0, stream, random.Next(2) == 0 ? [] : HeaderBlock(("x", new string('y', 100)))));
                break;
            case 7:
                _bytes.AddRange(Frame(Headers, EndHeaders, stream, CallHeaders("/virtualnumber.v1.LeaseService/GetLease")));
                Repeat(random.Next(1, 1_000), Frame(Data, 0, stream, []));
                break;
            // An index beyond the table; a table that grows beyond what was agreed; an integer that never ends.
            case 8:
                _bytes.AddRange(Frame(Headers, EndHeaders, stream, random.Next(3) switch { 0 => [0xFF, 0x7F], 1 => [0x3F, 0xFF, 0xFF, 0xFF, 0x7F], _ => [0x7F, .. Enumerable.Repeat((byte)0xFF, 20)] }));
                break;
            // One entry of the table, and thousands of references to it.
            case 9:
                _bytes.AddRange(Frame(
                    Headers,
                    EndHeaders,
                    stream,
                    [.. CallHeaders("/x"), 0x40, 1, (byte)'b', 0x7F, 0x80, 0x10, .. Enumerable.Repeat((byte)'z', 127 + 2_048), .. Enumerable.Repeat((byte)0xBE, random.Next(1, 8_000))]));
                break;
            case 10:
                _bytes.AddRange(Frame(Headers, (byte)(EndHeaders | random.Next(256)), stream, CallHeaders("/x")));
                break;
            case 11:
                _bytes.AddRange(Frame(Headers, EndHeaders | EndStream, stream, HeaderBlock(OddHeaders(random))));
                break;
            case 12:
                _bytes.AddRange(Frame(Push, EndHeaders, stream, any));
                break;
            case 13:
                _bytes.AddRange(Frame(Data, 8, stream, [200, 1, 2]));
                break;
            case 14:
                _bytes.AddRange(Frame(Priority, 0, stream, [0, 0, 0, (byte)stream, 1]));
                break;
            case 15:
                _bytes.AddRange(Frame(GoAway, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]));
                break;
            case 16:
                _bytes.AddRange(Frame(Headers, EndHeaders, stream + 1, CallHeaders("/x")));
                break;
            default:
                _bytes.AddRange(Frame(Headers, EndHeaders, stream, CallHeaders("/virtualnumber.v1.LeaseService/GetLease", ("content-length", "3"))));
                _bytes.AddRange(Frame(Data, EndStream, stream, any));
                break;
        }
    }

    private static (string Name, string Value)[] OddHeaders(Random random) => random.Next(8) switch
    {
        0 => [(":method", "POST")],
        1 => [(":method", "POST"), (":method", "POST"), (":scheme", "http"), (":path", "/")],
        2 => [(":method", "POST"), (":scheme", "http"), (":path", "")],
        3 => [(":method", "POST"), (":scheme", "http"), (":path", "*"), ("connection", "close")],
        4 => [(":method", "CONNECT"), (":authority", "x")],
        5 => [(":method", "POST"), (":scheme", "http"), (":path", "/x"), ("Upper", "x")],
        6 => [(":method", "POST"), (":scheme", "http"), (":path", "/x"), ("x", "a\r\nb"), ("", "")],
        _ => [("x", "y"), (":method", "POST"), (":scheme", "ftp"), (":path", "/x"), (":status", "200")],
    };

    private static byte[] HostileSettings(Random random)
    {
        var settings = new byte[6 * random.Next(0, 5)];
        random.NextBytes(settings);
        for (var at = 0; at < settings.Length; at += 6)
            (settings[at], settings[at + 1]) = (0, (byte)random.Next(0, 10));
        return random.Next(5) == 0 ? [.. settings, 1] : settings;
    }

    private void AddAny(Random random, int length)
    {
        var any = new byte[length];
        random.NextBytes(any);
        _bytes.AddRange(any);
    }

    private void Repeat(int count, byte[] frame)
    {
        for (; count > 0; count--)
            _bytes.AddRange(frame);
    }
}
