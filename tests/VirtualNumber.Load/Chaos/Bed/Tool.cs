using System.Diagnostics;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>Programs that are run for their answer: ip, redis-cli.</summary>
internal static class Tool
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Runs one; answers what it wrote.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message holds what it wrote.</exception>
    /// <exception cref="TimeoutException">It did not end in time, and was killed.</exception>
    public static async Task<string> RunAsync(IReadOnlyList<string> words, TimeSpan? patience = null)
    {
        var (exitCode, output) = await TryAsync(words, patience ?? s_patience);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', words)}: {output}");
    }

    /// <summary>Runs one; answers its exit code too.</summary>
    public static async Task<(int ExitCode, string Output)> TryAsync(IReadOnlyList<string> words, TimeSpan patience)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw new TimeoutException($"{string.Join(' ', words)} did not end within {patience}.");
        }

        return (process.ExitCode, await output + await errors);
    }
}
