using System.Collections.Concurrent;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>The level Replicated on a cluster of its own that loses a master under load.</summary>
public sealed class ReplicatedClusterTests() : VerbTests(RedisStoreUnderTest.Single)
{
    private const int Clients = 16;
    private const int LeasesEach = 30;

    [Test]
    public async Task Every_acknowledged_lease_outlives_its_master_and_no_instance_is_restarted()
    {
        await using var cluster = await RedisCluster.StartAsync(
            "--include", Repository.Sources.At("deploy", "redis", "replicated.conf"), "--cluster-node-timeout", "1000");
        using var connection = await cluster.ConnectAsync();
        await using var store = RedisStoreUnderTest.Over(connection, new RedisOptions { Durability = DurabilityLevel.Replicated });
        var service = Service.Over(store.Pool, store.Stock, Service.Seed(1), Time);
        var (pool, _) = await store.Stock.CreatePoolAsync(PoolOf("pool", Hour), None);
        await store.Stock.AddNumbersAsync(pool, new([.. Enumerable.Range(0, 12).Select(i => $"7001{i:00}")], []), T0, None);
        var block = new TestBlock(pool, (await store.Pool.ChooseBlockAsync(Tenant, "pool", [], T0, None))!.Value, "700100");
        var master = (await RedisCluster.MastersOfAsync(connection))[0].ClusterConfiguration!
            .GetBySlot(connection.HashSlot(Keys.Routes(block.Id)))!.EndPoint!;

        var leases = new ConcurrentQueue<Lease>();
        var unclear = 0;
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(() => LeaseAllAsync(client))).ToList();
        await begun.Task.Soon();
        await cluster.KillAsync(master);
        // With its replica in its place nobody confirms until it is back, as a replica.
        await cluster.RestartAsync();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromMinutes(2));
        await TestContext.Out.WriteLineAsync($"{leases.Count} leases, {unclear} calls unclear and sent again");

        var lost = new List<string>();
        foreach (var lease in leases)
        {
            if ((await service.GetLeaseAsync(Tenant, lease.LeaseId, None)).Lease is not { } found || found.Number != lease.Number)
                lost.Add(lease.LeaseId);
        }

        Assert.Multiple(() =>
        {
            Assert.That(lost, Is.Empty);
            Assert.That(leases.Select(lease => lease.Number), Is.Unique.And.Exactly(Clients * LeasesEach).Items);
            Assert.That(unclear, Is.Positive);
        });
        Assert.That((await store.Stock.GetStatsAsync(pool, 0, 1, Time.Now, None)).Counts.Leased, Is.EqualTo(Clients * LeasesEach), "None that nobody was told of.");

        async Task LeaseAllAsync(int client)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            for (var i = 0; i < LeasesEach; i++)
            {
                while (true)
                {
                    try
                    {
                        var answer = await CreateAsync(block, "r", client, delivery: DeliveryOf($"WB{client}-{i}"), service: service);
                        leases.Enqueue(answer.Lease!);
                        break;
                    }
                    catch (StoreUnavailableException)
                    {
                        Interlocked.Increment(ref unclear);
                        await timer.WaitForNextTickAsync();
                    }
                }

                if (leases.Count >= Clients * LeasesEach / 4)
                    begun.TrySetResult();
            }
        }
    }
}
