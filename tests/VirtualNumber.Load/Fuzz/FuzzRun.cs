using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Grpc.Net.Client;

namespace VirtualNumber.Load.Fuzz;

/// <summary>
/// Sends hostile inputs to the service's own process, many at a time. What must hold: each is answered or refused in time, with no status that
/// means a fault of the service; the process lives, logs no error, and keeps to its memory; and afterwards it does its work as before.
/// </summary>
internal sealed partial class FuzzRun
{
    /// <summary>An input that is not answered for so long hangs.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Beyond this the runtime of the service ends it: memory that grows with the inputs is a crash.</summary>
    private const long HeapLimit = 640L * 1024 * 1024;

    /// <summary>
    /// A header by the index 0, which there is not (RFC 7541, section 6.1): Kestrel 10.0 looks it up all the same, ends that connection with
    /// INTERNAL_ERROR and logs a warning. It costs nobody else anything, and is not ours to mend; whatever else does so is a fault.
    /// </summary>
    public const string EndedByKestrel = "connection ended by Kestrel, INTERNAL_ERROR";

    private const int CheckEvery = 1_000;
    private const int MostFaults = 20;

    private readonly int _seed;
    private readonly ServiceProcess _service;
    private readonly FuzzTarget _target;
    private readonly FuzzStock _stock;
    private readonly TextWriter _progress;
    private readonly ValidRequests _valid;
    private readonly ConcurrentQueue<string> _faults = [];
    private readonly ConcurrentDictionary<string, int> _answers = [];
    private int _outputRead;
    private int _endedByKestrel;

    private FuzzRun(int seed, ServiceProcess service, FuzzStock stock, TextWriter progress)
    {
        (_seed, _service, _stock, _progress) = (seed, service, stock, TextWriter.Synchronized(progress));
        (_target, _valid) = (new FuzzTarget(service.GrpcAddress), new ValidRequests(stock));
    }

    /// <summary>Runs the inputs from a number on.</summary>
    public static async Task<FuzzReport> RunAsync(int seed, long first, long count, int workers, TextWriter progress)
    {
        var settings = FuzzStock.Settings;
        settings["DOTNET_GCHeapHardLimit"] = HeapLimit.ToString("x", CultureInfo.InvariantCulture);
        await using var service = await ServiceProcess.StartAsync(settings);
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        var run = new FuzzRun(seed, service, await FuzzStock.CreateAsync(channel), progress);
        using (run._target)
            return await run.RunAsync(first, count, workers);
    }

    private async Task<FuzzReport> RunAsync(long first, long count, int workers)
    {
        var startedAt = Stopwatch.GetTimestamp();
        _outputRead = _service.Output.Length;
        long memoryBefore = 0;
        // What a service of any kind loads and caches comes with the first inputs.
        var warm = first + (count / 10);
        for (var from = first; from < first + count && _faults.Count < MostFaults; from += CheckEvery)
        {
            var until = Math.Min(from + CheckEvery, first + count);
            await RunBatchAsync(from, until, workers);
            CheckLog(from, until);
            if (_service.Process.HasExited)
            {
                Tell($"The service ended with one of the inputs {from} to {until - 1}: {Excerpt(_service.Output)}");
                break;
            }

            if (memoryBefore == 0 && until > warm)
                memoryBefore = Memory();
            if (until % 50_000 == 0)
                await _progress.WriteLineAsync($"{until} inputs, {_faults.Count} faults, {Memory() / 1_048_576} MiB, {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:0} s");
        }

        CheckLog(first, first + count);
        if (_answers.GetValueOrDefault(EndedByKestrel) > _endedByKestrel)
            Tell($"{_answers[EndedByKestrel]} connections were ended with INTERNAL_ERROR, {_endedByKestrel} of them by the one cause that is known.");
        if (!_service.Process.HasExited && await _stock.CheckAsync() is { } wrong)
            Tell(wrong);
        var memoryAfter = _service.Process.HasExited ? 0 : Memory();
        return new FuzzReport(
            _seed, first, count, [.. _faults], new SortedDictionary<string, int>(_answers, StringComparer.Ordinal), memoryBefore, memoryAfter, Stopwatch.GetElapsedTime(startedAt));
    }

    private async Task RunBatchAsync(long from, long until, int workers)
    {
        var next = from - 1;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(async () =>
        {
            for (long number; (number = Interlocked.Increment(ref next)) < until && _faults.Count < MostFaults;)
                await RunOneAsync(number);
        })));
    }

    private async Task RunOneAsync(long number)
    {
        var input = FuzzInput.Make(_seed, number, _valid);
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            var answer = await input.SendAsync(_target, patience.Token);
            _answers.AddOrUpdate(answer, 1, (_, count) => count + 1);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            Blame(number, input, $"It was not answered within {s_patience.TotalSeconds} s.");
        }
        catch (HttpRequestException exception) when (IsOfTheClient(exception))
        {
            _answers.AddOrUpdate("not sent by the client", 1, (_, count) => count + 1);
        }
#pragma warning disable CA1031 // Whatever comes of an input is told with its number.
        catch (Exception exception)
        {
            Blame(number, input, exception is FuzzFaultException ? exception.Message : exception.ToString());
        }
    }

    /// <summary>Two kinds of headers that this client does not send; connections made by hand do.</summary>
    private static bool IsOfTheClient(HttpRequestException exception) =>
        exception.Message.Contains("must contain only ASCII", StringComparison.Ordinal)
        || exception.Message.Contains("headers length exceeded the server limit", StringComparison.Ordinal);

    /// <summary>At once: a run of hours may be ended before its report.</summary>
    private void Tell(string fault)
    {
        _faults.Enqueue(fault);
        _progress.WriteLine($"FAULT {fault}");
    }

    private void Blame(long number, FuzzInput input, string fault) =>
        Tell($"Input {number} (fuzz --seed {_seed} --only {number}): {fault}{Environment.NewLine}    {input.Describe()}");

    /// <summary>The service logs errors only, so whatever it has written since is one.</summary>
    private void CheckLog(long from, long until)
    {
        var output = _service.Output;
        var entries = EntryStart().Split(output[_outputRead..]).Where(entry => entry.Length > 0).ToList();
        _outputRead = output.Length;
        _endedByKestrel += entries.RemoveAll(entry =>
            entry.Contains("Connection processing ended abnormally", StringComparison.Ordinal)
            && entry.Contains("System.IndexOutOfRangeException", StringComparison.Ordinal)
            && entry.Contains("HPackDecoder.OnIndexedHeaderField", StringComparison.Ordinal));
        if (entries.Count > 0)
            Tell($"The service logged errors by input {from} to {until - 1} (fuzz --seed {_seed} --first {from} --inputs {until - from}): {Excerpt(string.Concat(entries))}");
    }

    /// <summary>An entry of the log begins with its level; what belongs to it is indented.</summary>
    [GeneratedRegex("^(?=[a-zA-Z])", RegexOptions.Multiline)]
    private static partial Regex EntryStart();

    private long Memory()
    {
        using var process = System.Diagnostics.Process.GetProcessById(_service.Process.Id);
        return process.WorkingSet64;
    }

    private static string Excerpt(string text) => text.Length <= 4_000 ? text : text[..4_000];
}
