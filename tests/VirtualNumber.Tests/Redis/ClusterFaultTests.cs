using System.Net;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Redis;

/// <summary>A cluster while a slot moves, and while one is served by nobody.</summary>
public sealed class ClusterFaultTests() : VerbTests(RedisStoreUnderTest.Cluster)
{
    private const int Clients = 4;

    [Test]
    public async Task Calls_go_on_while_the_slot_of_a_block_moves_to_another_master()
    {
        using var meter = new RedisMeter();
        var block = await AddBlockAsync(inStock: 100, aging: 5 * Minute);
        var connection = await RedisStoreUnderTest.Cluster.GetConnectionAsync();
        await using var store = RedisStoreUnderTest.Over(connection, callTimeout: Minute);
        var service = Service.Over(store.Pool, store.Stock, Service.Seed(2), Time);
        var slot = connection.HashSlot(Keys.Routes(block.Id));
        var (source, target) = await FindMastersAsync(slot);
        var standing = (await CreateAsync(block, "standing", service: service)).Lease!;

        using var moved = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(() => LeaseAndReleaseAsync(client))).ToList();
        await AskAsync(target, "cluster", "setslot", $"{slot}", "importing", await IdOfAsync(source));
        await AskAsync(source, "cluster", "setslot", $"{slot}", "migrating", await IdOfAsync(target));
        // Some keys of a block are missing when it has nothing to put into them; a script is told to try again for as long as the slot moves.
        await meter.RepeatAsync("TRYAGAIN").Soon();
        var keys = (await AskAsync(source, "cluster", "getkeysinslot", $"{slot}", "100")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(keys, Does.Contain((string)Keys.Routes(block.Id)!));
        await AskAsync(source, ["migrate", "127.0.0.1", $"{target}", "", "0", "5000", "keys", .. keys]);
        // A look-up follows the key (ASK) although the slot is not the target's yet.
        Assert.That((await service.ResolveAsync(standing.Number, RealNumber(99), None)).Outcome, Is.EqualTo(ResolveOutcome.Connect));
        await AskAsync(target, "cluster", "setslot", $"{slot}", "node", await IdOfAsync(target));
        await AskAsync(source, "cluster", "setslot", $"{slot}", "node", await IdOfAsync(target));
        // Now the client is told for good (MOVED).
        Assert.That((await service.ResolveAsync(standing.Number, RealNumber(99), None)).Outcome, Is.EqualTo(ResolveOutcome.Connect));
        Assert.That((await LeaseAndReleaseOnceAsync("afterwards")).Lease!.End, Is.EqualTo(EndReason.Released));
        await moved.CancelAsync();

        var rounds = await Task.WhenAll(clients).Soon();
        var counts = (await store.Stock.GetStatsAsync(block.Pool, 0, 1, Time.Now, None)).Counts;
        Assert.Multiple(() =>
        {
            Assert.That(rounds, Is.All.GreaterThan(0));
            Assert.That((counts.Stocked, counts.Leased), Is.EqualTo((100, 1)));
        });

        async Task<int> LeaseAndReleaseAsync(int client)
        {
            var rounds = 0;
            while (!moved.IsCancellationRequested)
            {
                await LeaseAndReleaseOnceAsync($"{client}-{rounds++}");
                // So that numbers have had their rest when they come round.
                Time.Advance(Minute);
            }

            return rounds;
        }

        async Task<LeaseAnswer> LeaseAndReleaseOnceAsync(string name)
        {
            var lease = await CreateAsync(block, name, delivery: DeliveryOf(name), service: service);
            Assert.That(lease.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
            return await service.ReleaseLeaseAsync(Tenant, lease.Lease!.LeaseId, None);
        }
    }

    [Test]
    public async Task A_call_to_a_slot_that_nobody_serves_is_repeated_until_somebody_does_or_its_time_is_over()
    {
        using var meter = new RedisMeter();
        var connection = await RedisStoreUnderTest.Cluster.GetConnectionAsync();
        var time = new ManualTimers();
        var options = new RedisOptions();
        var calls = new RedisCalls(connection, options, time);
        var slot = connection.HashSlot(Keys.Registry);
        var (source, _) = await FindMastersAsync(slot);

        await AskAsync(source, "cluster", "delslots", $"{slot}");
        try
        {
            var call = ReadAsync();
            await time.TimerWithinAsync(TimeSpan.FromMilliseconds(200)).Soon();
            time.Advance(options.CallTimeout);
            Assert.That(async () => await call.Soon(), Throws.TypeOf<StoreUnavailableException>().With.Message.Contains("CLUSTERDOWN"));

            call = ReadAsync();
            await time.TimerWithinAsync(TimeSpan.FromMilliseconds(200)).Soon();
            await AskAsync(source, "cluster", "addslots", $"{slot}");
            time.Advance(TimeSpan.FromMilliseconds(200));
            Assert.That(await call.Soon(), Is.Zero);
        }
        finally
        {
            await Sources.RunAsync("redis-cli", "-p", $"{source}", "cluster", "addslots", $"{slot}");
        }

        Assert.That(meter.Repeats("length"), Does.Contain("CLUSTERDOWN"));

        Task<long> ReadAsync() => calls.CallAsync(
            "length", Keys.Registry, static (database, key, _) => database.ListLengthAsync(key, RedisCalls.Primary), None).AsTask();
    }

    /// <summary>The port of the master that has a slot, and another one's.</summary>
    private static async Task<(int Source, int Target)> FindMastersAsync(int slot)
    {
        var masters = await RedisStoreUnderTest.Cluster.GetMastersAsync();
        var owner = masters[0].ClusterConfiguration!.GetBySlot(slot)!.EndPoint!;
        return (PortOf(owner), PortOf(masters.First(master => !master.EndPoint.Equals(owner)).EndPoint));
    }

    private static int PortOf(EndPoint node) => ((IPEndPoint)node).Port;

    private static async Task<string> IdOfAsync(int port) => (await AskAsync(port, "cluster", "myid")).Trim();

    private static async Task<string> AskAsync(int port, params string[] command)
    {
        var (exitCode, output) = await Sources.RunAsync("redis-cli", ["-e", "-p", $"{port}", .. command]);
        Assert.That(exitCode, Is.Zero, output);
        return output;
    }
}
