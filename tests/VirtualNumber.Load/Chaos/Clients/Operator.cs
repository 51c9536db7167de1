using Grpc.Core;
using VirtualNumber.Load.Chaos.Bed;
using VirtualNumber.Load.Chaos.Checking;

namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>
/// Somebody who looks after the blocks that the service has barred, since Redis came back older than it was seen, and lifts the bar. At a level
/// that loses nothing there must be none.
/// </summary>
internal sealed class Operator(TestBed bed, RunClock clock)
{
    private static readonly TimeSpan s_looksEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(3);

    private readonly Dictionary<(string Pool, string Block, V1.BarReason Reason, long Since), long> _seen = [];

    /// <summary>The bars that it saw, by reason.</summary>
    public IEnumerable<(V1.BarReason Reason, int Count)> Bars =>
        _seen.Keys.GroupBy(bar => bar.Reason).Select(group => (group.Key, group.Count()));

    /// <summary>Each bar as a broken promise of a level that loses nothing.</summary>
    public IEnumerable<Breach> Breaches => _seen.Select(bar => new Breach(
        BreachKind.BooksWrong, $"Block {bar.Key.Block} of {bar.Key.Pool} was barred ({bar.Key.Reason}) at a level that forgets nothing.", bar.Value, []));

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(s_looksEvery);
        try
        {
            for (var turn = 0; await timer.WaitForNextTickAsync(stop); turn++)
                await LookAsync(bed.Instances[turn % bed.Instances.Count]);
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    /// <summary>What cannot be asked now is asked again.</summary>
    private async Task LookAsync(Instance instance)
    {
        try
        {
            foreach (var pool in (string[])[TestBed.DirectPool, TestBed.ExtensionPool, TestBed.PairPool])
            {
                var blocks = (await instance.Ops.ListBarredBlocksAsync(new() { TenantId = ChaosRules.TenantId, PoolId = pool }, deadline: Deadline)).Blocks;
                foreach (var block in blocks)
                    _seen.TryAdd((pool, block.Block, block.Reason, block.BarTime?.Seconds ?? 0), clock.Now);
                // One that only leases nothing goes on by itself when an aging has passed.
                if (blocks.Any(block => block.Reason != V1.BarReason.LeasesForgotten))
                    await instance.Ops.ConfirmBlocksAsync(new() { TenantId = ChaosRules.TenantId, PoolId = pool }, deadline: Deadline);
            }
        }
        catch (RpcException)
        {
            // The instance or the store is away.
        }
    }

    private static DateTime Deadline => (TimeProvider.System.GetUtcNow() + s_deadline).UtcDateTime;
}
