using System.Net;
using System.Net.Sockets;

namespace VirtualNumber.Tests.Redis;

/// <summary>Stands between the client and Redis, on a free loopback port; what it does to what passes is its kind's.</summary>
internal abstract class RelayingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private Task _accepting = Task.CompletedTask;

    /// <summary>How a client finds Redis through it.</summary>
    public string Configuration => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port},allowAdmin=true";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    /// <summary>Lets clients in: last in the constructor of each kind, as one may come at once.</summary>
    protected void Start()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Relays one connection until somebody closes it, or the test ends it by the source.</summary>
    protected abstract Task RelayAsync(NetworkStream client, CancellationTokenSource broken);

    /// <summary>Waits for the first way to end, and ends the others before their sockets are closed under them.</summary>
    protected static async Task UntilOneEndsAsync(CancellationTokenSource broken, params Task[] ways)
    {
        try
        {
            await await Task.WhenAny(ways);
        }
        finally
        {
            await broken.CancelAsync();
        }
    }

    /// <summary>A connection to Redis itself.</summary>
    protected static async Task<TcpClient> ConnectAsync(int port, CancellationToken cancellation)
    {
        var redis = new TcpClient { NoDelay = true };
        try
        {
            await redis.ConnectAsync(IPAddress.Loopback, port, cancellation);
            return redis;
        }
        catch
        {
            redis.Dispose();
            throw;
        }
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
        using (var broken = CancellationTokenSource.CreateLinkedTokenSource(_end.Token))
        {
            try
            {
                await RelayAsync(client.GetStream(), broken);
            }
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException)
            {
                // One of them has closed it, or the test is over.
            }
        }
    }
}
