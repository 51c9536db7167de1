using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using VirtualNumber.Hosting;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Tests.Hosting;

/// <summary>While the store is away the service says so everywhere, and when it is back everything stands as before.</summary>
[TestFixture]
public sealed class StoreAwayTests
{
    private readonly StoreInTroubleSwitch _store = new();
    private TestService _service = null!;
    private Lease _lease = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _store.IsAway = false;
        _service = await TestService.StartAsync(pool => StoreInTrouble.Put(pool, _store), stock => StoreInTrouble.Put(stock, _store));
        await _service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await _service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        _lease = (await _service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
    }

    [TearDown]
    public async Task StopAsync() => await _service.DisposeAsync();

    [Test]
    public async Task Every_RPC_is_answered_UNAVAILABLE_with_the_time_to_try_again()
    {
        _store.IsAway = true;
        var batch = new BatchCreateLeasesRequest { TenantId = TestService.Alpha, Requests = { Requests.CreateLease() } };
        var report = Requests.Report(DeliveryStatus.InTransit, TestService.Start);
        var reports = new BatchReportDeliveryStatusRequest { TenantId = TestService.Alpha, Requests = { report } };
        var update = Requests.UpdatePool();
        update.WithheldCallersAllowed = true;

        await IsUnavailableAsync(_service.Leases.CreateLeaseAsync, Requests.CreateLease());
        await IsUnavailableAsync(_service.Leases.BatchCreateLeasesAsync, batch);
        await IsUnavailableAsync(_service.Leases.GetLeaseAsync, Requests.GetLease(_lease.LeaseId));
        await IsUnavailableAsync(_service.Leases.ListDeliveryLeasesAsync, Requests.ListDeliveryLeases());
        await IsUnavailableAsync(_service.Leases.ExtendLeaseAsync, Requests.ExtendLease(_lease.LeaseId));
        await IsUnavailableAsync(_service.Leases.ReassignLeaseAsync, Requests.ReassignLease(_lease.LeaseId));
        await IsUnavailableAsync(_service.Leases.ReleaseLeaseAsync, Requests.ReleaseLease(_lease.LeaseId));
        await IsUnavailableAsync(_service.Leases.ReportDeliveryStatusAsync, report);
        await IsUnavailableAsync(_service.Leases.BatchReportDeliveryStatusAsync, reports);
        await IsUnavailableAsync(_service.Routing.ResolveAsync, Requests.Resolve(_lease.VirtualNumber));
        await IsUnavailableAsync(
            _service.Routing.ReportNumberHealthAsync, Requests.NumberHealth(_lease.VirtualNumber, NumberHealth.Faulty, TestService.Start));
        await IsUnavailableAsync(_service.Routing.ReportHeartbeatAsync, Requests.Heartbeat());
        await IsUnavailableAsync(
            _service.Ops.ListFaultyNumbersAsync, new ListFaultyNumbersRequest { TenantId = TestService.Alpha, PoolId = Requests.PoolId });
        await IsUnavailableAsync(_service.Ops.ListGatewaysAsync, new ListGatewaysRequest());
        await IsUnavailableAsync(_service.Ops.CreatePoolAsync, Requests.CreatePool("fresh"));
        await IsUnavailableAsync(_service.Ops.UpdatePoolAsync, update);
        await IsUnavailableAsync(_service.Ops.GetPoolAsync, Requests.GetPool());
        await IsUnavailableAsync(_service.Ops.ListPoolsAsync, Requests.ListPools());
        await IsUnavailableAsync(_service.Ops.AddNumbersAsync, Requests.AddBlocks(Requests.PoolId, "162100200"));
        await IsUnavailableAsync(_service.Ops.SuspendNumbersAsync, Requests.Suspend(Requests.Blocks(Requests.Block)));
        await IsUnavailableAsync(_service.Ops.RestoreNumbersAsync, Requests.Restore(Requests.Blocks(Requests.Block)));
        await IsUnavailableAsync(_service.Ops.RetireNumbersAsync, Requests.Retire(Requests.Blocks(Requests.Block)));
        await IsUnavailableAsync(_service.Ops.GetStatsAsync, Requests.GetStats());
        await IsUnavailableAsync(_service.Ops.ListLeasesAsync, Requests.ListLeases());

        _store.IsAway = false;
        Assert.That((await _service.Leases.GetLeaseAsync(Requests.GetLease(_lease.LeaseId))).Lease, Is.EqualTo(_lease));
        Assert.That((await _service.Routing.ResolveAsync(Requests.Resolve(_lease.VirtualNumber))).ConnectNumber, Is.EqualTo(Requests.Real));
    }

    [Test]
    public async Task Calls_that_fail_for_the_store_do_not_fill_the_log()
    {
        _store.IsAway = true;
        for (var i = 0; i < 50; i++)
            await IsUnavailableAsync(_service.Routing.ResolveAsync, Requests.Resolve(_lease.VirtualNumber));
        Assert.That(_service.Logs.Lines.Where(IsOfTheStore), Has.Exactly(1).Items.And.One.Contains("RoutingService/Resolve"));

        _service.Time.Advance(TimeSpan.FromSeconds(10));
        await IsUnavailableAsync(_service.Leases.CreateLeaseAsync, Requests.CreateLease());
        Assert.That(_service.Logs.Lines.Where(IsOfTheStore), Has.Exactly(2).Items);
        Assert.That(_service.Logs.Lines, Has.One.Contains("49 other calls").And.One.Contains("LeaseService/CreateLease: the store is in trouble"));

        static bool IsOfTheStore(string line) => line.Contains("the store is in trouble", StringComparison.Ordinal);
    }

    [Test]
    public async Task Bad_input_is_told_also_while_the_store_is_away()
    {
        _store.IsAway = true;
        (await RefusedCall.OfAsync(_service.Leases.CreateLeaseAsync, new CreateLeaseRequest { TenantId = TestService.Alpha }))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool_id", "delivery", "role", "real_number");
    }

    [Test]
    public async Task Readiness_and_health_follow_the_store()
    {
        using var http = new HttpClient { BaseAddress = _service.HttpAddress };
        string[] names = ["", "virtualnumber.v1.LeaseService", "virtualnumber.v1.RoutingService", "virtualnumber.v1.OpsService"];
        foreach (var away in new[] { false, true, false })
        {
            _store.IsAway = away;
            await _service.Get<StoreMonitor>().CheckAsync(CancellationToken.None);

            using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative));
            using var alive = await http.GetAsync(new Uri("/healthz", UriKind.Relative));
            Assert.That(ready.StatusCode, Is.EqualTo(away ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK));
            Assert.That(alive.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            foreach (var name in names)
            {
                var health = await _service.Health.CheckAsync(new HealthCheckRequest { Service = name });
                Assert.That(health.Status, Is.EqualTo(away ? ServingStatus.NotServing : ServingStatus.Serving), name);
            }
        }

        Assert.That(_service.Logs.Lines, Has.Some.Contains("The store is away.").And.Some.Contains("The store is there again."));
    }

    [Test]
    public async Task A_watch_hears_of_each_change()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var watch = _service.Health.Watch(new HealthCheckRequest { Service = "virtualnumber.v1.RoutingService" }, cancellationToken: patience.Token);
        foreach (var away in new[] { false, true, false })
        {
            _store.IsAway = away;
            await _service.Get<StoreMonitor>().CheckAsync(CancellationToken.None);
            Assert.That(await watch.ResponseStream.MoveNext(patience.Token), Is.True);
            Assert.That(watch.ResponseStream.Current.Status, Is.EqualTo(away ? ServingStatus.NotServing : ServingStatus.Serving));
        }
    }

    [Test]
    public async Task A_service_that_starts_while_the_store_is_away_is_alive_and_not_ready()
    {
        var away = new StoreInTroubleSwitch { IsAway = true };
        await using var service = await TestService.StartAsync(pool => StoreInTrouble.Put(pool, away));
        using var http = new HttpClient { BaseAddress = service.HttpAddress };
        using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative));
        Assert.That(ready.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That((await service.Health.CheckAsync(new HealthCheckRequest())).Status, Is.EqualTo(ServingStatus.NotServing));

        away.IsAway = false;
        await service.Get<StoreMonitor>().CheckAsync(CancellationToken.None);
        Assert.That((await service.Health.CheckAsync(new HealthCheckRequest())).Status, Is.EqualTo(ServingStatus.Serving));
    }

    private static async Task IsUnavailableAsync<TRequest, TResponse>(Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> call, TRequest request)
        where TRequest : IMessage<TRequest>
    {
        var refusal = await RefusedCall.OfAsync(call, request);
        refusal.Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromSeconds(1)), request.Descriptor.Name);
    }
}
