using System.Globalization;
using System.Net.Sockets;
using System.Text;
using StackExchange.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>Every command that a Redis is sent while this is open, as MONITOR tells it.</summary>
internal sealed class RedisMonitor : IDisposable
{
    private const string Started = "+OK\r\n";

    private readonly TcpClient _connection;
    private readonly StringBuilder _told = new();

    private RedisMonitor(TcpClient connection) => _connection = connection;

    /// <summary>Begins to listen; what is sent after this is told.</summary>
    public static async Task<RedisMonitor> StartAsync(int port)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync("127.0.0.1", port);
        var monitor = new RedisMonitor(connection);
        await connection.GetStream().WriteAsync("MONITOR\r\n"u8.ToArray());
        await monitor.ReadUntilAsync(Started);
        return monitor;
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>All that was sent until now, with what MONITOR escapes as the bytes that they were.</summary>
    public async Task<byte[]> ReadUntilAsync(IConnectionMultiplexer connection) => Unescape(await ReadTextAsync(connection));

    /// <summary>The same as MONITOR writes it, a line per command.</summary>
    public async Task<IReadOnlyList<string>> ReadLinesAsync(IConnectionMultiplexer connection) =>
        (await ReadTextAsync(connection)).Split("\r\n");

    private async Task<string> ReadTextAsync(IConnectionMultiplexer connection)
    {
        const string Last = "the last command of the run";
        await connection.GetDatabase().ExecuteAsync("ECHO", Last);
        await ReadUntilAsync(Last);
        return _told.ToString();
    }

    private async Task ReadUntilAsync(string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[65_536];
        // What is looked for comes at the end; an overlap as long as it is enough.
        for (var from = _told.Length; !_told.ToString(from, _told.Length - from).Contains(text, StringComparison.Ordinal);)
        {
            var read = await _connection.GetStream().ReadAsync(buffer, patience.Token);
            if (read == 0)
                throw new InvalidOperationException("Redis closed the connection of its monitor.");
            from = Math.Max(0, _told.Length - text.Length);
            _told.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
    }

    private static byte[] Unescape(string told)
    {
        var bytes = new List<byte>(told.Length);
        for (var i = 0; i < told.Length; i++)
        {
            if (told[i] != '\\' || i + 1 == told.Length)
            {
                bytes.Add((byte)told[i]);
            }
            else if (told[++i] == 'x')
            {
                bytes.Add(byte.Parse(told.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 2;
            }
            else
            {
                bytes.Add((byte)(told[i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'a' => '\a', 'b' => '\b', var c => c }));
            }
        }

        return [.. bytes];
    }
}
