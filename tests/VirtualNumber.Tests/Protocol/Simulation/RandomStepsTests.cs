using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// Random steps in whatever order, also such as no verb would take: another store answers them as the embedded one does, and comes to the
/// same state after each. A failure prints its seed; VN_SEED replays one, VN_STEPS makes a run longer or shorter.
/// </summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.OthersThanEmbedded))]
public sealed class RandomStepsTests(StoreUnderTest kind)
{
    private const int Blocks = 2;

    private static readonly TimeSpan s_beforeEnd = TimeSpan.FromMinutes(5);

    /// <summary>How long one focus is kept.</summary>
    private const int StepsPerFocus = 100;

    private readonly List<Claim> _claims = [];
    private readonly List<HolderKey> _holders = [];
    private readonly Dictionary<(Digest Delivery, DeliveryRole Role), ClaimId> _standing = [];
    private readonly SortedDictionary<TakeOutcome, int> _takes = [];
    private readonly Dictionary<uint, long> _logged = [];
    private readonly List<DateTimeOffset> _turns = [];
    private readonly List<DateTimeOffset> _ends = [];
    private SeededRandom _random = null!;
    private PairedStore _store = null!;
    private Pool _pool = null!;
    private DateTimeOffset _now;
    private Focus _focus;
    private bool _turned;

    /// <summary>Limits, of requests that are remembered, say, are reached only where many steps meet one thing within a short time.</summary>
    private enum Focus
    {
        Everything,
        AllAgain,
        OneLedger,
        OneHolder,
    }

    private static CancellationToken None => CancellationToken.None;

    [Test]
    public async Task Random_steps_come_to_the_same_answers_and_states()
    {
        var seed = Variable("VN_SEED") ?? 1;
        var steps = Variable("VN_STEPS") ?? (ulong)kind.SimulatedSteps / 4;
        _random = new SeededRandom(seed);
        await using var store = _store = new PairedStore(await kind.StartAsync(StoreTests.Bounds), await new EmbeddedStoreUnderTest().StartAsync(StoreTests.Bounds));
        await StockAsync();
        var step = 0ul;
        try
        {
            for (; step < steps; step++)
            {
                if (step % StepsPerFocus == 0)
                    _focus = (Focus)_random.Next(4);
                PassTime();
                await (_turned ? AtTurnAsync() : StepAsync());
                await CompareAsync();
            }
        }
        catch (InvariantBrokenException broken)
        {
            Assert.Fail($"VN_SEED={seed}, VN_STEPS={steps}: at step {step}: {broken.Message}");
        }

        await TestContext.Out.WriteLineAsync($"{steps} steps, seed {seed}; {_claims.Count} claims, takes: {string.Join(", ", _takes.Select(take => $"{take.Value} {take.Key}"))}");
        Assert.That(_holders.Distinct().Count(), Is.GreaterThan((int)steps / 250), "Slots were taken again and again.");
    }

    private async Task StockAsync()
    {
        _now = StoreTests.T0;
        (_pool, _) = await _store.Stock.CreatePoolAsync(StoreTests.PoolOf("pool", TimeSpan.FromMinutes(10)), None);
        for (var block = 0; block < Blocks; block++)
        {
            await _store.Stock.AddNumbersAsync(_pool, new([$"70000000{block}"], []), _now, None);
            var suspended = Enumerable.Range(4, 96).Select(slot => Number(block, slot)).ToList();
            await _store.Stock.ChangeNumbersAsync(_pool, new([], suspended), StockChange.Suspend, _now, None);
        }
    }

    /// <summary>Mostly a little, often to the millisecond at which something turns; also back, as from one clock to another.</summary>
    private void PassTime()
    {
        _turned = false;
        _now += _random.Next(48) switch
        {
            _ when _focus >= Focus.OneLedger => TimeSpan.FromMilliseconds(_random.Next(50)),
            // Several steps at one instant, so that what turns there meets all of them.
            < 24 => TimeSpan.FromMilliseconds(_random.Next(3) / 2 * _random.Next(2_000)),
            < 40 => TimeSpan.FromSeconds(_random.Next(10)),
            40 => TimeSpan.FromMinutes(_random.Next(30)),
            41 => TimeSpan.FromMinutes(_random.Next(300)),
            42 => -TimeSpan.FromMilliseconds(_random.Next(10_000)),
            _ => UntilSomethingTurns(),
        };
        // A key's own expiry runs by the clock of Redis, which stands for nothing here: no step shortly before a ledger's end.
        while (_ends.FirstOrDefault(end => end > _now && end - _now < s_beforeEnd) is { Ticks: > 0 } near)
            _now = near;
    }

    private TimeSpan UntilSomethingTurns()
    {
        _turns.RemoveAll(instant => instant <= _now);
        _turns.Sort();
        _turned = true;
        return _turns.Count == 0 ? TimeSpan.Zero : _turns[_random.Next(Math.Min(_turns.Count, 4))] + TimeSpan.FromMilliseconds(_random.Next(3) - 1) - _now;
    }

    /// <summary>What depends on where exactly time stands.</summary>
    private async Task AtTurnAsync()
    {
        if (_random.Next(2) == 0)
            await TakeAsync(AnyClaim());
        else
            await _store.Pool.ReclaimAsync(1 + _random.Next(5), _now, None);
    }

    private async Task StepAsync()
    {
        var pool = _store.Pool;
        switch (_focus switch { Focus.OneLedger => _random.Next(10), Focus.OneHolder => int.MaxValue, _ => _random.Next(25) })
        {
            case < 4:
                var (delivery, role) = (Delivery(), Role());
                uint? block = _random.Next(8) == 0 ? null : Block();
                ClaimId? forget = _random.Next(6) switch { 0 => AnyClaim().Id, 1 when _standing.TryGetValue((delivery, role), out var stands) => stands, _ => null };
                await KeepAsync(await pool.ClaimAsync(new ClaimStep(delivery, role, Request(), NewId(), block, KeepUntil(), forget), _now, None), delivery, role);
                break;
            case < 7:
                var (place, whose, old) = (Delivery(), Role(), AnyClaim().Id);
                if (_random.Next(3) > 0 && _standing.TryGetValue((place, whose), out var standing))
                    old = standing;
                var replace = new ReplaceStep(place, whose, Request(), old, _random.Next(2) == 0, NewId(), Block(), KeepUntil());
                await KeepAsync(await pool.ReplaceAsync(replace, _now, None), place, whose);
                break;
            case < 10:
                await pool.BindAsync(Delivery(), Request() ?? Mark(0), AnyClaim(), _now, None);
                break;
            case < 12:
                var (instant, status) = (Instant(), (DeliveryStatus)(1 + _random.Next(12)));
                await pool.DecideAsync(
                    new DecideStep(
                        Delivery(), status, StoreTests.T0 + TimeSpan.FromMinutes(_random.Next(6)), new Terms(instant, _random.Next(4) == 0),
                        DeliveryStatusRules.AllowedFrom(status), KeepUntil()),
                    _now,
                    None);
                break;
            case < 16:
                await TakeAsync(AnyClaim());
                break;
            case < 18:
                await pool.ApplyAsync(AnyClaim(), _random.Next(6), new Terms(Instant(), _random.Next(3) == 0), TimeSpan.FromDays(2), _now, None);
                break;
            default:
                await OnHolderAsync(pool);
                break;
        }
    }

    private async Task OnHolderAsync(INumberPool pool)
    {
        var holder = _holders.Count == 0 ? new HolderKey(StoreTests.Tenant, 1, 0, _now) : _focus == Focus.OneHolder ? _holders[^1] : Recent(_holders);
        switch (_random.Next(_focus == Focus.OneHolder ? 5 : 14))
        {
            case 0:
                await pool.ExtendAsync(holder, Mark(_random.Next(5)), TimeSpan.FromMinutes(_random.Next(2_000)), 3, TimeSpan.FromDays(2), _now, None);
                break;
            case < 5:
                await pool.ReassignAsync(
                    holder, Mark(_random.Next(14)), new BoundNumber(StoreTests.SealOf($"{_random.Next(5)}"), StoreTests.DigestOf($"{_random.Next(5)}")), _now,
                    None);
                break;
            case 5:
                await pool.ReleaseAsync(holder, _now, None);
                break;
            case 6:
                await pool.GetAsync(holder, None);
                await pool.FindAsync(AnyClaim(), None);
                break;
            case < 9:
                await pool.ResolveAsync(Number(_random.Next(Blocks), _random.Next(5)), _now, None);
                break;
            case < 12:
                var change = _random.Next(3) switch { 0 => StockChange.Suspend, 1 => StockChange.Retire, _ => StockChange.Restore };
                await _store.Stock.ChangeNumbersAsync(_pool, new([], [Number(_random.Next(Blocks), _random.Next(5))]), change, _now, None);
                break;
            default:
                await pool.ReclaimAsync(1 + _random.Next(5), _now, None);
                break;
        }
    }

    /// <summary>Both read the same; that they do is what is compared.</summary>
    private async Task CompareAsync()
    {
        await _store.Stock.ListRecordsAsync(_pool, null, default, int.MaxValue, _now, None);
        await _store.Stock.GetStatsAsync(_pool, 0, Blocks, _now, None);
        for (var block = 1u; block <= Blocks; block++)
        {
            if (await _store.ReadLogAsync(block, _logged.GetValueOrDefault(block)) is { Count: > 0 } entries)
                _logged[block] = entries[^1].Sequence;
        }
    }

    private async Task TakeAsync(Claim claim)
    {
        var (number, digest) = (StoreTests.SealOf($"{_random.Next(5)}"), StoreTests.DigestOf($"{_random.Next(5)}"));
        var step = new TakeStep(claim, Delivery(), Role(), _random.Next(4), Instant(), number, digest);
        try
        {
            var take = await _store.Pool.TakeAsync(step, _now, None);
            _takes[take.Outcome] = _takes.GetValueOrDefault(take.Outcome) + 1;
            if (take.Record is { } record)
                Keep(record);
        }
        catch (InvalidOperationException)
        {
            // A slot cannot be taken by an epoch that is not larger than its last; both stores refuse it, and the test goes on.
        }
    }

    /// <summary>A new claim is often used at once.</summary>
    private async Task KeepAsync(ClaimAnswer answer, Digest delivery, DeliveryRole role)
    {
        if (answer is not { Kind: ClaimKind.Created, Claim: { } claim })
            return;
        _claims.Add(claim);
        _standing[(delivery, role)] = claim.Id;
        _turns.Add(claim.Time + ProtocolTestBounds.TakeWindow);
        if (_random.Next(2) == 0)
            await TakeAsync(claim);
    }

    private void Keep(LeaseRecord record)
    {
        _holders.Add(StoreTests.HolderOf(record));
        _turns.Add(record.ExpireTime);
        _turns.Add(record.ExpireTime + _pool.Aging);
    }

    private T Recent<T>(List<T> items) => items[^(1 + _random.Next(Math.Min(items.Count, 1 + _random.Next(8))))];

    private Claim AnyClaim() => _claims.Count == 0 ? new Claim(NewId(), Block(), _now) : _random.Next(2) == 0 ? _claims[^1] : Recent(_claims);

    private Digest Delivery() => StoreTests.DigestOf($"delivery {_random.Next(_focus == Focus.OneLedger ? 1 : 2)}");

    private DeliveryRole Role() => (DeliveryRole)(1 + _random.Next(3));

    /// <summary>More than a ledger remembers, some of them often.</summary>
    private RequestMark? Request() => _random.Next(3) == 0 ? null : Mark(_random.Next(_random.Next(2) == 0 ? 3 : 20));

    private RequestMark Mark(int index) => StoreTests.MarkOf($"request {index}", $"content {_random.Next(4) / 3}");

    private ClaimId NewId() => ClaimId.Create(_random);

    private uint Block() => (uint)(1 + _random.Next(Blocks));

    private DateTimeOffset Instant() => _now + TimeSpan.FromMinutes(_random.Next(_random.Next(4) == 0 ? 3_000 : 60) - 5);

    private DateTimeOffset KeepUntil()
    {
        var until = _now + TimeSpan.FromHours(1 + _random.Next(_random.Next(3) == 0 ? 4 : 100));
        _turns.Add(until);
        _ends.Add(until);
        return until;
    }

    private static PhoneNumber Number(int block, int slot) => PhoneNumber.FromCanonical($"999:70000000{block}{slot:00}");

    private static ulong? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;
}
