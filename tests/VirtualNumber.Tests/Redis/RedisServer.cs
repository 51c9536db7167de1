using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Redis;

/// <summary>
/// A redis-server of the tests' own: as deploy/redis/redis.conf has it, on a free loopback port, in a folder of its own, stopped by its
/// process id.
/// </summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private const string Ready = "Ready to accept connections";

    /// <summary>Most tests do not lose their Redis, and need not wait for the disk.</summary>
    private static readonly string[] s_usual = ["--appendfsync", "everysec"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("virtualnumber-redis-");
    private readonly string[] _options;
    private Process? _process;

    private RedisServer(int port, string[] options) => (Port, _options) = (port, options);

    /// <summary>The file that the servers of all tests are started with.</summary>
    public static string ConfigurationFile => Sources.At("deploy", "redis", "redis.conf");

    public int Port { get; }

    /// <summary>Where it keeps its data.</summary>
    public string Folder => _folder.FullName;

    /// <summary>How a client finds it.</summary>
    public string Configuration => $"127.0.0.1:{Port},allowAdmin=true";

    /// <summary>Starts a server; the options outdo those of redis.conf.</summary>
    public static Task<RedisServer> StartAsync(params string[] options) => StartAsAsync([.. s_usual, .. options]);

    /// <summary>Starts a server as redis.conf and the options have it, and no otherwise.</summary>
    public static async Task<RedisServer> StartAsAsync(string[] options)
    {
        var server = new RedisServer(FindFreePorts(1), options);
        await server.StartProcessAsync([]);
        return server;
    }

    /// <summary>Starts a replica of a server, and waits until it has what that has.</summary>
    public static async Task<RedisServer> StartReplicaAsync(RedisServer primary, params string[] options)
    {
        var replica = await StartAsync(["--replicaof", $"127.0.0.1 {primary.Port}", .. options]);
        using var connection = await primary.ConnectAsync();
        // Whole, as the replica says itself, and as its primary knows; from then on it has what is written.
        using (var own = await replica.ConnectAsync())
        using (var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20)))
        {
            var server = own.GetServer(own.GetEndPoints()[0]);
            var of = connection.GetServer(connection.GetEndPoints()[0]);
            while (!(await server.InfoAsync("replication")).Single().Contains(new("master_link_status", "up"))
                || !(await of.InfoAsync("replication")).Single().Any(line => line.Key.StartsWith("slave", StringComparison.Ordinal) && line.Value.Contains($"port={replica.Port},state=online", StringComparison.Ordinal)))
                await timer.WaitForNextTickAsync();
        }

        await connection.GetDatabase().StringSetAsync("first", "");
        await connection.GetDatabase().ExecuteAsync("WAIT", 1, 60_000);
        await connection.GetDatabase().KeyDeleteAsync("first");
        return replica;
    }

    /// <summary>A connection as the service makes it.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync() => RedisConnection.ConnectAsync(Configuration);

    /// <summary>Ends it as a power cut would (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Starts it again on the same port and folder, and waits until it has read its data.</summary>
    /// <param name="options">On top of its own, this time.</param>
    public Task RestartAsync(params string[] options) => StartProcessAsync(options);

    /// <summary>Copies all that it keeps on disk.</summary>
    public TemporaryFolder CopyData()
    {
        var copy = new TemporaryFolder();
        Copy(Folder, copy.Path);
        return copy;
    }

    /// <summary>Puts a copy in the place of what it keeps; it must not run.</summary>
    public void PutBack(TemporaryFolder copy)
    {
        foreach (var entry in _folder.GetDirectories())
            entry.Delete(recursive: true);
        foreach (var entry in _folder.GetFiles())
            entry.Delete();
        Copy(copy.Path, Folder);
    }

    /// <summary>Stops it in the middle of whatever it does: its sockets stay open and nothing answers (SIGSTOP).</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Lets it go on (SIGCONT).</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>What an operator would type at redis-cli.</summary>
    public async Task AskAsync(params string[] command)
    {
        var (exitCode, output) = await Sources.RunAsync("redis-cli", ["-e", "--no-auth-warning", "-p", $"{Port}", .. command]);
        if (exitCode != 0)
            throw new InvalidOperationException(output);
    }

    /// <summary>From here on none of its files may grow beyond that: its disk is full. Null: it may again.</summary>
    public async Task LimitFilesAsync(long? bytes)
    {
        var (exitCode, output) = await Sources.RunAsync("prlimit", $"--pid={_process!.Id}", $"--fsize={bytes?.ToString(CultureInfo.InvariantCulture) ?? "unlimited"}:");
        if (exitCode != 0)
            throw new InvalidOperationException(output);
    }

    /// <summary>How much its log of writes holds.</summary>
    public long AppendOnlyBytes => new DirectoryInfo(Folder).EnumerateFiles("*.incr.aof", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <summary>Ends when it has ended by itself.</summary>
    public Task EndedAsync() => _process!.WaitForExitAsync();

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await KillAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>The first of so many free loopback ports in a row, below those that the system gives away by itself.</summary>
    internal static int FindFreePorts(int count)
    {
        for (var first = Random.Shared.Next(20_000, 30_000); first < 32_000; first += count)
        {
            if (Enumerable.Range(first, count).All(IsFree))
                return first;
        }

        throw new InvalidOperationException($"No {count} ports in a row are free.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }

    private async Task StartProcessAsync(string[] more)
    {
        var process = new Process
        {
            // A file that may not grow is a write that fails, not a signal that kills.
            StartInfo = new ProcessStartInfo(
                "sh",
                ["-c", "trap '' XFSZ; exec redis-server \"$@\"", "sh", ConfigurationFile, "--port", $"{Port}", "--dir", Folder, .. _options, .. more])
            {
                RedirectStandardOutput = true,
            },
        };
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var output = new System.Text.StringBuilder();
        process.OutputDataReceived += (_, line) =>
        {
            output.AppendLine(line.Data);
            if (line.Data is null)
                ready.TrySetException(new InvalidOperationException($"redis-server ended:{Environment.NewLine}{output}"));
            else if (line.Data.Contains(Ready, StringComparison.Ordinal))
                ready.TrySetResult();
        };
        process.Start();
        process.BeginOutputReadLine();
        _process = process;
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private async Task SignalAsync(string signal)
    {
        var (exitCode, output) = await Sources.RunAsync("kill", $"-{signal}", $"{_process!.Id}");
        if (exitCode != 0)
            throw new InvalidOperationException(output);
    }
}
