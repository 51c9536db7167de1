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

    private readonly List<Claim> _claims = [];
    private readonly List<HolderKey> _holders = [];
    private readonly Dictionary<uint, long> _logged = [];
    private SeededRandom _random = null!;
    private PairedStore _store = null!;
    private Pool _pool = null!;
    private DateTimeOffset _now;

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
                PassTime();
                await StepAsync();
                await CompareAsync();
            }
        }
        catch (InvariantBrokenException broken)
        {
            Assert.Fail($"VN_SEED={seed}, VN_STEPS={steps}: at step {step}: {broken.Message}");
        }

        await TestContext.Out.WriteLineAsync($"{steps} steps, seed {seed}");
        Assert.That(_holders, Has.Count.GreaterThan((int)steps / 200), "Slots were taken again and again.");
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

    /// <summary>Mostly a little, now and then to where something turns; also back, as from one clock to another.</summary>
    private void PassTime() => _now += _random.Next(12) switch
    {
        < 5 => TimeSpan.FromMilliseconds(1 + _random.Next(2_000)),
        < 8 => TimeSpan.FromSeconds(_random.Next(60)),
        8 => TimeSpan.FromMinutes(_random.Next(30)),
        9 => TimeSpan.FromHours(_random.Next(20)),
        10 => -TimeSpan.FromMilliseconds(_random.Next(10_000)),
        _ when _claims.Count > 0 && Any(_claims).Time + ProtocolTestBounds.TakeWindow is var end && end > _now =>
            end - _now + TimeSpan.FromMilliseconds(_random.Next(3) - 1),
        _ => TimeSpan.Zero,
    };

    private async Task StepAsync()
    {
        var pool = _store.Pool;
        switch (_random.Next(20))
        {
            case < 4:
                var claimed = await pool.ClaimAsync(
                    new ClaimStep(Delivery(), Role(), Request(), NewId(), _random.Next(8) == 0 ? null : Block(), KeepUntil(), _random.Next(3) == 0 ? AnyClaim().Id : null),
                    _now,
                    None);
                Keep(claimed);
                break;
            case < 6:
                Keep(await pool.ReplaceAsync(
                    new ReplaceStep(Delivery(), Role(), Request(), AnyClaim().Id, _random.Next(2) == 0, NewId(), Block(), KeepUntil()), _now, None));
                break;
            case 6:
                await pool.BindAsync(Delivery(), Request() ?? Mark(0), AnyClaim(), _now, None);
                break;
            case < 9:
                var (instant, status) = (Instant(), (DeliveryStatus)(1 + _random.Next(12)));
                await pool.DecideAsync(
                    new DecideStep(
                        Delivery(), status, StoreTests.T0 + TimeSpan.FromMinutes(_random.Next(6)), new Terms(instant, _random.Next(4) == 0),
                        DeliveryStatusRules.AllowedFrom(status), KeepUntil()),
                    _now,
                    None);
                break;
            case < 13:
                var step = new TakeStep(AnyClaim(), Delivery(), Role(), _random.Next(4), Instant(), StoreTests.SealOf($"{_random.Next(5)}"), StoreTests.DigestOf($"{_random.Next(5)}"));
                if ((await TriedAsync(() => pool.TakeAsync(step, _now, None))).Record is { } record)
                    _holders.Add(StoreTests.HolderOf(record));
                break;
            case < 15:
                await pool.ApplyAsync(AnyClaim(), _random.Next(6), new Terms(Instant(), _random.Next(3) == 0), TimeSpan.FromDays(2), _now, None);
                break;
            default:
                await OnHolderAsync(pool);
                break;
        }
    }

    private async Task OnHolderAsync(INumberPool pool)
    {
        var holder = _holders.Count == 0 ? new HolderKey(StoreTests.Tenant, 1, 0, _now) : Recent(_holders);
        switch (_random.Next(9))
        {
            case < 2:
                await pool.ExtendAsync(holder, Mark(_random.Next(5)), TimeSpan.FromMinutes(_random.Next(2_000)), 3, TimeSpan.FromDays(2), _now, None);
                break;
            case < 4:
                await pool.ReassignAsync(
                    holder, Mark(_random.Next(14)), StoreTests.SealOf($"{_random.Next(5)}"), StoreTests.DigestOf($"{_random.Next(5)}"), _now, None);
                break;
            case 4:
                await pool.ReleaseAsync(holder, _now, None);
                break;
            case 5:
                await pool.GetAsync(holder, None);
                await pool.FindAsync(AnyClaim(), None);
                break;
            case 6:
                await pool.ResolveAsync(Number(_random.Next(Blocks), _random.Next(5)), _now, None);
                break;
            case 7:
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

    /// <summary>A slot cannot be taken by an epoch that is not larger than its last; both stores refuse it, and the test goes on.</summary>
    private static async Task<TakeAnswer> TriedAsync(Func<ValueTask<TakeAnswer>> take)
    {
        try
        {
            return await take();
        }
        catch (InvalidOperationException)
        {
            return default;
        }
    }

    private void Keep(ClaimAnswer answer)
    {
        if (answer is { Kind: ClaimKind.Created, Claim: { } claim })
            _claims.Add(claim);
    }

    private T Any<T>(List<T> items) => items[_random.Next(items.Count)];

    private T Recent<T>(List<T> items) => items[^(1 + _random.Next(Math.Min(items.Count, 8)))];

    private Claim AnyClaim() => _claims.Count == 0 ? new Claim(NewId(), Block(), _now) : Recent(_claims);

    private Digest Delivery() => StoreTests.DigestOf($"delivery {_random.Next(2)}");

    private DeliveryRole Role() => (DeliveryRole)(1 + _random.Next(3));

    /// <summary>More than a ledger remembers.</summary>
    private RequestMark? Request() => _random.Next(8) == 0 ? null : Mark(_random.Next(18));

    private RequestMark Mark(int index) => StoreTests.MarkOf($"request {index}", $"content {_random.Next(4) / 3}");

    private ClaimId NewId() => ClaimId.Create(_random);

    private uint Block() => (uint)(1 + _random.Next(Blocks));

    private DateTimeOffset Instant() => _now + TimeSpan.FromMinutes(_random.Next(400) - 20);

    private DateTimeOffset KeepUntil() => _now + TimeSpan.FromHours(1 + _random.Next(_random.Next(3) == 0 ? 4 : 100));

    private static PhoneNumber Number(int block, int slot) => PhoneNumber.FromCanonical($"999:70000000{block}{slot:00}");

    private static ulong? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;
}
