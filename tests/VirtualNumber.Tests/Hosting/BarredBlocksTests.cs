using Grpc.Core;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Redis;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Hosting;

/// <summary>What an operator sees of a service some of whose blocks have lost their data, and does about it.</summary>
[TestFixture]
public sealed class BarredBlocksTests
{
    private const string Other = "other";

    [Test]
    public async Task An_operator_sees_which_blocks_are_barred_and_lifts_that()
    {
        await using var service = await ServiceOnRedis.StartAsync();
        await service.StockAsync();
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Other));
        await service.Ops.AddNumbersAsync(Requests.AddNumbers(Other, "16210990001", "16210990002"));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "1621002"));
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        Assert.That(await ReadinessAsync(service), Is.EqualTo("ready\n"));
        using (var connection = await service.Redis.ConnectAsync())
        {
            foreach (var block in new uint[] { 1, 2, 3, 4 })
                await connection.GetDatabase().KeyDeleteAsync(Keys.OfBlock(block));
        }

        await RefusedAsync(() => service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber)).ResponseAsync);
        foreach (var number in new[] { "16210010000", "16210020000", "16210990001", "16210990002" })
            await RefusedAsync(() => service.Routing.ResolveAsync(Requests.Resolve(number)).ResponseAsync);
        // Not RESOURCE_EXHAUSTED: the pool is not empty.
        await RefusedAsync(() => service.Leases.CreateLeaseAsync(Requests.CreateLease("SF2")).ResponseAsync);

        var first = await service.Ops.ListBarredBlocksAsync(List(pageSize: 1));
        var second = await service.Ops.ListBarredBlocksAsync(List(pageSize: 1, first.NextPageToken));
        Assert.That(first.Blocks.Concat(second.Blocks).Select(block => (block.Block, block.Reason)), Is.EqualTo(new[]
        {
            ("1621001", BarReason.DataLost), ("1621002", BarReason.DataLost),
        }));
        Assert.That(first.Blocks[0].BarTime.ToDateTimeOffset(), Is.EqualTo(TimeProvider.System.GetUtcNow()).Within(TimeSpan.FromMinutes(1)));
        Assert.That((first.Blocks[0].LeasesFromTime, second.NextPageToken), Is.EqualTo((default(Google.Protobuf.WellKnownTypes.Timestamp), "")));
        var singles = await service.Ops.ListBarredBlocksAsync(List(pool: Other));
        Assert.That(singles.Blocks.Select(block => block.Block), Is.EquivalentTo(new[] { "16210990001", "16210990002" }));
        await UntilReadinessAsync(service, text =>
            text.StartsWith("ready\n4 blocks are barred", StringComparison.Ordinal) && text.Contains("alpha/main, alpha/other", StringComparison.Ordinal));

        Assert.That((await service.Ops.ConfirmBlocksAsync(Confirm(Requests.PoolId, "1621001"))).ConfirmedCount, Is.EqualTo(1));
        Assert.That((await service.Ops.ConfirmBlocksAsync(Confirm(Requests.PoolId, "1621001"))).ConfirmedCount, Is.Zero);
        Assert.That((await service.Ops.ConfirmBlocksAsync(Confirm(Other, "16210990002"))).ConfirmedCount, Is.EqualTo(1));
        Assert.That((await service.Ops.ListBarredBlocksAsync(List())).Blocks.Select(block => block.Block), Is.EqualTo(new[] { "1621002" }));
        Assert.That((await service.Ops.ConfirmBlocksAsync(Confirm(Requests.PoolId))).ConfirmedCount, Is.EqualTo(1));
        Assert.That((await service.Ops.ConfirmBlocksAsync(Confirm(Other))).ConfirmedCount, Is.EqualTo(1));

        await UntilReadinessAsync(service, text => text == "ready\n");
        Assert.That((await service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber))).Action, Is.EqualTo(RoutingAction.Reject));
        var counts = (await service.Ops.GetStatsAsync(Requests.GetStats())).Counts;
        Assert.That((counts.AgingCount, counts.StockedCount), Is.EqualTo((20_000, 20_000)));
        var refusal = await RefusedCall.OfAsync(service.Leases.CreateLeaseAsync, Requests.CreateLease("SF3"));
        Assert.That(refusal.Reason, Is.EqualTo("NUMBERS_AGING"));
    }

    private static ListBarredBlocksRequest List(int pageSize = 0, string token = "", string pool = Requests.PoolId) =>
        new() { TenantId = TestService.Alpha, PoolId = pool, PageSize = pageSize, PageToken = token };

    private static ConfirmBlocksRequest Confirm(string pool, params string[] blocks) =>
        new() { TenantId = TestService.Alpha, PoolId = pool, Blocks = { blocks } };

    private static async Task RefusedAsync(Func<Task> call) =>
        Assert.That((await Assert.ThrowsAsync<RpcException>(call))!.StatusCode, Is.EqualTo(StatusCode.Unavailable));

    private static async Task UntilReadinessAsync(ServiceOnRedis service, Func<string, bool> wanted)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        async Task WaitAsync()
        {
            while (!wanted(await ReadinessAsync(service)))
                await timer.WaitForNextTickAsync();
        }

        await WaitAsync().Soon();
    }

    private static async Task<string> ReadinessAsync(ServiceOnRedis service)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.Service.HttpAddress };
        return await http.GetStringAsync(new Uri("/readyz", UriKind.Relative));
    }
}
