using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>The level Replicated on a primary with one replica: what is answered is on both, and what is not is told as unclear.</summary>
public sealed class ReplicatedTests() : VerbTests(RedisStoreUnderTest.Single)
{
    private const int Clients = 32;

    /// <summary>What a busy machine may add to a deadline before the caller's own code runs again.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1.5);

    private readonly Service.Seeded _seeded = Service.Seed(1);
    private RedisServer _primary = null!;
    private RedisServer _replica = null!;
    private ConnectionMultiplexer _connection = null!;
    private RunningStore _store = null!;
    private LeaseVerbs _service = null!;
    private TestBlock _block = null!;
    private RedisOptions _options = null!;

    [SetUp]
    public async Task StartPairAsync()
    {
        _primary = await RedisServer.StartAsync();
        _replica = await RedisServer.StartReplicaAsync(_primary);
        _connection = await RedisConnection.ConnectAsync($"{_primary.Configuration},127.0.0.1:{_replica.Port}");
        _options = new RedisOptions { Durability = DurabilityLevel.Replicated, ReplicaTimeout = TimeSpan.FromSeconds(0.7) };
        _store = RedisStoreUnderTest.Over(_connection, _options);
        _service = Service.Over(_store.Pool, _store.Stock, _seeded, Time);
        var (pool, _) = await _store.Stock.CreatePoolAsync(PoolOf("pool", Hour, blockDigits: 4), None);
        await _store.Stock.AddNumbersAsync(pool, new(["7001"], []), T0, None);
        _block = new(pool, (await _store.Pool.ChooseBlockAsync(Tenant, "pool", [], T0, None))!.Value, "7001");
    }

    [TearDown]
    public async Task StopPairAsync()
    {
        await _store.DisposeAsync();
        _connection.Dispose();
        await _replica.DisposeAsync();
        await _primary.DisposeAsync();
    }

    /// <summary>The link to the replica is cut under load: the primary goes on alone, and then dies. What it did alone nobody was told of.</summary>
    [TestCase(100)]
    [TestCase(400)]
    public async Task What_was_acknowledged_is_on_the_replica_when_its_primary_dies(int leases)
    {
        var acknowledged = new ConcurrentQueue<Lease>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(() => LeaseUntilUnavailableAsync(client))).ToList();
        await enough.Task.Soon();
        await ExecuteAsync(_replica, "REPLICAOF", "127.0.0.1", "1");
        var faults = await Task.WhenAll(clients).Soon();
        await _primary.KillAsync();
        await ExecuteAsync(_replica, "REPLICAOF", "NO", "ONE");

        using var promoted = await _replica.ConnectAsync();
        await using var store = RedisStoreUnderTest.Over(promoted);
        var service = Service.Over(store.Pool, store.Stock, _seeded, Time);
        var lost = 0;
        foreach (var lease in acknowledged)
            lost += (await service.GetLeaseAsync(Tenant, lease.LeaseId, None)).Lease?.Number == lease.Number ? 0 : 1;
        Assert.Multiple(() =>
        {
            Assert.That(acknowledged, Has.Count.GreaterThanOrEqualTo(leases));
            Assert.That(acknowledged.Select(lease => lease.Number), Is.Unique);
            Assert.That(lost, Is.Zero);
            Assert.That(faults.Select(fault => fault.Message), Has.All.Contains("may have happened"));
        });

        async Task<StoreUnavailableException> LeaseUntilUnavailableAsync(int client)
        {
            for (var i = 0; ; i++)
            {
                try
                {
                    var answer = await CreateAsync(_block, "r", client, delivery: DeliveryOf($"WB{client}-{i}"), service: _service);
                    acknowledged.Enqueue(answer.Lease!);
                    if (acknowledged.Count >= leases)
                        enough.TrySetResult();
                }
                catch (StoreUnavailableException fault)
                {
                    return fault;
                }
            }
        }
    }

    [Test]
    public async Task While_the_replica_is_frozen_changes_are_unclear_in_time_and_look_ups_go_on_and_afterwards_a_repeat_gets_its_one_lease()
    {
        using var meter = new RedisMeter();
        var standing = (await CreateAsync(_block, "standing", delivery: DeliveryOf("STANDING"), service: _service)).Lease!;
        await _replica.FreezeAsync();

        // Each asks twice: the second try finds its claim, and writes nothing that could be waited for.
        var writes = Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            await IsUnclearAsync(() => LeaseAsync(client));
            await IsUnclearAsync(() => LeaseAsync(client));
        })));
        var lookUps = 0;
        var longest = TimeSpan.Zero;
        while (!writes.IsCompleted)
        {
            var start = Stopwatch.GetTimestamp();
            Assert.That((await _service.ResolveAsync(standing.Number, RealNumber(99), None)).Outcome, Is.EqualTo(ResolveOutcome.Connect));
            longest = longest > Stopwatch.GetElapsedTime(start) ? longest : Stopwatch.GetElapsedTime(start);
            lookUps++;
        }

        await writes;
        await TestContext.Out.WriteLineAsync($"{lookUps} look-ups meanwhile, the longest took {longest.TotalMilliseconds:0.0} ms");
        // Behind the waiting ones there would be one in each wait.
        Assert.That(lookUps, Is.GreaterThan(100));
        Assert.That(meter.Breakers, Is.Zero);

        await _replica.ThawAsync();
        var leases = await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => UntilAnsweredAsync(() => LeaseAsync(client)))).Soon();
        Assert.That(leases.Select(answer => answer.Outcome), Has.All.EqualTo(CreateLeaseOutcome.Leased));
        Assert.That(leases.Select(answer => answer.Lease!.Number), Is.Unique);
        Assert.That((await _store.Stock.GetStatsAsync(_block.Pool, 0, 1, Time.Now, None)).Counts.Leased, Is.EqualTo(Clients + 1));

        ValueTask<CreateLeaseAnswer> LeaseAsync(int client) =>
            CreateAsync(_block, "r", client, delivery: DeliveryOf($"WB{client}"), service: _service);
    }

    [Test]
    public async Task A_repeat_that_finds_everything_done_is_not_answered_before_the_replica_has_it()
    {
        var lease = (await CreateAsync(_block, "r", service: _service)).Lease!;
        await _replica.FreezeAsync();
        await IsUnclearAsync(() => _service.ReleaseLeaseAsync(Tenant, lease.LeaseId, None));
        Assert.That((await _store.ReadLogAsync(_block.Id)).Count(entry => entry.Kind == LogKind.Released), Is.EqualTo(1));
        await IsUnclearAsync(() => _service.ReleaseLeaseAsync(Tenant, lease.LeaseId, None));
        await IsUnclearAsync(() => CreateAsync(_block, "r", service: _service));

        await _replica.ThawAsync();
        var released = await UntilAnsweredAsync(() => _service.ReleaseLeaseAsync(Tenant, lease.LeaseId, None)).Soon();
        Assert.That((released.Outcome, released.Lease!.End), Is.EqualTo((LeaseOutcome.Done, EndReason.Released)));
    }

    [Test]
    public async Task A_change_whose_connection_breaks_before_the_replica_has_it_is_asked_for_again_and_happens_once()
    {
        _options.ReplicaTimeout = _options.CallTimeout = Minute;
        await CreateAsync(_block, "first", delivery: DeliveryOf("FIRST"), service: _service);
        await _replica.FreezeAsync();
        using var meter = new RedisMeter();
        var call = CreateAsync(_block, "r", service: _service).AsTask();
        await BlockedAsync(_primary, 1);
        await BreakLinesAsync();
        await meter.RepeatAsync("connection").Soon();
        Assert.That(call.IsCompleted, Is.False);

        await _replica.ThawAsync();
        Assert.That((await call.Soon()).Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        Assert.That(await ChangesOfAsync(), Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased }));
    }

    /// <summary>The replica takes over without the change; the primary that made it is gone before anybody confirmed it.</summary>
    [Test]
    public async Task A_change_whose_master_is_replaced_in_between_is_not_acknowledged_for_it()
    {
        (_options.ReplicaTimeout, _options.CallTimeout) = (TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(20));
        await CreateAsync(_block, "first", delivery: DeliveryOf("FIRST"), service: _service);
        await ExecuteAsync(_replica, "REPLICAOF", "127.0.0.1", "1");
        var call = CreateAsync(_block, "r", service: _service).AsTask();
        await BlockedAsync(_primary, 1);
        await _primary.KillAsync();
        await ExecuteAsync(_replica, "REPLICAOF", "NO", "ONE");

        // Nobody is there who could confirm what the repeat does.
        Assert.That(async () => await call.Soon(), Throws.TypeOf<StoreUnavailableException>());

        await using var another = await RedisServer.StartReplicaAsync(_replica);
        var answer = await UntilAnsweredAsync(() => CreateAsync(_block, "r", service: _service)).Soon();
        Assert.That(answer.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        Assert.That((await _store.Stock.GetStatsAsync(_block.Pool, 0, 1, Time.Now, None)).Counts.Leased, Is.EqualTo(2));
    }

    [Test]
    public async Task A_primary_that_is_a_replica_by_now_is_not_written_to()
    {
        (_options.ReplicaTimeout, _options.CallTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
        await CreateAsync(_block, "first", delivery: DeliveryOf("FIRST"), service: _service);
        await ExecuteAsync(_replica, "REPLICAOF", "NO", "ONE");
        await ExecuteAsync(_primary, "REPLICAOF", "127.0.0.1", $"{_replica.Port}");

        var answer = await UntilAnsweredAsync(() => CreateAsync(_block, "r", service: _service)).Soon();
        Assert.That(answer.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        using var connection = await _replica.ConnectAsync();
        Assert.That(await RedisLog.ReadAsync(connection.GetDatabase(), _block.Id, 0), Has.Count.GreaterThanOrEqualTo(2));
    }

    /// <summary>
    /// A part of the network hands the connection over to another server in the middle of a group, one with a replica of its own that
    /// confirms at once. The change is on the first one alone.
    /// </summary>
    [Test]
    public async Task A_confirmation_by_another_server_than_the_one_that_made_the_change_is_none()
    {
        await using var other = await RedisServer.StartAsync();
        await using var others = await RedisServer.StartReplicaAsync(other);
        await using var proxy = new SwitchingProxy(_primary.Port, other.Port);
        using var connection = await RedisConnection.ConnectAsync(proxy.Configuration);
        using var writes = new ReplicatedWrites(connection, _options, TimeProvider.System);
        var calls = new RedisCalls(connection, _options, TimeProvider.System, writes);
        await ConfirmAsync("before");

        proxy.Switches = true;
        var faults = new List<Exception>();
        for (var i = 0; i < 3; i++)
        {
            try
            {
                await writes.RunAsync(Keys.Registry, i, static (line, i) => line.ListRightPushAsync("vn:{test}", i, flags: MasterLine.Here));
            }
            catch (UnconfirmedException fault)
            {
                faults.Add(fault);
            }
        }

        Assert.That(faults.OfType<UnconfirmedException>().Select(fault => fault.IsLost), Is.EqualTo(new[] { true, true, true }));
        Assert.That(proxy.Switched, Is.EqualTo(3));
        proxy.Switches = false;
        await ConfirmAsync("after");

        async Task ConfirmAsync(string value) => Assert.That(
            await calls.ConfirmAsync("push", Keys.Registry, value, static (line, value, _) => line.ListRightPushAsync("vn:{test}", value, flags: MasterLine.Here), None),
            Is.Positive);
    }

    /// <summary>Each write in a task of its own: one that never comes back must fail the test, not hold it up.</summary>
    [Test]
    public async Task A_primary_that_was_silent_is_written_to_again_and_one_that_was_left_is_not()
    {
        (_options.ReplicaTimeout, _options.CallTimeout) = (TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300));
        var writes = new ReplicatedWrites(_connection, _options, TimeProvider.System);
        await UntilWrittenAsync();
        await _primary.FreezeAsync();
        Assert.That(async () => await WriteAsync().Soon(), Throws.TypeOf<TimeoutException>());
        await _primary.ThawAsync();

        await UntilWrittenAsync();

        writes.Dispose();
        Assert.That(async () => await WriteAsync().Soon(), Throws.TypeOf<ObjectDisposedException>());

        Task<long> WriteAsync() => Task.Run(
            () => writes.RunAsync(Keys.Registry, 0, static (line, _) => line.ListRightPushAsync("vn:{test}", "", flags: MasterLine.Here)));

        async Task UntilWrittenAsync()
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (await TryAsync() is UnconfirmedException or RedisConnectionException or TimeoutException)
                await timer.WaitForNextTickAsync();
        }

        async Task<Exception?> TryAsync()
        {
            var write = WriteAsync();
            await Task.WhenAny(write).Soon();
            return write.Exception?.InnerException;
        }
    }

    private async Task<IEnumerable<LogKind>> ChangesOfAsync() =>
        (await _store.ReadLogAsync(_block.Id)).Where(entry => entry.Slot is not null).Select(entry => entry.Kind);

    private async Task IsUnclearAsync<T>(Func<ValueTask<T>> call)
    {
        var start = Stopwatch.GetTimestamp();
        StoreUnavailableException? fault = null;
        try
        {
            await call();
        }
        catch (StoreUnavailableException unavailable)
        {
            fault = unavailable;
        }

        Assert.That(fault?.Message, Does.Contain("may have happened, retry with the same request id"));
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(_options.CallTimeout + s_margin));
    }

    /// <summary>Asks again and again, as callers would, until the store answers.</summary>
    private static async Task<T> UntilAnsweredAsync<T>(Func<ValueTask<T>> call)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                return await call();
            }
            catch (StoreUnavailableException)
            {
                await timer.WaitForNextTickAsync();
            }
        }
    }

    /// <summary>Ends when so many connections wait for replicas.</summary>
    private static async Task BlockedAsync(RedisServer server, int count)
    {
        using var connection = await server.ConnectAsync();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while ((await InfoAsync(connection, "clients"))["blocked_clients"] != count.ToString(CultureInfo.InvariantCulture))
            await timer.WaitForNextTickAsync();
    }

    private static async Task<Dictionary<string, string>> InfoAsync(ConnectionMultiplexer connection, string section) =>
        (await connection.GetServer(connection.GetEndPoints()[0]).InfoAsync(section)).SelectMany(lines => lines).ToDictionary(line => line.Key, line => line.Value);

    /// <summary>Cuts every connection that writes go over.</summary>
    private async Task BreakLinesAsync()
    {
        using var connection = await _primary.ConnectAsync();
        var clients = (string)(await connection.GetDatabase().ExecuteAsync("CLIENT", "LIST"))!;
        var lines = clients.Split('\n').Where(client => client.Contains("name=virtual-number-", StringComparison.Ordinal)).ToList();
        Assert.That(lines, Has.Count.EqualTo(1));
        await connection.GetDatabase().ExecuteAsync("CLIENT", "KILL", "ID", lines[0].Split(' ')[0]["id=".Length..]);
    }

    private static async Task ExecuteAsync(RedisServer server, string command, params object[] arguments)
    {
        using var connection = await server.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync(command, arguments);
    }
}
