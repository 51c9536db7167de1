using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Leasing;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// Random steps in whatever order, also such as no verb would take: another store answers them as the embedded one does, and comes to the
/// same state after each. A failure prints its seed; VN_SEED replays one, VN_STEPS makes a run longer or shorter.
/// </summary>
[TestFixtureSource(nameof(Fixtures))]
public sealed partial class RandomStepsTests(StoreUnderTest kind, PoolMode mode)
{
    private const int Runs = 2;
    private const int InStock = 3;

    /// <summary>Few, so that they meet on one number again and again.</summary>
    private const int People = 5;

    /// <summary>In a run as long, whatever may happen does.</summary>
    private const ulong LongRun = 4_000;

    private static readonly string[] s_areas = ["", "010", "021"];

    private static readonly TimeSpan s_beforeEnd = TimeSpan.FromMinutes(5);

    /// <summary>How long one focus is kept.</summary>
    private const int StepsPerFocus = 100;

    private readonly List<Claim> _claims = [];
    private readonly List<HolderKey> _holders = [];
    private readonly List<LeaseRecord> _records = [];
    private readonly Dictionary<(Digest Delivery, DeliveryRole Role), ClaimId> _standing = [];
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private readonly List<PhoneNumber> _numbers = [];
    private readonly FaultRules _faults = new();
    private readonly Dictionary<uint, long> _logged = [];
    private readonly List<DateTimeOffset> _turns = [];
    private readonly List<DateTimeOffset> _ends = [];
    private SeededRandom _random = null!;
    private PairedStore _store = null!;
    private Pool _pool = null!;
    private DateTimeOffset _now;
    private Focus _focus;
    private bool _turned;
    private uint _firstBlock;

    /// <summary>Limits, of requests that are remembered, say, are reached only where many steps meet one thing within a short time.</summary>
    private enum Focus
    {
        Everything,
        AllAgain,
        OneLedger,
        OneHolder,
    }

    private static IEnumerable<TestFixtureData> Fixtures =>
        from kind in StoreUnderTest.OthersThanEmbedded
        from mode in Enum.GetValues<PoolMode>()
        select new TestFixtureData(kind, mode);

    private static CancellationToken None => CancellationToken.None;

    [Test]
    public async Task Random_steps_come_to_the_same_answers_and_states()
    {
        var seed = Variable("VN_SEED") ?? 1;
        var steps = Variable("VN_STEPS") ?? (ulong)kind.SimulatedSteps / 2;
        _random = new SeededRandom(seed);
        await using var store = _store = new PairedStore(await kind.StartAsync(StoreTests.Bounds), await new EmbeddedStoreUnderTest().StartAsync(StoreTests.Bounds));
        var step = 0ul;
        try
        {
            for (; step < steps; step++)
            {
                // Where few live on a number, that is what is met first; where many, the slots that rest.
                if (step == 0 || step == steps / 2)
                    await StockAsync(density: step == 0 ? 1 + _random.Next(3) : 5);
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

        await TestContext.Out.WriteLineAsync(
            $"{steps} steps, seed {seed}; {_claims.Count} claims; {string.Join(", ", _outcomes.Select(outcome => $"{outcome.Key} {outcome.Value}"))}");
        Assert.That(_holders.Distinct().Count(), Is.GreaterThan((int)steps / 250), "Slots were taken again and again.");
        if (steps >= LongRun)
            Assert.That(_outcomes.Keys, Is.SupersetOf(Expected()));
    }

    private string[] Expected()
    {
        string[] everywhere =
        [
            "take Live", "take Ended", "take Closed", "take Over", "take Full", "reassign Done", "reassign Repeated", "reassign OtherContent",
            "reassign Ended", "route Route", "route Suspended", "route NotLeased", "route Ended", "counted True", "counted False",
            "barred True", "barred False", "call Recorded", "call TooFrequent", "events Added", "events OtherLease", "events LeaseUnknown",
            "health Done", "health Older", "health Repeated", "health Unchanged", "take AfterProbation",
        ];
        return mode == PoolMode.Pair ? [.. everywhere, "reassign Busy", "reassign Moved"] : everywhere;
    }

    /// <summary>Makes a pool of its own; the one before is left alone from here on.</summary>
    private async Task StockAsync(int density)
    {
        _now = _now == default ? StoreTests.T0 : _now;
        _firstBlock = _numbers.Count == 0 ? 1 : (uint)_store.BlockCount + 1;
        _numbers.Clear();
        _records.Clear();
        var pool = StoreTests.PoolOf($"pool-{density}", TimeSpan.FromMinutes(10)) with
        {
            Mode = mode,
            ExtensionLength = mode == PoolMode.Extension ? 1 : 0,
            Density = mode == PoolMode.Direct ? 1 : density,
        };
        (_pool, _) = await _store.Stock.CreatePoolAsync(pool, None);
        for (var run = 0; run < Runs; run++)
        {
            PhoneNumber Number(int index) => PhoneNumber.FromCanonical($"999:7000000{density}{run}{index:00}");

            await _store.Stock.AddNumbersAsync(_pool, new([$"7000000{density}{run}"], [], s_areas[run]), _now, None);
            await _store.Stock.ChangeNumbersAsync(
                _pool, new([], [.. Enumerable.Range(InStock, 100 - InStock).Select(Number)]), StockChange.Suspend, _now, None);
            _numbers.AddRange(Enumerable.Range(0, InStock + 1).Select(Number));
        }

        PhoneNumber[] singles = [StoreTests.RealNumber(2 * density), StoreTests.RealNumber((2 * density) + 1)];
        await _store.Stock.AddNumbersAsync(_pool, new([], singles, s_areas[^1]), _now, None);
        _numbers.AddRange(singles);
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
        _faults.At(_now);
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
        switch (_random.Next(_pool.Mode == PoolMode.Pair && _holders.Count > 0 ? 4 : 2))
        {
            case 0:
                await TakeAsync(AnyClaim());
                break;
            case 1:
                await _store.Pool.ReclaimAsync(1 + _random.Next(5), _now, None);
                break;
            default:
                // Who has rested may join another lease, though nobody has tidied up the one before.
                Seen("reassign", (await _store.Pool.ReassignAsync(Reassignment(Recent(_holders)), _now, None)).Outcome);
                break;
        }
    }

    private async Task StepAsync()
    {
        var pool = _store.Pool;
        switch (_focus switch { Focus.OneLedger => _random.Next(10), Focus.OneHolder => int.MaxValue, _ => _random.Next(32) })
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
            case < 19:
                await pool.ChooseBlockAsync(
                    new BlockChoice(StoreTests.Tenant, _pool.PoolId, _random.Next(3) == 0 ? [Block()] : [], Area(), Parties()), _now, None);
                break;
            case < 20:
                await CountAsync(pool);
                break;
            case < 21:
                await StockStepAsync();
                break;
            case < 22:
                await CallAsync(pool);
                break;
            case < 25:
                // What no ledger knows of is taken all the same.
                _claims.Add(new Claim(NewId(), Block(), _now));
                await TakeAsync(_claims[^1]);
                break;
            default:
                await OnHolderAsync(pool);
                break;
        }
    }

    private async Task CountAsync(INumberPool pool)
    {
        for (var i = 0; i < 3; i++)
        {
            var (window, barred) = (TimeSpan.FromMinutes(1 + _random.Next(30)), TimeSpan.FromMinutes(1 + _random.Next(30)));
            var step = new CountStep(Counter(), 1 + _random.Next(4), window, _random.Next(2) == 0 ? null : barred);
            Seen("counted", (await pool.CountAsync(step, _now, None)).Counted);
            Seen("barred", await pool.FindBarAsync(Counter(), _now, None) is not null);
        }
    }

    /// <summary>Few calls and callers, and few that are remembered.</summary>
    private async Task CallAsync(INumberPool pool)
    {
        for (var i = 0; i < 4; i++)
        {
            var call = StoreTests.DigestOf($"call {_random.Next(5)}");
            if (_random.Next(3) > 0)
                Seen("call", await pool.RecordCallAsync(CallStep(call), _now, None));
            else
                Seen("events", (await pool.ReportCallEventsAsync(EventsStep(call), _now, None)).Outcome);
        }
    }

    private async Task StockStepAsync()
    {
        if (_random.Next(2) == 0)
            await HealthStepAsync();
        if (_random.Next(4) == 0)
            _pool = (await _store.Stock.UpdatePoolAsync(
                StoreTests.Tenant, _pool.PoolId, new PoolUpdate(Aging: TimeSpan.FromMinutes(5 + _random.Next(10))), null, None))!.Value.Pool;
        var change = _random.Next(5) switch { 0 => StockChange.Suspend, 1 => StockChange.Retire, _ => StockChange.Restore };
        List<PhoneNumber> some = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => Number())];
        await _store.Stock.ChangeNumbersAsync(_pool, new([], some), change, _now, None);
        if (change == StockChange.Restore)
            _faults.AfterRestore(some);
        // What a change does to look-ups shows nowhere else.
        foreach (var record in _records.Where(record => some.Contains(record.Number)).TakeLast(3).ToList())
            Seen("route", (await _store.Pool.ResolveAsync(RouteTo(record), _now, None)).Outcome);
    }

    /// <summary>Few instants, so that reports repeat, overtake each other and meet at one.</summary>
    private async Task HealthStepAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            var probation = TimeSpan.FromMinutes(_random.Next(20));
            var time = _random.Next(3) == 0 ? _now - TimeSpan.FromMinutes(_random.Next(20)) : new DateTimeOffset(_now.Date + TimeSpan.FromHours(_now.Hour), TimeSpan.Zero) + TimeSpan.FromMinutes(_random.Next(4) * 20);
            var step = new HealthStep(Number(), _random.Next(5) < 2 ? NumberHealth.Faulty : NumberHealth.Well, time, _random.Next(2) == 0 ? "" : "no-answer", probation);
            var answer = await _store.Pool.ReportHealthAsync(step, _now, None);
            Seen("health", answer.Outcome);
            _faults.AfterReport(step, answer);
            if (answer.ReturnTime is { } back)
                _turns.Add(back);
        }

        await _store.Stock.ListFaultyNumbersAsync(_pool, default, 1 + _random.Next(10), _now, None);
    }

    private async Task OnHolderAsync(INumberPool pool)
    {
        var holder = _holders.Count == 0 ? new HolderKey(StoreTests.Tenant, _firstBlock, 0, _now) : _focus == Focus.OneHolder ? _holders[^1] : Recent(_holders);
        switch (_random.Next(_focus == Focus.OneHolder ? 5 : 14))
        {
            case 0:
                await pool.ExtendAsync(holder, Mark(_random.Next(5)), TimeSpan.FromMinutes(_random.Next(2_000)), 3, TimeSpan.FromDays(2), _now, None);
                break;
            case < 5:
                Seen("reassign", (await pool.ReassignAsync(Reassignment(holder), _now, None)).Outcome);
                break;
            case 5:
                await pool.ReleaseAsync(holder, _now, None);
                break;
            case 6:
                await pool.GetAsync(holder, None);
                await pool.FindAsync(AnyClaim(), None);
                break;
            case < 9:
                for (var i = 0; i < 4; i++)
                    Seen("route", (await pool.ResolveAsync(Route(), _now, None)).Outcome);
                break;
            case < 12:
                await StockStepAsync();
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
        await _store.Stock.GetStatsAsync(_pool, 0, int.MaxValue, _now, None);
        await _store.Stock.ListCallsAsync(_pool, new(), default, 1_000, 1_000, None);
        if (_random.Next(4) == 0)
            await _store.Stock.GetRoomAsync(_pool, Area(), Parties(), _now, None);
        for (var block = 1u; block <= _store.BlockCount; block++)
        {
            if (await _store.ReadLogAsync(block, _logged.GetValueOrDefault(block)) is { Count: > 0 } entries)
                _logged[block] = entries[^1].Sequence;
        }
    }

    private async Task TakeAsync(Claim claim)
    {
        var holder = Person();
        var step = new TakeStep(claim, Delivery(), Role(), _random.Next(4), Instant(), holder.Sealed, holder.Digest)
        {
            Choice = _pool.Mode == PoolMode.Direct ? null : Choice(),
            Pair = _pool.Mode == PoolMode.Pair ? Pair() : null,
            Rules = _random.Next(3) == 0 ? CallRulesFormatTests.RulesOf(_random) : CallRules.None,
            LeasedDigest = _pool.Mode == PoolMode.Pair ? StoreTests.DigestOf($"leased {_random.Next(3)}") : null,
        };
        try
        {
            var take = await _store.Pool.TakeAsync(step, _now, None);
            Seen("take", take.Outcome);
            if (take.New && _faults.AfterTake(take.Record!))
                Seen("take", "AfterProbation");
            if (take.Record is { } record)
                Keep(record);
        }
        catch (InvalidOperationException)
        {
            // A slot cannot be taken by an epoch that is not larger than its last; both stores refuse it, and the test goes on.
        }
    }

    private void Seen(string step, object outcome) => _outcomes[$"{step} {outcome}"] = _outcomes.GetValueOrDefault($"{step} {outcome}") + 1;

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
        _records.Add(record);
        _turns.Add(record.ExpireTime);
        _turns.Add(record.ExpireTime + _pool.Aging);
    }

    private static ulong? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;
}
