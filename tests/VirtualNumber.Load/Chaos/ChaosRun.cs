using VirtualNumber.Load.Chaos.Bed;
using VirtualNumber.Load.Chaos.Checking;
using VirtualNumber.Load.Chaos.Clients;
using VirtualNumber.Load.Chaos.Faults;

namespace VirtualNumber.Load.Chaos;

/// <summary>One run: the bed, the clients, the faults, the reading back, the verdict.</summary>
internal sealed class ChaosRun(ChaosPlan plan, FileInfo? output, TextWriter text)
{
    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_tellEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_beforeDrop = TimeSpan.FromSeconds(5);

    private readonly ChaosRules _rules = new();
    private readonly RunClock _clock = new();

    /// <summary>Answers the exit code: 0 when nothing was broken.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        await using var bed = await TestBed.StartAsync(plan, _rules, cancellation);
        Tell($"seed {plan.Seed}, {plan.Clients} clients, {plan.Instances} instances, 3 masters and 3 replicas, level {plan.Level}, links: {bed.Network.Kind}");
        var history = new History(_clock);
        var runner = new FaultRunner(bed, _clock, Tell);
        var overseer = new Operator(bed, _clock);
        using var rest = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var overseeing = overseer.RunAsync(rest.Token);
        var started = _clock.Now;
        IReadOnlyList<Breach> books;
        try
        {
            await LoadAsync(bed, history, runner, cancellation);
            Tell($"{history.Count} calls in {(_clock.Now - started) / TimeSpan.TicksPerSecond} s; reading back");
            books = await new ReadBack(bed, history).RunAsync(cancellation);
        }
        finally
        {
            await rest.CancelAsync();
            await overseeing;
        }

        var faults = runner.Records;
        var calls = history.Calls;
        var verdict = HistoryChecker.Check(_rules, plan.MayLose, calls, TroublesOf(faults));
        verdict.Violations.AddRange(books);
        if (!plan.MayLose)
            verdict.Violations.AddRange(overseer.Breaches);
        Tell($"Blocks that were barred and confirmed by an operator: {string.Join(", ", overseer.Bars.Select(bar => $"{bar.Count} {bar.Reason}").DefaultIfEmpty("none"))}");
        var report = new ChaosReport(plan, _clock.Start, calls, faults, verdict);
        report.WriteTo(text);
        if (output is not null)
        {
            await using var file = output.CreateText();
            report.WriteProofTo(file);
            foreach (var instance in bed.Instances)
                await file.WriteLineAsync($"{Environment.NewLine}{instance.Host.Name} wrote:{Environment.NewLine}{instance.Output}");
        }

        return verdict.Holds ? 0 : 1;
    }

    private async Task LoadAsync(TestBed bed, History history, FaultRunner runner, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var clients = Enumerable.Range(0, plan.Clients)
            .Select(number => new Client(number, plan.Seed, bed.Instances, history))
            .Select(client => Task.Run(() => client.RunAsync(stop.Token), CancellationToken.None)).ToList();
        var progress = TellProgressAsync(history, stop.Token);
        try
        {
            var faults = runner.RunAsync(Schedule.Draw(plan.Seed, plan.Faults), cancellation);
            if (plan.Plant == Plant.DropWrite)
            {
                await Task.Delay(s_beforeDrop, TimeProvider.System, cancellation);
                Tell($"planted: {await WriteDropper.DropAsync(bed)}");
            }

            await faults;
            using var timer = new PeriodicTimer(s_askEvery);
            while (history.Count < plan.Calls && clients.All(client => !client.IsCompleted))
                await timer.WaitForNextTickAsync(cancellation);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll([.. clients, progress]);
        }
    }

    /// <summary>Now and then, so that whoever waits sees whether it goes on.</summary>
    private async Task TellProgressAsync(History history, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(s_tellEvery);
        var (count, unclear) = (0, 0);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                Tell($"{(_clock.Now - _clock.Start) / TimeSpan.TicksPerSecond} s: {history.Count} calls, {history.Count - count} of them since last told, {history.Unclear - unclear} of those unclear");
                (count, unclear) = (history.Count, history.Unclear);
            }
        }
        catch (OperationCanceledException)
        {
            // The load is over.
        }
    }

    /// <summary>When a master may have lost writes or kept calls waiting, and a while beyond.</summary>
    private static List<Trouble> TroublesOf(IReadOnlyList<FaultRecord> faults) =>
    [
        .. faults.Where(fault => !fault.Plan.IsOfInstance).Select(fault => new Trouble(
            fault.Start,
            fault.Whole,
            MayLose: fault.Plan.IsOfMaster,
            fault.Plan.IsOfMaster && fault.Thaw > 0 ? new(fault.Thaw, fault.End) : null)),
    ];

    private void Tell(string line) => text.WriteLine(line);
}
