using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using StackExchange.Redis;
using VirtualNumber.Hosting;
using VirtualNumber.Load;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Redis;
using VirtualNumber.Tests.Sealing;
using VirtualNumber.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Tests.Hosting;

/// <summary>The whole service on a Redis: what outlives it, and what makes it stop serving. Alone, since it listens to the process's one meter.</summary>
[TestFixture]
[NonParallelizable]
internal sealed class ServiceOnRedisTests
{
    private RedisServer _redis = null!;
    private ConnectionMultiplexer _connection = null!;
    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public async Task StartRedisAsync()
    {
        _redis = await RedisServer.StartAsync();
        _connection = await _redis.ConnectAsync();
    }

    [OneTimeTearDown]
    public async Task StopRedisAsync()
    {
        await _connection.CloseAsync();
        _connection.Dispose();
        await _redis.DisposeAsync();
    }

    [SetUp]
    public async Task StartAsync()
    {
        _folder = new TemporaryFolder();
        await _connection.GetServer(_connection.GetEndPoints()[0]).FlushAllDatabasesAsync();
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task What_was_leased_stands_after_a_restart()
    {
        var ring = Save(TestRing.One());
        Lease lease;
        await using (var service = await StartServiceAsync(ring))
        {
            await StockAsync(service);
            lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        }

        await using var restarted = await StartServiceAsync(ring);
        Assert.That((await restarted.Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
        Assert.That((await restarted.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber))).ConnectNumber, Is.EqualTo(Requests.Real));
        Assert.That(restarted.Logs.Lines, Has.None.Contains("embedded store"));
    }

    [Test]
    public async Task A_ring_that_lost_a_key_fails_each_lease_that_needs_it_clearly_and_counted_and_nothing_else()
    {
        Lease lease;
        await using (var service = await StartServiceAsync(Save(TestRing.OneAndTwo(current: 1))))
        {
            await StockAsync(service);
            lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r"))).Lease;
        }

        using var unreadable = new UnreadableCounter();
        await using var poorer = await StartServiceAsync(Save(TestRing.Two()));
        var (code, text) = await ReadyAsync(poorer);
        Assert.That(code, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(text, Does.StartWith("ready\nThe key ring lacks key 1"));
        Assert.That(poorer.Logs.Lines, Has.One.Contains("The key ring lacks key 1, with which data in this Redis was made"));

        // Nothing is connected, and the lease says so.
        var refusal = await RefusedCall.OfAsync(poorer.Routing.ResolveAsync, Requests.Resolve(lease.VirtualNumber));
        refusal.Expect(StatusCode.DataLoss, ErrorReason.NumberUnreadable);
        var leaseId = refusal.Metadata["lease_id"];
        Assert.That(unreadable.Count, Is.EqualTo(1));

        // An id of the lost key cannot be told from one that somebody made up; it is counted all the same.
        (await RefusedCall.OfAsync(poorer.Leases.GetLeaseAsync, Requests.GetLease(lease.LeaseId)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.LeaseIdInvalid, "lease_id");
        Assert.That(unreadable.Count, Is.EqualTo(2));

        // Whatever does not need the number works, under the lease's new spelling, without the mask.
        var expected = lease.Clone();
        (expected.LeaseId, expected.MaskedNumber) = (leaseId, "");
        Assert.That((await poorer.Leases.GetLeaseAsync(Requests.GetLease(leaseId))).Lease, Is.EqualTo(expected));
        Assert.That((await poorer.Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r"))).Lease, Is.EqualTo(expected));
        Assert.That((await poorer.Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases())).Leases, Is.EqualTo(new[] { expected }));
        Assert.That((await poorer.Ops.ListLeasesAsync(Requests.ListLeases())).Leases, Is.EqualTo(new[] { expected }));
        var reported = await poorer.Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.InTransit, poorer.Time.Now));
        Assert.That(reported.Leases.Single().MaskedNumber, Is.Empty);
        Assert.That((await poorer.Leases.ExtendLeaseAsync(Requests.ExtendLease(leaseId))).Lease.MaskedNumber, Is.Empty);
        Assert.That(unreadable.Count, Is.EqualTo(8));

        // A reassignment seals with a key that is there, and all is well again.
        var reassigned = (await poorer.Leases.ReassignLeaseAsync(Requests.ReassignLease(leaseId))).Lease;
        Assert.That(reassigned.MaskedNumber, Is.Not.Empty);
        Assert.That((await poorer.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber))).ConnectNumber, Is.EqualTo(Requests.OtherReal));
        Assert.That((await poorer.Leases.ReleaseLeaseAsync(Requests.ReleaseLease(leaseId))).Lease.State, Is.EqualTo(LeaseState.Ended));
        Assert.That(unreadable.Count, Is.EqualTo(8));
    }

    [Test]
    public async Task An_instance_with_another_ring_does_not_serve_and_changes_nothing()
    {
        await using var service = await StartServiceAsync(Save(TestRing.One()));
        await StockAsync(service);
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;

        await using var stranger = await StartServiceAsync(Save(KeyRing.CreateThrowAway()));
        var (code, text) = await ReadyAsync(stranger);
        Assert.That((code, text), Is.EqualTo((HttpStatusCode.ServiceUnavailable, text)));
        Assert.That(text, Does.StartWith("The data in this Redis was made with another key ring: index differs."));
        Assert.That(stranger.Logs.Lines, Has.One.Contains("This instance does not serve. The data in this Redis was made with another key ring"));
        await IsUnavailableAsync(stranger, lease);
        Assert.That((await service.Ops.GetStatsAsync(Requests.GetStats())).Counts.LeasedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task An_instance_whose_clock_is_off_says_so_and_does_nothing_until_it_is_right_again()
    {
        await using var service = await StartServiceAsync(Save(TestRing.One()));
        await StockAsync(service);
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        var monitor = service.Get<StoreMonitor>();

        // Far enough ahead that Reclaim would write the lease's end down.
        service.Time.Advance(TimeSpan.FromDays(120));
        await monitor.CheckAsync(CancellationToken.None);
        await monitor.CheckAsync(CancellationToken.None);
        var (code, text) = await ReadyAsync(service);
        Assert.That((code, text), Is.EqualTo((HttpStatusCode.ServiceUnavailable, text)));
        Assert.That(text, Does.Match(@"^The clock of this instance is [0-9]+\.[0-9] s ahead of the clock of Redis, more than Bounds:ClockSkew"));
        Assert.That((await service.Health.CheckAsync(new HealthCheckRequest())).Status, Is.EqualTo(ServingStatus.NotServing));
        Assert.That(service.Logs.Lines, Has.One.Contains("This instance does not serve. The clock of this instance"), "Once, not each second.");
        await IsUnavailableAsync(service, lease);
        await service.GetHosted<Reclaimer>().RunCycleAsync(CancellationToken.None);

        service.Time.Advance(-TimeSpan.FromDays(120));
        await monitor.CheckAsync(CancellationToken.None);
        Assert.That(await ReadyAsync(service), Is.EqualTo((HttpStatusCode.OK, "ready\n")));
        Assert.That(service.Logs.Lines, Has.One.Contains("This is over: ClockOff."));
        Assert.That((await service.Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
    }

    [Test]
    public async Task A_clock_that_differs_a_little_is_warned_of_once_and_the_instance_serves()
    {
        await using var service = await StartServiceAsync(Save(TestRing.One()));
        service.Time.Advance(TimeSpan.FromMinutes(1));
        await service.Get<StoreMonitor>().CheckAsync(CancellationToken.None);
        await service.Get<StoreMonitor>().CheckAsync(CancellationToken.None);

        Assert.That(service.Logs.Lines, Has.One.Contains("s ahead of the clock of Redis; at 00:10:00 it stops serving."));
        var (code, text) = await ReadyAsync(service);
        Assert.That(code, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(text, Does.StartWith("ready\nThe clock of this instance is "));
    }

    [Test]
    public async Task A_service_that_starts_before_its_Redis_serves_by_itself_as_soon_as_that_is_there()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        await using var service = await TestService.StartOnRedisAsync(redis.Configuration, Save(TestRing.One()));
        Assert.That(await ReadyAsync(service), Is.EqualTo((HttpStatusCode.ServiceUnavailable, "the store is away: Redis cannot be reached (ConnectionRefused).\n")));
        Assert.That(service.Logs.Lines, Has.Some.Contains("The store is away."));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var watch = service.Health.Watch(new HealthCheckRequest(), cancellationToken: patience.Token);
        await redis.RestartAsync();
        do
        {
            Assert.That(await watch.ResponseStream.MoveNext(patience.Token), Is.True);
        }
        while (watch.ResponseStream.Current.Status != ServingStatus.Serving);

        await StockAsync(service);
        await service.Leases.CreateLeaseAsync(Requests.CreateLease());
    }

    [Test]
    public async Task Over_gRPC_a_Redis_that_is_gone_is_UNAVAILABLE_with_reason_and_time_to_try_again_and_all_stands_when_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync("--appendfsync", "always");
        await using var service = await TestService.StartOnRedisAsync(redis.Configuration, Save(TestRing.One()));
        await StockAsync(service);
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;

        await redis.KillAsync();
        foreach (var refusal in new[]
        {
            await RefusedCall.OfAsync(service.Routing.ResolveAsync, Requests.Resolve(lease.VirtualNumber)),
            await RefusedCall.OfAsync(service.Leases.CreateLeaseAsync, Requests.CreateLease("SF2")),
            await RefusedCall.OfAsync(service.Leases.GetLeaseAsync, Requests.GetLease(lease.LeaseId)),
            await RefusedCall.OfAsync(service.Leases.ReleaseLeaseAsync, Requests.ReleaseLease(lease.LeaseId)),
            await RefusedCall.OfAsync(service.Ops.GetStatsAsync, Requests.GetStats()),
        })
        {
            refusal.Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
            Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromSeconds(1)));
            // Of the client's own words, addresses among them, nothing reaches the caller.
            Assert.That(refusal.Message, Is.EqualTo("The store is away; this may have happened, retry with the same request_id."));
        }

        await service.Get<StoreMonitor>().CheckAsync(CancellationToken.None);
        Assert.That(await ReadyAsync(service), Is.EqualTo((HttpStatusCode.ServiceUnavailable, "the store is away: Redis cannot be reached (ConnectionRefused).\n")));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var watch = service.Health.Watch(new HealthCheckRequest(), cancellationToken: patience.Token);
        await redis.RestartAsync();
        do
        {
            Assert.That(await watch.ResponseStream.MoveNext(patience.Token), Is.True);
        }
        while (watch.ResponseStream.Current.Status != ServingStatus.Serving);
        Assert.That((await service.Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
    }

    [Test]
    public async Task No_password_is_logged_or_told()
    {
        await using var guarded = await RedisServer.StartAsync();
        using (var connection = await guarded.ConnectAsync())
            await connection.GetServer(connection.GetEndPoints()[0]).ConfigSetAsync("requirepass", "the-right-one");

        foreach (var (password, serves) in new[] { ("the-wrong-one", false), ("the-right-one", true) })
        {
            await using var service = await TestService.StartOnRedisAsync($"127.0.0.1:{guarded.Port},password={password}", Save(TestRing.One()));
            var (code, text) = await ReadyAsync(service);
            Assert.That(code, Is.EqualTo(serves ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable));
            Assert.That(service.Logs.Lines.Append(text), Has.None.Contains(password));
            Assert.That(service.Logs.Lines.Any(line => line.Contains("The store is away.", StringComparison.Ordinal)), Is.EqualTo(!serves));
        }
    }

    [Test]
    public async Task Two_processes_on_one_Redis_and_one_ring_are_one_service()
    {
        var settings = new Dictionary<string, string>
        {
            ["Redis:Configuration"] = _redis.Configuration,
            ["Redis:Durability"] = "Everysec",
            ["Sealing:KeyRing"] = Save(KeyRing.CreateThrowAway()),
            ["Tenants:0:Id"] = TestService.Alpha,
            ["Gateways:0:Id"] = TestService.Gateway,
            ["RealNumbers:AllowedCountries:0"] = "999",
        };
        await using var first = await ServiceProcess.StartAsync(settings);
        await using var second = await ServiceProcess.StartAsync(settings);
        using var atFirst = GrpcChannel.ForAddress(first.GrpcAddress);
        using var atSecond = GrpcChannel.ForAddress(second.GrpcAddress);

        var ops = new OpsService.OpsServiceClient(atFirst);
        await ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        var lease = (await new LeaseService.LeaseServiceClient(atFirst).CreateLeaseAsync(Requests.CreateLease())).Lease;

        var leases = new LeaseService.LeaseServiceClient(atSecond);
        var route = await new RoutingService.RoutingServiceClient(atSecond).ResolveAsync(Requests.Resolve(lease.VirtualNumber));
        Assert.That((route.ConnectNumber, route.LeaseId), Is.EqualTo((Requests.Real, lease.LeaseId)));
        Assert.That((await leases.CreateLeaseAsync(Requests.CreateLease())).Lease, Is.EqualTo(lease));
        Assert.That((await leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId))).Lease.State, Is.EqualTo(LeaseState.Ended));
        var refused = await new RoutingService.RoutingServiceClient(atFirst).ResolveAsync(Requests.Resolve(lease.VirtualNumber));
        Assert.That(refused.Action, Is.EqualTo(RoutingAction.Reject));
        Assert.That((await first.StopAsync(), await second.StopAsync()), Is.EqualTo((0, 0)));
    }

    private static async Task StockAsync(TestService service)
    {
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
    }

    private static async Task<(HttpStatusCode Code, string Text)> ReadyAsync(TestService service)
    {
        using var http = new HttpClient { BaseAddress = service.HttpAddress };
        using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative));
        return (ready.StatusCode, await ready.Content.ReadAsStringAsync());
    }

    private static async Task IsUnavailableAsync(TestService service, Lease lease)
    {
        (await RefusedCall.OfAsync(service.Routing.ResolveAsync, Requests.Resolve(lease.VirtualNumber))).Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        (await RefusedCall.OfAsync(service.Leases.CreateLeaseAsync, Requests.CreateLease("SF2"))).Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        (await RefusedCall.OfAsync(service.Leases.ReportDeliveryStatusAsync, Requests.Report(DeliveryStatus.InTransit, service.Time.Now)))
            .Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        (await RefusedCall.OfAsync(service.Ops.AddNumbersAsync, Requests.AddBlocks(Requests.PoolId, "162100101")))
            .Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
    }

    private Task<TestService> StartServiceAsync(string ring) => TestService.StartOnRedisAsync(_redis.Configuration, ring);

    private string Save(KeyRing ring)
    {
        var path = _folder.At($"{Guid.NewGuid()}.json");
        KeyRingFile.Save(ring, path);
        return path;
    }

    /// <summary>Counts virtualnumber.seal.unreadable where the cause is a key that the ring has not.</summary>
    private sealed class UnreadableCounter : IDisposable
    {
        private readonly ConcurrentQueue<object?> _causes = [];
        private readonly MeterListener _listener;

        public UnreadableCounter()
        {
            _listener = new MeterListener
            {
                InstrumentPublished = (instrument, listener) =>
                {
                    if (instrument.Name == "virtualnumber.seal.unreadable")
                        listener.EnableMeasurementEvents(instrument);
                },
            };
            _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => _causes.Enqueue(tags[0].Value));
            _listener.Start();
        }

        public int Count => _causes.Count(cause => cause is "UnknownKey");

        public void Dispose() => _listener.Dispose();
    }
}
