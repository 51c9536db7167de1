using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>
/// Stands between the client and Redis. When it is told to, it hands a connection over to another server in the middle: all up to a mark
/// (SET) goes to the first, all from there on to the other, and the answers come back in one row.
/// </summary>
internal sealed class SwitchingProxy : IAsyncDisposable
{
    private const string Mark = "$3\r\nSET\r\n";
    private const string Head = "*3\r\n";

    /// <summary>Asked of the first server last, so that all its answers are known to have come; the client does not get to see it.</summary>
    private const string Question = "ECHO last\r\n";
    private const string Answer = "$4\r\nlast\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _port;
    private readonly int _otherPort;
    private readonly Task _accepting;
    private volatile bool _switches;
    private int _switched;

    public SwitchingProxy(int port, int otherPort)
    {
        (_port, _otherPort) = (port, otherPort);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>How a client finds the first server through it.</summary>
    public string Configuration => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Whether connections are handed over.</summary>
    public bool Switches
    {
        get => _switches;
        set => _switches = value;
    }

    /// <summary>How many were.</summary>
    public int Switched => Volatile.Read(ref _switched);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var first = new TcpClient())
        using (var other = new TcpClient())
        using (var broken = CancellationTokenSource.CreateLinkedTokenSource(_end.Token))
        {
            try
            {
                await first.ConnectAsync(IPAddress.Loopback, _port, broken.Token);
                await other.ConnectAsync(IPAddress.Loopback, _otherPort, broken.Token);
                var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await await Task.WhenAny(
                    AskAsync(client.GetStream(), first.GetStream(), other.GetStream(), over.Task, broken.Token),
                    AnswerAsync(first.GetStream(), client.GetStream(), over, broken.Token),
                    AnswerAsync(other.GetStream(), client.GetStream(), over, broken.Token));
            }
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException)
            {
                // One of them has closed it, or the test is over.
            }

            await broken.CancelAsync();
        }
    }

    private async Task AskAsync(NetworkStream client, NetworkStream first, NetworkStream other, Task over, CancellationToken cancellation)
    {
        var buffer = new byte[65_536];
        var to = first;
        while (await client.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            var text = Encoding.Latin1.GetString(buffer, 0, count);
            var at = _switches && to == first ? text.IndexOf(Mark, StringComparison.Ordinal) - Head.Length : -1;
            if (at >= 0)
            {
                await first.WriteAsync(buffer.AsMemory(0, at), cancellation);
                await first.WriteAsync(Encoding.Latin1.GetBytes(Question), cancellation);
                await over.WaitAsync(cancellation);
                to = other;
                Interlocked.Increment(ref _switched);
            }

            at = Math.Max(at, 0);
            await to.WriteAsync(buffer.AsMemory(at, count - at), cancellation);
        }
    }

    private static async Task AnswerAsync(NetworkStream redis, NetworkStream client, TaskCompletionSource over, CancellationToken cancellation)
    {
        var buffer = new byte[65_536];
        while (await redis.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            var isLast = Encoding.Latin1.GetString(buffer, 0, count).EndsWith(Answer, StringComparison.Ordinal);
            await client.WriteAsync(buffer.AsMemory(0, isLast ? count - Answer.Length : count), cancellation);
            if (isLast)
                over.TrySetResult();
        }
    }
}
