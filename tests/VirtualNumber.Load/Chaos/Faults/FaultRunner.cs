using VirtualNumber.Load.Chaos.Bed;
using VirtualNumber.Redis;

namespace VirtualNumber.Load.Chaos.Faults;

/// <summary>Lets the faults of a schedule come to pass, and undoes each one.</summary>
internal sealed class FaultRunner(TestBed bed, RunClock clock, Action<string> tell)
{
    private const int SlotsMoved = 300;

    private static readonly TimeSpan s_wholeWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_takenOverWithin = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_movedWithin = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly List<FaultRecord> _records = [];

    public IReadOnlyList<FaultRecord> Records
    {
        get
        {
            lock (_gate)
                return [.. _records.OrderBy(record => record.Start)];
        }
    }

    /// <summary>All of them: those of the cluster one after the other, and those of instances beside them.</summary>
    public Task RunAsync(IReadOnlyList<PlannedFault> schedule, CancellationToken cancellation) => Task.WhenAll(
        RunTrackAsync([.. schedule.Where(fault => fault.IsOfInstance)], cancellation),
        RunTrackAsync([.. schedule.Where(fault => !fault.IsOfInstance)], cancellation));

    private async Task RunTrackAsync(IReadOnlyList<PlannedFault> faults, CancellationToken cancellation)
    {
        foreach (var fault in faults)
        {
            await PauseAsync(fault.Pause, cancellation);
            var record = fault.IsOfInstance ? await HitInstanceAsync(fault, cancellation) : await HitClusterAsync(fault, cancellation);
            record.Whole = clock.Now;
            tell($"{Seconds(record.Whole)} s: whole again after {fault.Kind} of {record.Target}");
        }
    }

    private async Task<FaultRecord> HitInstanceAsync(PlannedFault fault, CancellationToken cancellation)
    {
        var instance = bed.Instances[fault.Target % bed.Instances.Count];
        using var hold = await instance.HoldAsync(cancellation);
        var record = Begin(new(fault, instance.Host.Name) { Start = clock.Now, Instance = instance.Number });
        switch (fault.Kind)
        {
            case FaultKind.KillInstance:
                await instance.KillAsync();
                await PauseAsync(fault.Length, cancellation);
                instance.Start();
                break;
            case FaultKind.RestartInstance:
                await instance.StopAsync();
                await PauseAsync(fault.Length, cancellation);
                instance.Start();
                break;
            case FaultKind.CutInstance when bed.Network.CutsInstances:
                await CutAsync(record, [instance.Host], cancellation);
                break;
            default:
                await WhileAsync(record, instance.Freeze, instance.Thaw, cancellation);
                break;
        }

        record.End = clock.Now;
        await instance.UntilReadyAsync(cancellation);
        return record;
    }

    private async Task<FaultRecord> HitClusterAsync(PlannedFault fault, CancellationToken cancellation)
    {
        var view = await bed.Redis.ViewAsync();
        var masters = view.Where(node => node.IsMaster && node.Slots.Count > 0).OrderBy(node => node.EndPoint, StringComparer.Ordinal).ToList();
        var replicas = view.Where(node => !node.IsMaster).OrderBy(node => node.EndPoint, StringComparer.Ordinal).ToList();
        var isOfReplica = fault.Kind is FaultKind.KillReplica or FaultKind.FreezeReplica or FaultKind.CutReplica or FaultKind.RestartReplica;
        var hit = isOfReplica ? replicas[fault.Target % replicas.Count] : masters[fault.Target % masters.Count];
        var shard = isOfReplica ? masters.First(master => master.Id == hit.MasterId) : hit;
        var node = bed.Redis.Of(hit);
        var beside = bed.Instances[fault.Other % bed.Instances.Count];
        using var hold = fault.Kind == FaultKind.SplitMaster ? await beside.HoldAsync(cancellation) : null;
        var record = Begin(new(fault, fault.Kind == FaultKind.SplitMaster ? $"{node.Host.Name} with {beside.Host.Name}" : node.Host.Name)
        {
            Start = clock.Now,
            Blocks = [.. Enumerable.Range(1, bed.DirectBlocks).Select(block => (uint)block).Where(block => shard.Serves(SlotOf(block)))],
        });
        switch (fault.Kind)
        {
            case FaultKind.KillMaster:
                await node.KillAsync();
                await UntilTakenOverAsync(hit, cancellation);
                await PauseAsync(fault.Length, cancellation);
                node.Start();
                break;
            case FaultKind.KillMasterBriefly or FaultKind.KillReplica:
                await node.KillAsync();
                await PauseAsync(fault.Length, cancellation);
                node.Start();
                break;
            case FaultKind.RestartMaster or FaultKind.RestartReplica:
                await node.StopAsync();
                await PauseAsync(fault.Length, cancellation);
                node.Start();
                break;
            case FaultKind.FreezeMaster or FaultKind.FreezeReplica:
                await WhileAsync(record, node.Freeze, node.Thaw, cancellation);
                break;
            case FaultKind.SplitMaster:
                await CutAsync(record, [node.Host, beside.Host], cancellation);
                break;
            case FaultKind.Reshard:
                await ReshardAsync(hit, masters[(fault.Target + 1 + (fault.Other % (masters.Count - 1))) % masters.Count], cancellation);
                break;
            default:
                await CutAsync(record, [node.Host], cancellation);
                break;
        }

        record.End = clock.Now;
        await bed.Redis.UntilWholeAsync(s_wholeWithin, cancellation);
        if (fault.Kind == FaultKind.SplitMaster)
            await beside.UntilReadyAsync(cancellation);
        return record;
    }

    /// <summary>The hash slot of a block's keys, as the cluster counts it.</summary>
    private static int SlotOf(uint block) => HashSlot.Of(Keys.Routes(block)!);

    private Task UntilTakenOverAsync(ClusterNode master, CancellationToken cancellation) => RedisBed.UntilAsync(
        async () => (await bed.Redis.ViewAsync()).All(node => node.Id != master.Id || node.Slots.Count == 0),
        s_takenOverWithin, $"a replica to take over from {master.EndPoint}", cancellation);

    /// <summary>
    /// As an operator does it. One that fails half way is mended as redis-cli says, again until that succeeds: on a busy machine nodes hold each other
    /// for dead now and then, and nothing moves meanwhile.
    /// </summary>
    private async Task ReshardAsync(ClusterNode from, ClusterNode to, CancellationToken cancellation)
    {
        var (exitCode, output) = await Tool.TryAsync(
            [
                "redis-cli", "--cluster", "reshard", from.EndPoint, "--cluster-from", from.Id, "--cluster-to", to.Id, "--cluster-slots", $"{SlotsMoved}",
                "--cluster-yes",
            ],
            s_movedWithin);
        if (exitCode == 0)
            return;
        tell($"The reshard failed and is mended: {output.Split('\n').LastOrDefault(line => line.Trim().Length > 0)}");
        await RedisBed.UntilAsync(
            async () => (await Tool.TryAsync(["redis-cli", "--cluster", "fix", from.EndPoint], s_movedWithin)).ExitCode == 0,
            s_movedWithin, $"the reshard from {from.EndPoint} to be mended", cancellation);
    }

    private async Task CutAsync(FaultRecord record, IReadOnlyList<Host> hosts, CancellationToken cancellation)
    {
        await bed.Network.CutAsync(hosts);
        try
        {
            await PauseAsync(record.Plan.Length, cancellation);
        }
        finally
        {
            record.Thaw = clock.Now;
            await bed.Network.HealAsync(hosts);
        }
    }

    private async Task WhileAsync(FaultRecord record, Action begin, Action end, CancellationToken cancellation)
    {
        begin();
        try
        {
            await PauseAsync(record.Plan.Length, cancellation);
        }
        finally
        {
            record.Thaw = clock.Now;
            end();
        }
    }

    private FaultRecord Begin(FaultRecord record)
    {
        lock (_gate)
            _records.Add(record);
        tell($"{Seconds(record.Start)} s: {record.Plan.Kind} of {record.Target}");
        return record;
    }

    private static Task PauseAsync(TimeSpan span, CancellationToken cancellation) => Task.Delay(span, TimeProvider.System, cancellation);

    private string Seconds(long ticks) => Length(ticks - clock.Start);

    private static string Length(long ticks) => FormattableString.Invariant($"{ticks / (double)TimeSpan.TicksPerSecond:0.0}");
}
