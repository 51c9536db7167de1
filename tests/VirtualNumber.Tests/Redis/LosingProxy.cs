using System.Net.Sockets;
using System.Text;

namespace VirtualNumber.Tests.Redis;

/// <summary>
/// Stands between the client and Redis. What the test has chosen reaches Redis and is done there; its answer gets lost, and the connection
/// with it. The repeat, being the same bytes, passes.
/// </summary>
internal sealed class LosingProxy : RelayingProxy
{
    private readonly int _redisPort;
    private readonly Func<string, bool> _loses;
    private readonly HashSet<string> _lost = [];
    private readonly Lock _gate = new();

    /// <param name="redisPort">Where Redis is.</param>
    /// <param name="loses">Whether the answer to a request is lost the first time; asked with what was sent.</param>
    public LosingProxy(int redisPort, Func<string, bool> loses)
    {
        (_redisPort, _loses) = (redisPort, loses);
        Start();
    }

    /// <summary>How many answers were lost.</summary>
    public int Lost
    {
        get
        {
            lock (_gate)
                return _lost.Count;
        }
    }

    protected override async Task RelayAsync(NetworkStream client, CancellationTokenSource broken)
    {
        using var redis = await ConnectAsync(_redisPort, broken.Token);
        var losing = new StrongBox();
        await UntilOneEndsAsync(
            broken,
            AskAsync(client, redis.GetStream(), losing, broken.Token), AnswerAsync(redis.GetStream(), client, losing, broken.Token));
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
