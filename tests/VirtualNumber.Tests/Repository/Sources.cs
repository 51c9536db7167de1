using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace VirtualNumber.Tests.Repository;

/// <summary>The files of this repository, and programs run on them.</summary>
internal static class Sources
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    /// <summary>The root of the repository.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    /// <summary>A file or folder by its path from the root.</summary>
    public static string At(params IEnumerable<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>Runs a program in the root; answers its exit code and all that it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output + await errors);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
