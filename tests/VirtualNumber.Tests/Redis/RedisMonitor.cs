using System.Diagnostics;

namespace VirtualNumber.Tests.Redis;

/// <summary>Reads along what a Redis is asked (MONITOR).</summary>
internal sealed class RedisMonitor : IAsyncDisposable
{
    private readonly Process _process;

    private RedisMonitor(Process process) => _process = process;

    public static RedisMonitor Start(int port) => new(Process.Start(
        new ProcessStartInfo("redis-cli", ["-p", $"{port}", "MONITOR"]) { RedirectStandardOutput = true })!);

    /// <summary>Ends when it reads along.</summary>
    public async Task StartedAsync() => await ReadUntilAsync("OK");

    /// <summary>The lines up to one that holds a text.</summary>
    public async Task<IReadOnlyList<string>> ReadUntilAsync(string text)
    {
        var lines = new List<string>();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
                return lines;
        }

        throw new InvalidOperationException($"MONITOR ended before {text}.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
