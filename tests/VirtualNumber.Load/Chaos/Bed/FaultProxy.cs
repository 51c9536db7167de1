using System.Net;
using System.Net.Sockets;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>Stands in front of a port of this machine, and passes on what comes, or for a while nothing: connections stay open, and wait.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private const int BufferLength = 65_536;

    private readonly TcpListener _listener;
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _cut;

    /// <param name="port">Where it listens.</param>
    /// <param name="target">Where it leads.</param>
    public FaultProxy(int port, int target)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Nothing passes from here on.</summary>
    public void Cut() => _cut ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was kept waiting goes on.</summary>
    public void Heal() => Interlocked.Exchange(ref _cut, null)?.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Heal();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                connections.RemoveAll(connection => connection.IsCompleted);
                connections.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
            // It is closed.
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await UntilLinkedAsync();
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _target), _stop.Token);
            (client.NoDelay, server.NoDelay) = (true, true);
            // One side that closes ends both: neither has more to say to nobody.
            await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            // Nobody is there; the caller sees its connection end.
        }
        finally
        {
            client.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[BufferLength];
        try
        {
            while (await from.ReceiveAsync(buffer.AsMemory(), _stop.Token) is > 0 and var count)
            {
                await UntilLinkedAsync();
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
            }
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two is gone.
        }
    }

    private Task UntilLinkedAsync() => _cut?.Task ?? Task.CompletedTask;
}
