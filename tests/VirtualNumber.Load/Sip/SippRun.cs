using System.Globalization;
using VirtualNumber.Load.Chaos.Bed;

namespace VirtualNumber.Load.Sip;

/// <summary>What SIPp is to do.</summary>
/// <param name="Scenario">A file of <c>tests/VirtualNumber.Tests/Gateway/Scenarios</c>, without its ending.</param>
/// <param name="Address">Its own address.</param>
/// <param name="Calls">How many calls.</param>
internal sealed record SippPlan(string Scenario, string Address, int Calls)
{
    /// <summary>Its port; 0: a free one.</summary>
    public int Port { get; init; }

    /// <summary>Where it sends calls; null: it answers them.</summary>
    public string? Target { get; init; }

    /// <summary>Calls that it begins per second.</summary>
    public int Rate { get; init; } = 50;

    /// <summary>Calls at a time at most.</summary>
    public int Limit { get; init; } = 1_000;

    /// <summary>One line per call, fields parted by semicolons.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>What is put in the place of something in the scenario.</summary>
    public (string Old, string New) Replace { get; init; }

    /// <summary>Whether all messages are kept.</summary>
    public bool Trace { get; init; } = true;

    /// <summary>It ends after that at the latest, with failure.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>A run of SIPp.</summary>
internal sealed class SippRun : IAsyncDisposable
{
    private static readonly TimeSpan s_bindsWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _folder;
    private readonly ChildProcess _process;

    private SippRun(DirectoryInfo folder, ChildProcess process) => (_folder, _process) = (folder, process);

    private string MessageFile => Path.Combine(_folder.FullName, "messages.log");

    private string FigureFile => Path.Combine(_folder.FullName, "figures.csv");

    /// <summary>Starts it, and waits until it has its port.</summary>
    /// <exception cref="InvalidOperationException">It ended at once, with failure.</exception>
    public static async Task<SippRun> StartAsync(SippPlan plan)
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-sipp-");
        var port = plan.Port == 0 ? SipPlaces.FindFreePort(plan.Address) : plan.Port;
        var scenario = Path.Combine(folder.FullName, "scenario.xml");
        await File.WriteAllTextAsync(scenario, ReadScenario(plan));
        List<string> words =
        [
            "sipp", "-sf", scenario, "-i", plan.Address, "-p", $"{port}", "-m", $"{plan.Calls}", "-nostdin",
            "-trace_stat", "-stf", Path.Combine(folder.FullName, "figures.csv"), "-fd", "1",
            "-timeout", $"{plan.Patience.TotalSeconds:0}s", "-timeout_error", "-recv_timeout", "20000",
            "-trace_err", "-error_file", Path.Combine(folder.FullName, "errors.log"),
        ];
        if (plan.Trace)
            words.AddRange(["-trace_msg", "-message_file", Path.Combine(folder.FullName, "messages.log")]);
        if (plan.Target is { } target)
            words.AddRange([target, "-r", $"{plan.Rate}", "-l", $"{plan.Limit}"]);
        if (plan.Lines.Count > 0)
        {
            var lines = Path.Combine(folder.FullName, "calls.csv");
            await File.WriteAllLinesAsync(lines, ["SEQUENTIAL", .. plan.Lines]);
            words.AddRange(["-inf", lines]);
        }

        var run = new SippRun(folder, ChildProcess.StartProgram(words, [], folder.FullName));
        using var deadline = new CancellationTokenSource(s_bindsWithin);
        using var timer = new PeriodicTimer(s_lookEvery);
        while (!run._process.HasExited && !SipPlaces.IsBound(plan.Address, port))
            await timer.WaitForNextTickAsync(deadline.Token);
        if (run._process.HasExited && run._process.ExitCode != 0)
        {
            // Nobody must take it for one that heard nothing.
            var text = $"SIPp ended with {run._process.ExitCode} before it had its port:{Environment.NewLine}{run.ErrorsOf()}{Environment.NewLine}{Tail(run._process.Output)}";
            await run.DisposeAsync();
            throw new InvalidOperationException(text);
        }

        return run;
    }

    /// <summary>Waits until it has made its calls.</summary>
    /// <exception cref="InvalidOperationException">Not all went as the scenario has it.</exception>
    public async Task<SippRun> SucceededAsync()
    {
        await _process.WaitForExitAsync();
        if (_process.ExitCode != 0)
            throw new InvalidOperationException($"SIPp ended with {_process.ExitCode}:{Environment.NewLine}{ErrorsOf()}{Environment.NewLine}{Tail(_process.Output)}");
        return this;
    }

    /// <summary>Waits until it has ended, whatever came of its calls.</summary>
    public async Task<SippRun> EndedAsync()
    {
        await _process.WaitForExitAsync();
        return this;
    }

    /// <summary>Every message that it has sent and received so far.</summary>
    public IReadOnlyList<SipMessage> Messages() => File.Exists(MessageFile) ? SipMessage.ReadAll(MessageFile) : [];

    /// <summary>Calls that succeeded and failed, and how many there were a second, once it has ended.</summary>
    public (int Succeeded, int Failed, double PerSecond) Figures()
    {
        var lines = File.ReadAllLines(FigureFile);
        var names = lines[0].Split(';');
        var last = lines[^1].Split(';');
        double Value(string name) => double.Parse(last[Array.IndexOf(names, name)], CultureInfo.InvariantCulture);
        return ((int)Value("SuccessfulCall(C)"), (int)Value("FailedCall(C)"), Value("CallRate(C)"));
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string ReadScenario(SippPlan plan)
    {
        var file = RepositoryFiles.Find("tests", "VirtualNumber.Tests", "Gateway", "Scenarios", $"{plan.Scenario}.xml")
            ?? throw new InvalidOperationException($"There is no scenario {plan.Scenario}.");
        var text = File.ReadAllText(file);
        return plan.Replace.Old is { Length: > 0 } old ? text.Replace(old, plan.Replace.New, StringComparison.Ordinal) : text;
    }

    private static string Tail(string text) => text.Length > 2_000 ? text[^2_000..] : text;

    private string ErrorsOf()
    {
        var file = Path.Combine(_folder.FullName, "errors.log");
        return File.Exists(file) ? Tail(File.ReadAllText(file)) : "";
    }
}
