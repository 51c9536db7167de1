using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Redis;

/// <summary>A cluster of its own that loses a master: its replica takes over, and the store finds it by itself.</summary>
public sealed class FailOverTests() : StoreTests(RedisStoreUnderTest.Cluster)
{
    [Test]
    public async Task A_block_goes_on_at_the_replica_that_takes_over()
    {
        await using var cluster = await RedisCluster.StartAsync("--cluster-node-timeout", "1000");
        using var connection = await cluster.ConnectAsync();
        // Of a hundred numbers there are to be some left that do not rest after it.
        await using var store = RedisStoreUnderTest.Over(connection, new RedisOptions { ForgottenLeases = 10 });
        var (pool, _) = await store.Stock.CreatePoolAsync(PoolOf("pool", Hour), None);
        await store.Stock.AddNumbersAsync(pool, new(["70011"], []), T0, None);
        var block = (await store.Pool.ChooseBlockAsync(Tenant, "pool", [], T0, None))!.Value;
        var record = await TakeAsync("first", T0);
        var master = (await RedisCluster.MastersOfAsync(connection))[0].ClusterConfiguration!
            .GetBySlot(connection.HashSlot(Keys.Routes(block)))!.EndPoint!;
        await ReplicatedAsync(((System.Net.IPEndPoint)master).Port, $"{{b{block}}}");

        await cluster.KillAsync(master);
        var route = await UntilAnsweredAsync(() => store.Pool.ResolveAsync(record.Number, T0 + Second, None)).Soon();

        Assert.That((route.Outcome, route.Record!.Claim), Is.EqualTo((RouteOutcome.Route, record.Claim)));
        Assert.That((await TakeAsync("second", T0 + Second)).Number, Is.Not.EqualTo(record.Number));

        async Task<LeaseRecord> TakeAsync(string name, DateTimeOffset now)
        {
            var step = new TakeStep(
                new Claim(ClaimIdOf(name), block, now), DigestOf(name), DeliveryRole.Recipient, 0, now + Day, SealOf(name), DigestOf(name));
            return (await store.Pool.TakeAsync(step, now, None)).Record!;
        }
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

    /// <summary>Ends when the replica has all that was written before, this write at last.</summary>
    private static async Task ReplicatedAsync(int port, string tag)
    {
        var (exitCode, output) = await Sources.RunAsync(
            "bash", "-c", $"printf 'SET vn:{tag}:seen 1\\nWAIT 1 60000\\n' | redis-cli -e -p {port}");
        Assert.That((exitCode, output.Trim().Split('\n')[^1]), Is.EqualTo((0, "1")), output);
    }
}
