using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;
using VirtualNumber.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>A redis-server of the tests' own: on a free loopback port, in a folder of its own, stopped by its process id.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private const string Ready = "Ready to accept connections";

    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private RedisServer(Process process, DirectoryInfo folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>How a client finds it.</summary>
    public string Configuration => $"127.0.0.1:{Port},allowAdmin=true";

    public static async Task<RedisServer> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-redis-");
        var port = FreePort();
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "redis-server",
                ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.FullName])
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
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(20));
        return new RedisServer(process, folder, port);
    }

    /// <summary>Connects as the service does.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync() => RedisConnection.ConnectAsync(Configuration);

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
