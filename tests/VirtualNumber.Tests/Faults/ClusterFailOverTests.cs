using System.Diagnostics;
using System.Net;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Redis;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Faults;

/// <summary>
/// One master after the other is killed. How long the cluster takes to put its replica there is the cluster's own; what the service adds to
/// that is measured. Nothing ends because of it.
/// </summary>
[TestFixture]
internal sealed class ClusterFailOverTests() : StoreTests(new EmbeddedStoreUnderTest())
{
    private const int Leases = 600;
    private const int Due = 60;

    /// <summary>The mark, for what is usual; the machine is shared, so that a single one may take longer.</summary>
    private static readonly TimeSpan s_addedUsually = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_addedAtMost = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(10);

    [Test]
    public async Task After_each_kill_of_a_master_calls_succeed_as_soon_as_its_replica_has_taken_over_and_nothing_has_expired()
    {
        await using var cluster = await RedisCluster.StartAsync("--cluster-node-timeout", "1000");
        using var connection = await cluster.ConnectAsync();
        // What may have been forgotten rests after each fail-over; of blocks of a hundred numbers some are to be left.
        await using var store = RedisStoreUnderTest.Over(connection, new RedisOptions { ForgottenLeases = 5 });
        using var otherConnection = await cluster.ConnectAsync();
        await using var other = RedisStoreUnderTest.Over(otherConnection, new RedisOptions { ForgottenLeases = 5 });
        var (pool, _) = await store.Stock.CreatePoolAsync(PoolOf("pool", Hour), None);
        await store.Stock.AddNumbersAsync(pool, new([.. Enumerable.Range(10, 12).Select(block => $"700{block}")], []), T0, None);
        var records = new List<LeaseRecord>();
        for (var i = 0; i < Leases; i++)
            records.Add(await LeaseAsync(store, $"L{i}", T0 + (i < Due ? Hour : 10 * Day)));

        var added = new List<TimeSpan>();
        foreach (var master in await RedisCluster.MastersOfAsync(connection))
        {
            bool IsHere(RedisKey key) => master.ClusterConfiguration!.GetBySlot(connection.HashSlot(key))!.EndPoint!.Equals(master.EndPoint);
            var here = records.First(record => IsHere(Keys.Routes(record.Block)));
            var delivery = Enumerable.Range(0, int.MaxValue).Select(i => $"D{i}@{master.EndPoint}").First(name => IsHere(Keys.Ledger(DigestOf(name))));
            var replica = await ReplicaOfAsync(connection, master);
            await ReplicatedAsync(master, Enumerable.Range(0, int.MaxValue).Select(i => $"seen-{i}").First(key => IsHere(key)));

            var killed = Stopwatch.GetTimestamp();
            await cluster.KillAsync(master.EndPoint);
            var tookOver = BecomesMasterAsync(replica, killed);
            var resolved = FirstSuccessAsync(killed, () => store.Pool.ResolveAsync(here.Number, T0 + Minute, None));
            var leased = FirstSuccessAsync(killed, async () =>
            {
                var claim = await ClaimAsync(other, delivery, here.Block);
                return await other.Pool.TakeAsync(StepOf(delivery, claim, T0 + (10 * Day)), T0, None);
            });
            await Task.WhenAll(tookOver, resolved, leased).Soon();

            var (route, take) = ((await resolved).Answer, (await leased).Answer);
            await TestContext.Out.WriteLineAsync(
                $"killed {((IPEndPoint)master.EndPoint).Port}: its replica took over after {(await tookOver).TotalSeconds:0.00} s; " +
                $"the first look-up succeeded {((await resolved).After - await tookOver).TotalSeconds:0.00} s later, the first lease {((await leased).After - await tookOver).TotalSeconds:0.00} s");
            Assert.That((route.Outcome, route.Record!.Claim), Is.EqualTo((RouteOutcome.Route, here.Claim)));
            Assert.That(take.Outcome, Is.EqualTo(TakeOutcome.Live));
            added.AddRange([(await resolved).After - await tookOver, (await leased).After - await tookOver]);
        }

        Assert.That(added, Is.All.LessThan(s_addedAtMost));
        Assert.That(added.Order().ElementAt(added.Count / 2), Is.LessThan(s_addedUsually));

        // Hours later: what was due has ended, each once, and nothing else.
        var (expired, now) = (0, T0 + Hour + (30 * Minute));
        ReclaimAnswer answer;
        do
        {
            answer = await store.Pool.ReclaimAsync(1_000, now, None);
            expired += answer.Expired;
        }
        while (answer.Expired > 0);
        Assert.That(expired, Is.EqualTo(Due));
        foreach (var (record, index) in records.Select((record, index) => (record, index)))
        {
            var route = await other.Pool.ResolveAsync(record.Number, now, None);
            Assert.That((route.Outcome, route.Record!.Claim), Is.EqualTo((index < Due ? RouteOutcome.Ended : RouteOutcome.Route, record.Claim)));
        }
    }

    private static async Task<LeaseRecord> LeaseAsync(RunningStore store, string name, DateTimeOffset expireTime)
    {
        var block = (await store.Pool.ChooseBlockAsync(Tenant, "pool", [], T0, None))!.Value;
        var take = await store.Pool.TakeAsync(StepOf(name, await ClaimAsync(store, name, block), expireTime), T0, None);
        return take.Record!;
    }

    private static async Task<Claim> ClaimAsync(RunningStore store, string name, uint block)
    {
        var step = new ClaimStep(DigestOf(name), DeliveryRole.Recipient, MarkOf(name), ClaimIdOf(name), block, T0 + (100 * Day), null);
        return (await store.Pool.ClaimAsync(step, T0, None)).Claim!;
    }

    private static TakeStep StepOf(string name, Claim claim, DateTimeOffset expireTime) =>
        new(claim, DigestOf(name), DeliveryRole.Recipient, 0, expireTime, SealOf(name), DigestOf(name));

    private static async Task<IServer> ReplicaOfAsync(ConnectionMultiplexer connection, IServer master)
    {
        var info = (await master.InfoAsync("replication")).SelectMany(section => section).ToDictionary(line => line.Key, line => line.Value);
        var port = info["slave0"].Split(',').Single(field => field.StartsWith("port=", StringComparison.Ordinal))["port=".Length..];
        return connection.GetServer($"127.0.0.1:{port}");
    }

    /// <summary>How long after the kill the replica says itself that it is the master.</summary>
    private static async Task<TimeSpan> BecomesMasterAsync(IServer replica, long killed)
    {
        using var timer = new PeriodicTimer(s_askEvery);
        while ((await replica.InfoAsync("replication")).SelectMany(section => section).First(line => line.Key == "role").Value != "master")
            await timer.WaitForNextTickAsync();
        return Stopwatch.GetElapsedTime(killed);
    }

    /// <summary>Asks again and again, as callers would.</summary>
    private static async Task<(T Answer, TimeSpan After)> FirstSuccessAsync<T>(long killed, Func<ValueTask<T>> call)
    {
        using var timer = new PeriodicTimer(s_askEvery);
        while (true)
        {
            try
            {
                var answer = await call();
                return (answer, Stopwatch.GetElapsedTime(killed));
            }
            catch (StoreUnavailableException)
            {
                await timer.WaitForNextTickAsync();
            }
        }
    }

    /// <summary>Ends when the replica has all that was written before: what a fail-over forgets is another test's matter.</summary>
    private static async Task ReplicatedAsync(IServer master, string key)
    {
        var (exitCode, output) = await Sources.RunAsync(
            "bash", "-c", $"printf 'SET {key} 1\\nWAIT 1 60000\\n' | redis-cli -e -p {((IPEndPoint)master.EndPoint).Port}");
        Assert.That((exitCode, output.Trim().Split('\n')[^1]), Is.EqualTo((0, "1")), output);
    }
}
