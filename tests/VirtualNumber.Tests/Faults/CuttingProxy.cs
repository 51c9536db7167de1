using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using VirtualNumber.Tests.Redis;

namespace VirtualNumber.Tests.Faults;

/// <summary>
/// Stands between an instance and Redis and counts the commands on the store's data. At the chosen one the instance is cut off for good:
/// either that command never reaches Redis, or it does and is done, and its answer gets lost. Nothing passes afterwards, which to Redis is
/// the same as an instance that was killed at that point.
/// </summary>
internal sealed class CuttingProxy : RelayingProxy
{
    /// <summary>Redis repeats it after the answers to all that was sent before.</summary>
    private const string Mark = "all-before-is-done";

    private static readonly byte[] s_echo = Encoding.ASCII.GetBytes($"*2\r\n$4\r\nECHO\r\n${Mark.Length}\r\n{Mark}\r\n");

    private readonly TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<string> _commands = [];
    private readonly int _redisPort;
    private readonly Func<string, bool> _counts;
    private int _left;
    private bool _done;
    private bool _isCut;

    /// <param name="redisPort">Where Redis is.</param>
    /// <param name="counts">Whether a command counts, by its text.</param>
    public CuttingProxy(int redisPort, Func<string, bool> counts)
    {
        (_redisPort, _counts) = (redisPort, counts);
        Start();
    }

    /// <summary>Ends when the instance has been cut off, and the last command that got through is done.</summary>
    public Task Cut => _cut.Task;

    /// <summary>The commands that counted since it was armed, by their first word.</summary>
    public IReadOnlyList<string> Commands
    {
        get
        {
            lock (_gate)
                return [.. _commands];
        }
    }

    /// <summary>Counts from here on.</summary>
    /// <param name="command">Which one cuts, from 1.</param>
    /// <param name="done">Whether that one is done before.</param>
    public void Arm(int command, bool done)
    {
        lock (_gate)
            (_left, _done) = (command, done);
    }

    protected override async Task RelayAsync(NetworkStream client, CancellationTokenSource broken)
    {
        using var redis = await ConnectAsync(_redisPort, broken.Token);
        await UntilOneEndsAsync(broken, AskAsync(client, redis.GetStream(), broken.Token), AnswerAsync(redis.GetStream(), client, broken.Token));
    }

    private async Task AskAsync(NetworkStream client, NetworkStream redis, CancellationToken cancellation)
    {
        var reader = PipeReader.Create(client);
        while (await ReadCommandAsync(reader, cancellation) is { } command)
        {
            switch (Judge(Encoding.Latin1.GetString(command)))
            {
                case Fate.Passes:
                    await redis.WriteAsync(command, cancellation);
                    break;
                case Fate.LastDone:
                    await redis.WriteAsync(command, cancellation);
                    await redis.WriteAsync(s_echo, cancellation);
                    break;
                case Fate.NeverSent:
                    _cut.TrySetResult();
                    break;
            }
        }
    }

    private async Task AnswerAsync(NetworkStream redis, NetworkStream client, CancellationToken cancellation)
    {
        var buffer = new byte[65_536];
        var seen = new StringBuilder();
        while (await redis.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            if (!IsCut())
            {
                await client.WriteAsync(buffer.AsMemory(0, count), cancellation);
                continue;
            }

            if (seen.Append(Encoding.Latin1.GetString(buffer, 0, count)).ToString().Contains(Mark, StringComparison.Ordinal))
                _cut.TrySetResult();
        }
    }

    private Fate Judge(string command)
    {
        lock (_gate)
        {
            if (_isCut)
                return Fate.Swallowed;
            if (!_counts(command) || _left == 0)
                return Fate.Passes;
            _commands.Add(command.Split("\r\n")[2]);
            if (--_left > 0)
                return Fate.Passes;
            _isCut = true;
            return _done ? Fate.LastDone : Fate.NeverSent;
        }
    }

    private bool IsCut()
    {
        lock (_gate)
            return _isCut;
    }

    /// <summary>One command as clients send it, an array of strings; null at the end.</summary>
    private static async Task<byte[]?> ReadCommandAsync(PipeReader reader, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            var bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer);
            if (LengthOf(bytes) is { } length)
            {
                reader.AdvanceTo(read.Buffer.GetPosition(length));
                return bytes[..length];
            }

            if (read.IsCompleted)
                return null;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Null: not all of it is there yet.</summary>
    private static int? LengthOf(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (ReadNumber(bytes, ref at) is not { } words)
            return null;
        for (var word = 0; word < words; word++)
        {
            if (ReadNumber(bytes, ref at) is not { } length)
                return null;
            at += length + 2;
        }

        return at <= bytes.Length ? at : null;
    }

    /// <summary>The figure of a line such as *3 or $12.</summary>
    private static int? ReadNumber(ReadOnlySpan<byte> bytes, ref int at)
    {
        if (at >= bytes.Length || bytes[at..].IndexOf("\r\n"u8) is not (var length and > 0))
            return null;
        var figure = int.Parse(bytes.Slice(at + 1, length - 1), CultureInfo.InvariantCulture);
        at += length + 2;
        return figure;
    }

    private enum Fate
    {
        Passes,
        LastDone,
        NeverSent,
        Swallowed,
    }
}
