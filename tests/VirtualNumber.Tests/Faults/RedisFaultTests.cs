using System.Net;
using Google.Protobuf;
using Grpc.Core;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Redis;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Faults;

/// <summary>
/// What goes wrong with a Redis that runs: readiness, the log and the status of a call say what it is, each to its own reader, and once it
/// is mended at Redis the service goes on by itself.
/// </summary>
[TestFixture]
internal sealed class RedisFaultTests
{
    private const string Password = "the-right-one";

    private ServiceOnRedis _service = null!;
    private Readiness _readiness = null!;
    private Lease _lease = null!;

    [TearDown]
    public async Task StopAsync()
    {
        _readiness.Dispose();
        await _service.DisposeAsync();
    }

    [Test]
    public async Task A_full_disk_ends_Redis_that_writes_through_and_nothing_acknowledged_is_lost()
    {
        await StartAsync("--appendfsync", "always");
        await _service.Redis.LimitFilesAsync(_service.Redis.AppendOnlyBytes + 20_000);

        // Redis 7 ends itself rather than acknowledge what is not on disk.
        var acknowledged = new List<Lease> { _lease };
        while (await TryLeaseAsync(acknowledged.Count) is { } lease)
            acknowledged.Add(lease);
        await _service.Redis.EndedAsync();
        await _readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, "the store is away: Redis cannot be reached (ConnectionRefused).");
        await RefusesAsync("The store is away", _service.Leases.CreateLeaseAsync, Requests.CreateLease("SFX"));
        await RefusesAsync("The store is away", _service.Routing.ResolveAsync, Requests.Resolve(_lease.VirtualNumber));
        Assert.That(_service.Service.Output, Does.Contain("The store is away. Redis cannot be reached (ConnectionRefused)."));

        // Room again, and started again, as its service manager would.
        await _service.Redis.RestartAsync();
        await MendedAsync("disk full, always");
        foreach (var lease in acknowledged)
            Assert.That((await _service.Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
        Assert.That(acknowledged, Has.Count.GreaterThan(3));
    }

    [Test]
    public async Task A_full_disk_at_everysec_refuses_changes_while_lookups_go_on()
    {
        await StartAsync("--appendfsync", "everysec");
        await _service.Redis.LimitFilesAsync(_service.Redis.AppendOnlyBytes + 1_000);
        await ChangesAreRefusedAsync("it cannot write to its disk (MISCONF)");
        await _service.Redis.LimitFilesAsync(null);
        await MendedAsync("disk full, everysec");
    }

    [Test]
    public async Task A_full_memory_refuses_changes_while_lookups_go_on()
    {
        await StartAsync();
        await AdministerAsync("config", "set", "maxmemory", "1");
        await ChangesAreRefusedAsync("its memory is full (OOM). Raise maxmemory");
        await AdministerAsync("config", "set", "maxmemory", "1gb");
        await MendedAsync("out of memory");
    }

    [Test]
    public async Task Too_few_replicas_refuse_changes_while_lookups_go_on()
    {
        await StartAsync();
        await AdministerAsync("config", "set", "min-replicas-to-write", "1");
        await ChangesAreRefusedAsync("too few replicas are connected (NOREPLICAS");
        await AdministerAsync("config", "set", "min-replicas-to-write", "0");
        await MendedAsync("too few replicas");
    }

    [Test]
    public async Task A_Redis_that_became_a_replica_is_not_asked()
    {
        await StartAsync();
        // Of nobody, so that it keeps what it has.
        await AdministerAsync("replicaof", "127.0.0.1", "1");
        await IsAwayAsync("The configured Redis is a replica, which must not be asked", "The store is a copy that must not be asked");
        await AdministerAsync("replicaof", "no", "one");
        await MendedAsync("a replica");
    }

    [Test]
    public async Task A_password_that_Redis_does_not_take_any_more_is_told()
    {
        await StartAsync();
        await AdministerAsync("config", "set", "requirepass", Password);
        await AdministerAsync("-a", Password, "client", "kill", "type", "normal", "skipme", "yes");
        await AdministerAsync("-a", Password, "client", "kill", "type", "pubsub");
        await IsAwayAsync("Redis wants a password, and this instance has none", "The store and this instance do not trust each other");
        await AdministerAsync("-a", Password, "config", "set", "requirepass", "");
        await MendedAsync("password");
        Assert.That(_service.Service.Output, Does.Not.Contain(Password));
    }

    [Test]
    public async Task A_wrong_password_is_told_without_repeating_it()
    {
        const string Own = "the-one-of-before";
        var redis = await RedisServer.StartAsync();
        await redis.AskAsync("config", "set", "requirepass", Own);
        await StartAsync(redis, ("Redis:Configuration", $"127.0.0.1:{redis.Port},password={Own}"));
        await redis.AskAsync("-a", Own, "config", "set", "requirepass", Password);
        await redis.AskAsync("-a", Password, "client", "kill", "type", "normal", "skipme", "yes");
        await redis.AskAsync("-a", Password, "client", "kill", "type", "pubsub");
        await IsAwayAsync("Redis refuses the password of this instance (WRONGPASS)", "The store and this instance do not trust each other");
        await redis.AskAsync("-a", Password, "config", "set", "requirepass", Own);
        await MendedAsync("wrong password");
        Assert.That(_service.Service.Output, Does.Not.Contain(Own).And.Not.Contain(Password));
    }

    /// <summary>Redis delays its own reading, change by change, as a big log would. It answers seldom meanwhile, so calls time out too.</summary>
    [Test]
    public async Task A_Redis_that_reads_in_its_data_is_waited_for()
    {
        await StartAsync("--appendfsync", "always");
        await AdministerAsync("eval", "for i = 1, 40000 do redis.call('SET', 'much' .. i, i) end", "0");
        await _service.Redis.KillAsync();
        var restarted = _service.Redis.RestartAsync("--key-load-delay", "50");
        await _readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, "the store is away: Redis is reading in its data");
        var refusal = await RefusedCall.OfAsync(_service.Routing.ResolveAsync, Requests.Resolve(_lease.VirtualNumber));
        refusal.Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        Assert.That(refusal.Message, Does.StartWith("The store is starting").Or.StartWith("The store does not answer in time"));
        await AdministerAsync("config", "set", "key-load-delay", "0");
        await restarted;
        await MendedAsync("reading in its data");
    }

    private async Task StartAsync(params string[] redisOptions) => await StartAsync(await RedisServer.StartAsync(redisOptions));

    private async Task StartAsync(RedisServer redis, params (string Key, string Value)[] settings)
    {
        _service = await ServiceOnRedis.StartAsync(redis, settings);
        _readiness = new Readiness(_service.Service);
        await _service.StockAsync();
        _lease = (await _service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        await _readiness.UntilSoundAsync();
    }

    private Task AdministerAsync(params string[] command) => _service.Redis.AskAsync(command);

    /// <summary>Nothing is answered.</summary>
    private async Task IsAwayAsync(string finding, string told)
    {
        await _readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, $"the store is away: {finding}");
        await RefusesAsync(told, _service.Leases.CreateLeaseAsync, Requests.CreateLease("SF2", requestId: "r"));
        await RefusesAsync(told, _service.Routing.ResolveAsync, Requests.Resolve(_lease.VirtualNumber));
        Assert.That(_service.Service.Output, Does.Contain($"The store is away. {finding}"));
    }

    /// <summary>What needs no change is answered, so gateways keep the instance.</summary>
    private async Task ChangesAreRefusedAsync(string reason)
    {
        var finding = $"Redis takes no changes: {reason}";
        await _readiness.UntilAsync(HttpStatusCode.OK, $"ready\n{finding}");
        const string Told = "The store takes no changes for now; look-ups go on";
        await RefusesAsync(Told, _service.Leases.CreateLeaseAsync, Requests.CreateLease("SF2", requestId: "r"));
        await RefusesAsync(Told, _service.Leases.ExtendLeaseAsync, Requests.ExtendLease(_lease.LeaseId));
        await RefusesAsync(Told, _service.Leases.ReleaseLeaseAsync, Requests.ReleaseLease(_lease.LeaseId));

        await RefusesAsync(
            Told, _service.Routing.ReportCallEventsAsync, CallRequests.Report(_lease, "refused", CallRequests.Talk(TimeProvider.System.GetUtcNow(), 1)));

        // Neither recorded nor counted, so the same caller goes through again.
        foreach (var call in new[] { "refused-1", "refused-2" })
            Assert.That((await _service.Routing.ResolveAsync(Requests.Resolve(_lease.VirtualNumber, callId: call))).ConnectNumber, Is.EqualTo(Requests.Real));
        Assert.That(_service.Service.Output.Split("neither recorded nor counted"), Has.Length.EqualTo(2), "Told once.");
        Assert.That((await _service.Ops.ListCallsAsync(CallRequests.List())).Calls.Select(call => call.CallId), Has.None.StartsWith("refused"));
        Assert.That((await _service.Leases.GetLeaseAsync(Requests.GetLease(_lease.LeaseId))).Lease, Is.EqualTo(_lease));
        Assert.That((await _readiness.ReadAsync()).Code, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(_service.Service.Output, Does.Contain(finding));
        Assert.That(_service.Service.Output.Split(finding).Length, Is.LessThanOrEqualTo(3), "Once per change, not each second.");
    }

    private async Task MendedAsync(string fault)
    {
        var took = await _readiness.UntilSoundAsync();
        await TestContext.Out.WriteLineAsync($"{fault}: ready {took.TotalSeconds:0.0} s after it was mended");
        var second = (await _service.Leases.CreateLeaseAsync(Requests.CreateLease("SF2", requestId: "r"))).Lease;
        Assert.That(second.VirtualNumber, Is.Not.EqualTo(_lease.VirtualNumber));
        Assert.That((await _service.Leases.GetLeaseAsync(Requests.GetLease(_lease.LeaseId))).Lease, Is.EqualTo(_lease));
        Assert.That((await _service.Routing.ResolveAsync(Requests.Resolve(_lease.VirtualNumber))).ConnectNumber, Is.EqualTo(Requests.Real));
        Assert.That(_service.Service.Output, Does.Not.Contain("Unhandled exception"));
    }

    private static async Task RefusesAsync<TRequest, TResponse>(string told, Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> call, TRequest request)
        where TRequest : IMessage<TRequest>
    {
        var refusal = await RefusedCall.OfAsync(call, request);
        refusal.Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        Assert.That(refusal.Message, Is.EqualTo($"{told}; this may have happened, retry with the same request_id."));
        Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromSeconds(1)));
    }

    private async Task<Lease?> TryLeaseAsync(int index)
    {
        try
        {
            return (await _service.Leases.CreateLeaseAsync(Requests.CreateLease($"FULL{index}"))).Lease;
        }
        catch (RpcException fault) when (fault.StatusCode == StatusCode.Unavailable)
        {
            return null;
        }
    }
}
