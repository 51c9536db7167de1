using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VirtualNumber.Tests.Redis;

/// <summary>
/// Stands between the client and Redis. What the test has chosen reaches Redis and is done there; its answer gets lost, and the connection
/// with it. The repeat, being the same bytes, passes.
/// </summary>
internal sealed class LosingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _redisPort;
    private readonly Func<string, bool> _loses;
    private readonly HashSet<string> _lost = [];
    private readonly Lock _gate = new();
    private readonly Task _accepting;

    /// <param name="redisPort">Where Redis is.</param>
    /// <param name="loses">Whether the answer to a request is lost the first time; asked with what was sent.</param>
    public LosingProxy(int redisPort, Func<string, bool> loses)
    {
        (_redisPort, _loses) = (redisPort, loses);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>How a client finds Redis through it.</summary>
    public string Configuration => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port},allowAdmin=true";

    /// <summary>How many answers were lost.</summary>
    public int Lost
    {
        get
        {
            lock (_gate)
                return _lost.Count;
        }
    }

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
        using (var redis = new TcpClient())
        using (var broken = CancellationTokenSource.CreateLinkedTokenSource(_end.Token))
        {
            try
            {
                await redis.ConnectAsync(IPAddress.Loopback, _redisPort, broken.Token);
                var losing = new StrongBox();
                await await Task.WhenAny(
                    AskAsync(client.GetStream(), redis.GetStream(), losing, broken.Token),
                    AnswerAsync(redis.GetStream(), client.GetStream(), losing, broken.Token));
            }
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException)
            {
                // One of the two has closed it, or the test is over.
            }

            await broken.CancelAsync();
        }
    }

    private async Task AskAsync(NetworkStream client, NetworkStream redis, StrongBox losing, CancellationToken cancellation)
    {
        var buffer = new byte[65_536];
        while (await client.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            // Decided before Redis can answer.
            losing.Value = losing.Value || Loses(Encoding.Latin1.GetString(buffer, 0, count));
            await redis.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }
    }

    private static async Task AnswerAsync(NetworkStream redis, NetworkStream client, StrongBox losing, CancellationToken cancellation)
    {
        var buffer = new byte[65_536];
        while (await redis.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            if (losing.Value)
                return;
            await client.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }
    }

    private bool Loses(string request)
    {
        lock (_gate)
            return _loses(request) && _lost.Add(request);
    }

    private sealed class StrongBox
    {
        private volatile bool _value;

        public bool Value
        {
            get => _value;
            set => _value = value;
        }
    }
}
