using System.Diagnostics;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>
/// Starts this program once more inside namespaces of its own, where it may make machines and switches, and where nothing
/// outlives it: when it ends, by whatever cause, the kernel ends all that it started.
/// </summary>
internal static class Namespaces
{
    /// <summary>Set for the inner program.</summary>
    public const string InsideVariable = "VN_CHAOS_INSIDE";

    private static readonly string[] s_unshare = ["unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child", "--"];
    private static readonly TimeSpan s_endsWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_askWithin = TimeSpan.FromSeconds(10);

    /// <summary>Whether this is the inner program.</summary>
    public static bool IsInside => Environment.GetEnvironmentVariable(InsideVariable) is { Length: > 0 };

    /// <summary>Whether this user may make namespaces and switches here.</summary>
    public static async Task<bool> AreAllowedAsync()
    {
        try
        {
            var (exitCode, _) = await Tool.TryAsync(
                [.. s_unshare, "sh", "-c", "command -v nsenter && ip link add vnbr0 type bridge && ip link add vn1 type veth peer name vn2"], s_askWithin);
            return exitCode == 0;
        }
        catch (Exception fault) when (fault is System.ComponentModel.Win32Exception or TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Runs the inner program to its end; answers its exit code.</summary>
    public static async Task<int> RunInsideAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(s_unshare[0], [.. s_unshare.Skip(1), ChildProcess.FindDotnet(), typeof(Namespaces).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true,
        };
        start.Environment[InsideVariable] = "1";
        using var process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // The end of its input tells it to stop; a dead parent closes it too.
            process.StandardInput.Close();
            try
            {
                await process.WaitForExitAsync(CancellationToken.None).WaitAsync(s_endsWithin, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        return process.ExitCode;
    }

    /// <summary>Cancels when the outer program closes this one's input, or is gone.</summary>
    public static async Task WatchParentAsync(CancellationTokenSource stop)
    {
        using var input = Console.OpenStandardInput();
        var buffer = new byte[1];
        while (await input.ReadAsync(buffer) > 0)
        {
            // Nothing is said there.
        }

        await stop.CancelAsync();
    }
}
