using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace VirtualNumber.Load;

/// <summary>
/// A .NET program started by this process: its output is kept, it is stopped by its own id, and it never outlives its owner's
/// <c>using</c>.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>Asks a process to stop.</summary>
    public const int SigTerm = 15;

    /// <summary>Lets a frozen process go on.</summary>
    public const int SigCont = 18;

    /// <summary>Freezes a process: its sockets stay open, and nothing answers.</summary>
    public const int SigStop = 19;

    private static readonly TimeSpan s_stopsWithin = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ChildProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    /// <summary>Starts an assembly with arguments, and with settings as environment variables.</summary>
    public static ChildProcess Start(
        string assembly, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> settings) =>
        StartProgram([FindDotnet(), assembly, .. arguments], settings, Path.GetDirectoryName(assembly)!);

    /// <summary>Starts a program, the first of the words, with the others as its arguments.</summary>
    public static ChildProcess StartProgram(
        IReadOnlyList<string> words, IEnumerable<KeyValuePair<string, string>> settings, string folder)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in settings)
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;

        var child = new ChildProcess(Process.Start(start) ?? throw new InvalidOperationException($"{words[0]} did not start."));
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Everything that it wrote so far, both streams, line by line.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Waits until it ends by itself; answers all that it wrote.</summary>
    public async Task<string> WaitForOutputAsync()
    {
        await _process.WaitForExitAsync();
        return Output;
    }

    /// <summary>The processor time that it has used so far, all threads.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The processor time that it and the processes that it has started have used so far, as far as they live.</summary>
    public TimeSpan ProcessorTimeOfFamily => ProcessorTime + Process.GetProcesses()
        .Where(process => ParentOf(process.Id) == _process.Id)
        .Aggregate(TimeSpan.Zero, (sum, process) => sum + process.TotalProcessorTime);

    /// <summary>The memory that it holds now, bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Asks it to stop, as a service manager does; answers its exit code.</summary>
    /// <exception cref="TimeoutException">It did not stop; it is killed then.</exception>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited && SendSignal(_process.Id, SigTerm) != 0)
            _process.Kill();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(s_stopsWithin);
        }
        catch (TimeoutException)
        {
            Kill();
            throw;
        }

        return _process.ExitCode;
    }

    /// <summary>Sends it a signal, unless it has ended.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited)
            _ = SendSignal(_process.Id, signal);
    }

    /// <summary>Waits until it has ended.</summary>
    public Task WaitForExitAsync() => _process.WaitForExitAsync();

    /// <summary>Ends it at once, as a crash would.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int ParentOf(int id)
    {
        try
        {
            // Behind the name in parentheses, which may hold anything: the state, then the parent (proc_pid_stat(5)).
            var line = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return 0;
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.AppendLine(line);
    }

    /// <summary>The very runtime that runs this process, when it says which; else the one on the path.</summary>
    public static string FindDotnet()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host)
            return host;
        return Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);
}
