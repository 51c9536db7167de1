using System.Net.Sockets;
using System.Text;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>
/// Stands between the client and Redis. When it is told to, it hands a connection over to another server in the middle: all up to a mark
/// (SET) goes to the first, all from there on to the other, and the answers come back in one row.
/// </summary>
internal sealed class SwitchingProxy : RelayingProxy
{
    private const string Mark = "$3\r\nSET\r\n";
    private const string Head = "*3\r\n";

    /// <summary>Asked of the first server last, so that all its answers are known to have come; the client does not get to see it.</summary>
    private const string Question = "ECHO last\r\n";
    private const string Answer = "$4\r\nlast\r\n";

    private readonly int _port;
    private readonly int _otherPort;
    private volatile bool _switches;
    private int _switched;

    public SwitchingProxy(int port, int otherPort)
    {
        (_port, _otherPort) = (port, otherPort);
        Start();
    }

    /// <summary>Whether connections are handed over.</summary>
    public bool Switches
    {
        get => _switches;
        set => _switches = value;
    }

    /// <summary>How many were.</summary>
    public int Switched => Volatile.Read(ref _switched);

    protected override async Task RelayAsync(NetworkStream client, CancellationTokenSource broken)
    {
        using var first = await ConnectAsync(_port, broken.Token);
        using var other = await ConnectAsync(_otherPort, broken.Token);
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await UntilOneEndsAsync(
            broken,
            AskAsync(client, first.GetStream(), other.GetStream(), over.Task, broken.Token),
            AnswerAsync(first.GetStream(), client, over, broken.Token),
            AnswerAsync(other.GetStream(), client, over, broken.Token));
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
