using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Operators who take numbers out of the stock and put them back, add some, and change how long they rest.</summary>
internal sealed class SimulatedOperators(RunningStore store, SimulatedWorld world, StepOracle oracle, SeededRandom random)
{
    private int _added;

    internal async Task ChangeAsync()
    {
        var pool = world.Pools[random.Next(world.Pools.Count)];
        switch (random.Next(12))
        {
            case 0:
                // Which block takes a single number only the store knows, and where numbers are shared the oracle must.
                await AddAsync(world.Pools.First(pool => pool.Mode == PoolMode.Direct));
                break;
            case 1:
                var aging = TimeSpan.FromMinutes(random.Next(2) == 0 ? 10 : 60 * (1 + random.Next(20)));
                await store.Stock.UpdatePoolAsync(pool.TenantId, pool.PoolId, aging, null, null, CancellationToken.None);
                world.SetAging(pool, aging);
                await oracle.AfterStockChangeAsync($"aging of {pool.PoolId} {aging}");
                break;
            default:
                await ChangeStateAsync(pool);
                break;
        }
    }

    private async Task ChangeStateAsync(Pool pool)
    {
        // Mostly the few numbers that are in play.
        var numbers = oracle.Slots.NumbersOf(pool);
        var isDirect = pool.Mode == PoolMode.Direct;
        var inPlay = isDirect ? Enumerable.Range(0, 6) : Enumerable.Range(0, numbers.Count).Where(index => index % 100 < 3);
        var number = numbers[random.Next(isDirect ? 8 : 40) == 0 ? random.Next(numbers.Count) : inPlay.ElementAt(random.Next(inPlay.Count()))];
        var change = random.Next(5) switch { 0 => StockChange.Retire, 1 => StockChange.Suspend, _ => StockChange.Restore };
        var live = oracle.RecordsOf(number).Where(record => record.IsLive(world.Time.Now)).ToList();
        var answer = await store.Stock.ChangeNumbersAsync(pool, new([], [number]), change, world.Time.Now, CancellationToken.None);
        var changed = oracle.Slots.Change(number, change) ? 1 : 0;
        Unless(
            (answer.Changed, answer.Leased, answer.LastExpireTime) == (changed, live.Count, live.Max(record => (DateTimeOffset?)record.ExpireTime)),
            () => $"{change} answered {answer}.");
        await oracle.AfterStockChangeAsync($"{change} {number.Canonical}");
    }

    /// <summary>Adds a number that may be somebody's real number at the same time: it must not be called any more.</summary>
    private async Task AddAsync(Pool pool)
    {
        // Late enough that somebody has leased with it before.
        if (_added == 3 || oracle.Steps < 1_200 * (_added + 1))
            return;
        var number = StoreTests.RealNumber(100 + _added++);
        var answer = await store.Stock.AddNumbersAsync(pool, new([], [number]), world.Time.Now, CancellationToken.None);
        Unless((answer.Added, answer.Present) == (1, 0), () => $"A new number was answered {answer}.");
        oracle.Slots.Stock(pool, number, block: 0, index: 0);
        await oracle.AfterStockChangeAsync("added a number");
    }
}
