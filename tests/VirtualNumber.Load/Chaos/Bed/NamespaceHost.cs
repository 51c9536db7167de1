using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>A network namespace, held by a process that does nothing.</summary>
internal sealed class NamespaceHost : Host, IAsyncDisposable
{
    private const int NetworkNamespace = 0x40000000;

    private readonly Process _holder;

    private NamespaceHost(Process holder) => _holder = holder;

    public int ProcessId => _holder.Id;

    /// <summary>This machine's end of the cable, at the switch.</summary>
    public string Cable => $"vn{Address.Split('.')[^1]}";

    /// <summary>In front of a command: it runs there.</summary>
    public IReadOnlyList<string> Enter => ["nsenter", $"--net={Path}", "--"];

    private string Path => $"/proc/{ProcessId}/ns/net";

    public static async Task<NamespaceHost> StartAsync(string name, string address)
    {
        // It says when it is there; afterwards it waits for the end of its input.
        var start = new ProcessStartInfo("unshare", ["--net", "--", "sh", "-c", "echo there; exec cat"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var holder = Process.Start(start)!;
        if (await holder.StandardOutput.ReadLineAsync() != "there")
            throw new InvalidOperationException("No network namespace could be made.");
        return new(holder) { Name = name, Address = address };
    }

    public override ChildProcess Start(IReadOnlyList<string> words, IEnumerable<KeyValuePair<string, string>> settings, string folder) =>
        ChildProcess.StartProgram([.. Enter, .. words], settings, folder);

    /// <summary>A socket belongs to the namespace of the thread that makes it; that thread has no other use.</summary>
    public override Socket NewSocket()
    {
        Socket? socket = null;
        var thread = new Thread(() => socket = TryNewSocket()) { IsBackground = true };
        thread.Start();
        thread.Join();
        return socket ?? throw new SocketException((int)SocketError.NetworkUnreachable);
    }

    public async ValueTask DisposeAsync()
    {
        _holder.StandardInput.Close();
        if (!_holder.HasExited)
            _holder.Kill();
        await _holder.WaitForExitAsync();
        _holder.Dispose();
    }

    private Socket? TryNewSocket()
    {
        try
        {
            using var entry = File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return SetNamespace(entry, NetworkNamespace) == 0 ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : null;
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            // The machine is gone.
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(SafeFileHandle entry, int kind);
}
