using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// Clients of several instances, whose verbs overlap, whose steps are cut off, whose clocks differ and whose time jumps: all of it
/// decided by a seed, so that the same seed does the same again.
/// </summary>
internal sealed class SimulationRun
{
    private const int MostInFlight = 4;

    /// <summary>Few guesses, so that somebody is locked out now and then although time runs fast.</summary>
    private static readonly GuessOptions s_guesses = new() { MissesPerCaller = 2, MissesPerNumber = 4 };

    /// <summary>Few calls, of which few are remembered, and not for long: so that all of that turns.</summary>
    private static readonly CallRecordOptions s_calls = new()
    {
        Kept = TimeSpan.FromDays(3),
        MostPerBlock = 12,
        Limits = [new() { Count = 1, Within = TimeSpan.FromMinutes(10) }, new() { Count = 2, Within = TimeSpan.FromHours(8) }],
    };

    private readonly RunningStore _store;
    private readonly SeededRandom _random;
    private readonly SimulatedWorld _world = new();
    private readonly List<InFlight> _inFlight = [];
    private readonly Queue<(string Name, Func<LeaseVerbs, InFlight, Task> Verb)> _retries = new();
    private readonly SimulatedClients _clients;
    private readonly SimulatedOperators _operators;
    private readonly Service.Seeded _service;
    private (string Name, Func<LeaseVerbs, InFlight, Task> Verb) _last;
    private int _started;

    internal SimulationRun(RunningStore store, ulong seed)
    {
        (_store, _random, _service) = (store, new SeededRandom(seed), Service.Seed(seed));
        Oracle = new StepOracle(store, _world);
        var promises = new Promises(Oracle, _world, _service.LeaseIds);
        _clients = new SimulatedClients(_world, Oracle, promises, _service, _random);
        _operators = new SimulatedOperators(store, _world, Oracle, _random);
    }

    internal StepOracle Oracle { get; }

    internal async Task RunAsync(long steps)
    {
        await _world.StockAsync(_store, Oracle, Service.Over(_store.Pool, _store.Stock, _service, _world.Time));
        while (Oracle.Steps < steps)
        {
            switch (_random.Next(20))
            {
                case 0:
                    PassTime();
                    break;
                case 1 when _random.Next(3) == 0:
                    await _operators.ChangeAsync();
                    break;
                case < 6 when _inFlight.Count < MostInFlight:
                case >= 6 when _inFlight.Count == 0:
                    await StartAsync();
                    break;
                case >= 6:
                    await GoOnAsync(_inFlight[_random.Next(_inFlight.Count)]);
                    break;
            }
        }

        while (_inFlight.Count > 0)
            await GoOnAsync(_inFlight[0]);
    }

    private async Task StartAsync()
    {
        // Some verbs are sent twice, the second while the first may still be on its way.
        var (name, verb) = _last = _retries.Count > 0 && _random.Next(2) == 0 ? _retries.Dequeue()
            : _last.Verb is not null && _random.Next(5) == 0 ? _last
            : _clients.Next();
        var inFlight = new InFlight($"{name}#{++_started}");
        var pool = new CuttingPool(_store.Pool, inFlight, Oracle, _random, _world);
        var clock = _world.Clocks[_random.Next(_world.Clocks.Count)];
        var service = Service.Over(pool, _store.Stock, _service, clock, TenantQuotas.None, s_guesses, s_calls);
        _inFlight.Add(inFlight);
        await inFlight.StartAsync(async self =>
        {
            try
            {
                await (name == "reclaim" ? _clients.ReclaimAsync(pool, clock) : verb(service, self));
            }
            catch (StoreUnavailableException) when (self.Cut && _random.Next(4) > 0)
            {
                // The client does not know whether it happened, and tries again later; otherwise it has given up.
                _retries.Enqueue((name, verb));
                throw;
            }
        });
        _inFlight.RemoveAll(verb => verb.Done);
    }

    private async Task GoOnAsync(InFlight verb)
    {
        await verb.GoOnAsync();
        _inFlight.RemoveAll(verb => verb.Done);
    }

    /// <summary>
    /// From milliseconds to days, often about the take window, and often to the very millisecond at which something turns; but a step
    /// that was sent arrives within N.
    /// </summary>
    private void PassTime()
    {
        var by = _random.Next(16) switch
        {
            > 11 when UntilSomethingTurns() is { } until => until,
            10 => ProtocolTestBounds.TakeWindow + TimeSpan.FromSeconds(_random.Next(20) - 10),
            11 => ProtocolTestBounds.TakeWindow / 2,
            < 3 => TimeSpan.FromMilliseconds(_random.Next(1_000)),
            < 5 => TimeSpan.FromSeconds(_random.Next(60)),
            < 7 => TimeSpan.FromMinutes(_random.Next(60)),
            < 9 => TimeSpan.FromHours(_random.Next(24)),
            _ => TimeSpan.FromDays(_random.Next(12)),
        };
        foreach (var verb in _inFlight)
        {
            if (verb.Sent is { } sent && sent + ProtocolTestBounds.CommandDelay - _world.Time.Now is var room && by > room)
                by = room;
        }

        Unless(by >= TimeSpan.Zero, () => "Time went back.");
        _world.Time.Advance(by);
    }

    /// <summary>Until a lease expires, a number has rested or a claim is too old by one of the clocks, or a millisecond before or after that.</summary>
    private TimeSpan? UntilSomethingTurns()
    {
        var now = _world.Clocks[_random.Next(_world.Clocks.Count)].GetUtcNow();
        var next = Oracle.Turns.Where(instant => instant > now).Order().Take(4).ToList();
        return next.Count == 0 ? null : next[_random.Next(next.Count)] + TimeSpan.FromMilliseconds(_random.Next(3) - 1) - now;
    }
}
