using Grpc.Core;
using VirtualNumber.Load.Chaos.Bed;
using VirtualNumber.Load.Chaos.Checking;

namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>
/// After all faults have healed: every delivery is read through every instance, and every lease that has not rested yet; the checker
/// holds that against what was acknowledged. And the numbers of each pool must add up, by every instance.
/// </summary>
internal sealed class ReadBack(TestBed bed, History history)
{
    private const int Readers = 32;
    private const int MostTries = 20;

    private static readonly TimeSpan s_countsWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_young = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_betweenTries = TimeSpan.FromMilliseconds(200);

    public async Task<IReadOnlyList<Breach>> RunAsync(CancellationToken cancellation)
    {
        var calls = history.Calls;
        var deliveries = calls.Select(call => call.Delivery).Where(delivery => delivery.Length > 0).Distinct().ToList();
        var young = history.Clock.Now - s_young.Ticks;
        var leases = calls.SelectMany(call => call.Seen.Where(seen => seen.Number.Length > 0 && (seen.Epoch > young || seen.Expire > young)).Select(seen => (seen.Id, seen.Number)))
            .Distinct().ToList();
        var caller = new Caller(Call.ReadBackClient, bed.Instances, history);
        foreach (var instance in bed.Instances)
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellation };
            await Parallel.ForEachAsync(deliveries, options, async (delivery, stop) => await UntilClearAsync(() => caller.ListAsync(instance.Number, delivery), stop));
            await Parallel.ForEachAsync(leases, options, async (lease, stop) => await UntilClearAsync(() => caller.GetAsync(instance.Number, lease.Id), stop));
        }

        return await CheckBooksAsync();
    }

    /// <summary>All is whole by now: what is not answered at once is so very soon, or the checker tells of it.</summary>
    private static async Task UntilClearAsync(Func<Task<Call>> ask, CancellationToken cancellation)
    {
        for (var tries = 1; (await ask()).Outcome == CallEnd.Unclear && tries < MostTries; tries++)
            await Task.Delay(s_betweenTries, TimeProvider.System, cancellation);
    }

    private async Task<IReadOnlyList<Breach>> CheckBooksAsync()
    {
        var breaches = new List<Breach>();
        string[] pools = [TestBed.DirectPool, TestBed.ExtensionPool, TestBed.PairPool];
        foreach (var instance in bed.Instances)
        {
            foreach (var (pool, stocked) in pools.Zip(bed.Stocked))
            {
                var at = history.Clock.Now;
                if (await TryCountAsync(instance, pool) is not { } counts)
                {
                    breaches.Add(new(BreachKind.BooksWrong, $"{pool} by {instance.Host.Name}: cannot be counted, though everything has healed.", at, []));
                    continue;
                }

                var sum = counts.AvailableCount + counts.LeasedCount + counts.AgingCount + counts.SuspendedCount + counts.RetiredCount + counts.FaultyCount;
                if (counts.StockedCount != stocked || sum != stocked)
                    breaches.Add(new(BreachKind.BooksWrong, $"{pool} by {instance.Host.Name}: {counts.StockedCount} stocked, {sum} counted, {stocked} added.", at, []));
            }
        }

        return breaches;
    }

    private static async Task<V1.NumberCounts?> TryCountAsync(Instance instance, string pool)
    {
        try
        {
            var deadline = (TimeProvider.System.GetUtcNow() + s_countsWithin).UtcDateTime;
            return (await instance.Ops.GetStatsAsync(new() { TenantId = ChaosRules.TenantId, PoolId = pool, PageSize = 1 }, deadline: deadline)).Counts;
        }
        catch (RpcException)
        {
            return null;
        }
    }
}
