using VirtualNumber.Sealing;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Redis;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Webhooks;

/// <summary>Two instances on one Redis forward, tell and push the same events: each once.</summary>
[TestFixture]
public sealed class WebhookOnRedisTests
{
    private const int LeaseCount = 60;

    [Test]
    public async Task Two_instances_tell_and_push_each_event_once_and_a_third_goes_on_when_both_are_gone()
    {
        await using var redis = await RedisServer.StartAsync();
        using var folder = new TemporaryFolder();
        var keyRing = Path.Combine(folder.Path, "vn-keys.json");
        using (var ring = KeyRing.Create(TimeProvider.System.GetUtcNow()))
            KeyRingFile.Save(ring, keyRing);
        await using var receiver = new PushReceiver();
        await receiver.StartAsync();
        (string, string)[] settings =
        [
            ("Events:Interval", "00:00:00.02"), ("Webhooks:0:Id", "orders"), ("Webhooks:0:TenantId", TestService.Alpha), ("Webhooks:0:Url", receiver.Url),
            ("Webhooks:0:Secrets:0", Convert.ToBase64String(new byte[32])), ("Webhooks:0:CertificateAuthority", receiver.Authority),
            ("Webhooks:0:AllowPrivateAddresses", "true"),
        ];
        string cursor;
        await using (var one = await TestService.StartOnRedisAsync(redis.Configuration, keyRing, settings))
        await using (var other = await TestService.StartOnRedisAsync(redis.Configuration, keyRing, settings))
        {
            await UntilServingAsync(one);
            await UntilServingAsync(other);
            await one.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
            await one.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
            using var watchOne = one.Leases.WatchEvents(new WatchEventsRequest { TenantId = TestService.Alpha });
            using var watchOther = other.Leases.WatchEvents(new WatchEventsRequest { TenantId = TestService.Alpha });
            await watchOne.ResponseStream.MoveNext(CancellationToken.None).Soon();
            await watchOther.ResponseStream.MoveNext(CancellationToken.None).Soon();
            var leases = await Task.WhenAll(Enumerable.Range(0, LeaseCount).Select(async i =>
                (await (i % 2 == 0 ? one : other).Leases.CreateLeaseAsync(Requests.CreateLease($"SF{i}"))).Lease.LeaseId));

            var byOne = await ReadAsync(watchOne.ResponseStream, LeaseCount);
            var byOther = await ReadAsync(watchOther.ResponseStream, LeaseCount);
            Assert.That(byOne.Events.Select(each => each.LeaseId), Is.EquivalentTo(leases));
            Assert.That(byOther.Events, Is.EqualTo(byOne.Events), "the same order for all");
            await UntilAsync(() => receiver.Events.Count() >= LeaseCount);
            Assert.That(receiver.Events, Is.EquivalentTo(byOne.Events), "once each, as nothing went wrong");
            cursor = byOther.Cursor;
            await receiver.KillAsync();
            await one.Leases.ReleaseLeaseAsync(new ReleaseLeaseRequest { TenantId = TestService.Alpha, LeaseId = leases[0] });
        }

        await receiver.StartAsync();
        await using var third = await TestService.StartOnRedisAsync(redis.Configuration, keyRing, settings);
        third.Time.Advance(TimeSpan.FromMinutes(5));
        await UntilServingAsync(third);
        using var watch = third.Leases.WatchEvents(new WatchEventsRequest { TenantId = TestService.Alpha, Cursor = cursor });
        var released = await ReadAsync(watch.ResponseStream, 1);
        Assert.That(released.Events.Single().Kind, Is.EqualTo(LeaseEventKind.Released));
        await UntilAsync(() => receiver.Events.Contains(released.Events.Single()));
    }

    private static async Task<(List<V1.LeaseEvent> Events, string Cursor)> ReadAsync(Grpc.Core.IAsyncStreamReader<WatchEventsResponse> messages, int count)
    {
        var (events, cursor) = (new List<V1.LeaseEvent>(), "");
        while (events.Count < count && await messages.MoveNext(CancellationToken.None).Soon())
        {
            events.AddRange(messages.Current.Events);
            cursor = messages.Current.Cursor;
        }

        return (events, cursor);
    }

    private static Task UntilServingAsync(TestService service) => UntilAsync(() => service.Get<VirtualNumber.Hosting.StoreMonitor>().IsServing);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!isSo())
            await timer.WaitForNextTickAsync(patience.Token);
    }
}
