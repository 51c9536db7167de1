using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Sealing;

namespace VirtualNumber.Tests.Redis;

/// <summary>Who may work on a shared Redis: whose clock and whose key ring agree with the others'.</summary>
[TestFixture]
internal sealed class RedisCheckTests
{
    private RedisServer _redis = null!;
    private RedisInstance _instance = null!;

    private static CancellationToken None => CancellationToken.None;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _redis = await RedisServer.StartAsync();
        _instance = await RedisInstance.StartAsync(_redis);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _instance.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [SetUp]
    public async Task EmptyAsync()
    {
        _instance.Calls.Barred = null;
        await _instance.Server.FlushAllDatabasesAsync();
    }

    [TestCase(0, null, false)]
    [TestCase(4, StoreFindingKind.ClockDiffers, false)]
    [TestCase(-4, StoreFindingKind.ClockDiffers, false)]
    [TestCase(12, StoreFindingKind.ClockOff, true)]
    [TestCase(-12, StoreFindingKind.ClockOff, true)]
    public async Task A_clock_is_told_from_two_seconds_on_and_bars_from_the_allowed_skew_on(int seconds, StoreFindingKind? kind, bool barred)
    {
        var clock = new ShiftedClock { Ahead = TimeSpan.FromSeconds(seconds) };
        var check = CheckOf(TestRing.One(), clock);
        var findings = await check.RunAsync(None);

        Assert.That(findings.Select(finding => (StoreFindingKind?)finding.Kind), Is.EqualTo(kind is null ? [] : new[] { kind }));
        Assert.That(_instance.Calls.Barred, barred ? Does.Contain("ClockSkew") : Is.Null);
        if (kind is not null)
            Assert.That(findings[0].Text, Does.Contain(seconds > 0 ? "ahead of the clock of Redis" : "behind the clock of Redis"));
    }

    [Test]
    public async Task While_the_clock_is_off_no_call_goes_out_and_when_it_is_right_all_do()
    {
        var clock = new ShiftedClock { Ahead = TimeSpan.FromMinutes(1) };
        var check = CheckOf(TestRing.One(), clock);
        await check.RunAsync(None);

        Assert.That(async () => await _instance.Store.ReclaimAsync(1, StoreTests.T0, None), Throws.Nothing, "Without a block there is nothing to call.");
        Assert.That(async () => await _instance.Store.ResolveAsync(StoreTests.RealNumber(1), StoreTests.T0, None), Refused);
        Assert.That(async () => await _instance.Store.CreatePoolAsync(StoreTests.PoolOf("p", TimeSpan.FromHours(1)), None), Refused);
        Assert.That(async () => await _instance.Store.ReadLedgerAsync(StoreTests.DigestOf("d"), StoreTests.T0, None), Refused);

        clock.Ahead = TimeSpan.Zero;
        await check.RunAsync(None);
        Assert.That((await _instance.Store.ResolveAsync(StoreTests.RealNumber(1), StoreTests.T0, None)).Outcome, Is.EqualTo(RouteOutcome.NotStocked));
    }

    [Test]
    public async Task A_slow_answer_is_not_taken_for_a_wrong_clock()
    {
        // The asking takes a minute by this clock, half of it before Redis reads its own.
        var slow = new JumpingClock();
        Assert.That(await CheckOf(TestRing.One(), slow).RunAsync(None), Is.Empty);
    }

    [Test]
    public async Task The_first_ring_on_an_empty_store_is_the_one_that_all_others_must_have()
    {
        Assert.That(await CheckOf(TestRing.One()).RunAsync(None), Is.Empty);
        Assert.That(await CheckOf(TestRing.One()).RunAsync(None), Is.Empty);
        var stored = await StoredAsync();
        await _instance.Database.KeyDeleteAsync(Keys.Probe);

        var findings = await CheckOf(KeyRing.CreateThrowAway()).RunAsync(None);
        Assert.That(findings.Single().Kind, Is.EqualTo(StoreFindingKind.KeyRingOther));
        Assert.That(findings[0].Text, Does.Contain("Sealing:KeyRing"));
        Assert.That(_instance.Calls.Barred, Is.EqualTo(findings[0].Text));
        Assert.That(await StoredAsync(), Is.EqualTo(stored), "A ring that is refused leaves nothing.");
        Assert.That(await _instance.Database.KeyExistsAsync(Keys.Probe), Is.False, "An instance that is barred writes nothing.");
    }

    [Test]
    public async Task Two_keys_of_one_id_are_told_apart()
    {
        await CheckOf(TestRing.One()).RunAsync(None);
        using var rotatedElsewhere = new KeyRing(1, [new RingKey(1, TestRing.Run(200), DateTimeOffset.UnixEpoch)], TestRing.IndexKey());

        var finding = (await CheckOf(rotatedElsewhere).RunAsync(None)).Single();
        Assert.That((finding.Kind, finding.Bars), Is.EqualTo((StoreFindingKind.KeyRingOther, true)));
        Assert.That(finding.Text, Does.Contain("key 1 differs"));
    }

    [Test]
    public async Task A_new_key_is_welcome_and_a_missing_one_is_told()
    {
        await CheckOf(TestRing.One()).RunAsync(None);
        Assert.That(await CheckOf(TestRing.OneAndTwo(current: 2)).RunAsync(None), Is.Empty);

        var finding = (await CheckOf(TestRing.Two()).RunAsync(None)).Single();
        Assert.That((finding.Kind, finding.Bars), Is.EqualTo((StoreFindingKind.KeyMissing, false)));
        Assert.That(finding.Text, Does.Contain("lacks key 1,"));
        Assert.That(_instance.Calls.Barred, Is.Null);

        await _instance.Database.HashDeleteAsync(Keys.KeyRing, "key 1");
        Assert.That(await CheckOf(TestRing.Two()).RunAsync(None), Is.Empty, "As the finding says.");
    }

    [Test]
    public async Task Of_two_rings_that_meet_on_an_empty_store_one_wins()
    {
        for (var round = 0; round < 50; round++)
        {
            await _instance.Server.FlushAllDatabasesAsync();
            var results = await Task.WhenAll(CheckOf(TestRing.One()).RunAsync(None).AsTask(), CheckOf(KeyRing.CreateThrowAway()).RunAsync(None).AsTask()).Soon();
            Assert.That(results.Count(findings => findings.Count == 0), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Nothing_that_is_stored_of_a_ring_is_a_key()
    {
        using var ring = TestRing.OneAndTwo(current: 2);
        await CheckOf(ring).RunAsync(None);
        var stored = await StoredAsync();

        Assert.That(stored.Keys, Is.EquivalentTo(new[] { "index", "key 1", "key 2" }));
        var keys = ring.Keys.Select(key => key.Material).Append(TestRing.IndexKey()).Select(Convert.ToHexString).ToList();
        foreach (var fingerprint in stored.Values)
            Assert.That(keys, Has.None.Contains(fingerprint));
    }

    private static NUnit.Framework.Constraints.IResolveConstraint Refused =>
        Throws.TypeOf<StoreUnavailableException>().With.Message.Contains("The clock of this instance");

    private RedisCheck CheckOf(KeyRing ring, TimeProvider? clock = null) =>
        new(_instance.Calls, ring, new ProtocolBounds(), clock ?? TimeProvider.System);

    private async Task<Dictionary<string, string>> StoredAsync() =>
        (await _instance.Database.HashGetAllAsync(Keys.KeyRing)).ToDictionary(entry => (string)entry.Name!, entry => Convert.ToHexString((byte[])entry.Value!));

    /// <summary>Half a minute behind when first asked, half a minute ahead from then on.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private int _asked;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromSeconds(_asked++ == 0 ? -30 : 30);
    }
}
