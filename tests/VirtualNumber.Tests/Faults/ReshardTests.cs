using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Redis;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Faults;

/// <summary>Slots with blocks and ledgers in them move to another master, by redis-cli, while clients lease, report, look up and release.</summary>
[TestFixture]
internal sealed class ReshardTests() : VerbTests(new EmbeddedStoreUnderTest())
{
    private const int Clients = 8;
    private const int Slots = 1_000;
    private const int Blocks = 60;

    private static readonly TimeSpan s_callTimeout = TimeSpan.FromSeconds(2);

    /// <summary>What a busy machine may add.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentQueue<(string Call, TimeSpan Took)> _refused = [];
    private readonly ConcurrentQueue<Holding> _holdings = [];
    private int _answered;

    [Test]
    public async Task Nothing_is_lost_or_leased_twice_while_slots_move_and_every_call_ends_in_time()
    {
        await using var cluster = await RedisCluster.StartAsync();
        using var connection = await cluster.ConnectAsync();
        await using var store = RedisStoreUnderTest.Over(connection, s_callTimeout);
        var service = Service.Over(store.Pool, store.Stock, Service.Seed(5), Time);
        var (pool, _) = await store.Stock.CreatePoolAsync(PoolOf("pool", Hour, blockDigits: 3), None);
        await store.Stock.AddNumbersAsync(pool, new([.. Enumerable.Range(10_000, Blocks).Select(block => $"700{block}")], []), T0, None);
        var masters = await RedisCluster.MastersOfAsync(connection);
        var (source, target) = (masters[0], masters[1]);
        var before = await BlocksAtAsync(target);

        using var over = new CancellationTokenSource();
        var running = Enumerable.Range(0, Clients).Select(client => Task.Run(() => ServeAsync(service, client, over.Token))).ToList();
        var start = Stopwatch.GetTimestamp();
        var (exitCode, output) = await Sources.RunAsync(
            "redis-cli", "--cluster", "reshard", $"127.0.0.1:{PortOf(source)}", "--cluster-from", await IdOfAsync(source),
            "--cluster-to", await IdOfAsync(target), "--cluster-slots", $"{Slots}", "--cluster-yes");
        var took = Stopwatch.GetElapsedTime(start);
        await over.CancelAsync();
        await Task.WhenAll(running).Soon();
        Assert.That(exitCode, Is.Zero, output);
        var moved = await BlocksAtAsync(target) - before;
        await TestContext.Out.WriteLineAsync(
            $"{Slots} slots with {moved} blocks moved in {took.TotalSeconds:0.0} s; {_answered} calls answered, {_refused.Count} UNAVAILABLE and repeated " +
            $"({string.Join(", ", _refused.GroupBy(call => call.Call).Select(group => $"{group.Count()} {group.Key}, the longest {group.Max(call => call.Took.TotalSeconds):0.0} s"))}), {_holdings.Count} leases");

        Assert.That(moved, Is.GreaterThan(0));
        // A verb has two steps as a rule, each with a time of its own where the caller sets no deadline.
        Assert.That(_refused.Where(call => call.Took > (2 * s_callTimeout) + s_margin), Is.Empty);
        await CheckAsync(service, store, pool);
    }

    /// <summary>Delivery after delivery; what it has begun it ends.</summary>
    private async Task ServeAsync(LeaseVerbs service, int client, CancellationToken over)
    {
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            var delivery = DeliveryOf($"C{client}N{i}");
            var lease = (await AnsweredAsync("lease", () => service.CreateLeaseAsync(
                new CreateLeaseCommand(delivery, DeliveryRole.Recipient, "pool", RealNumber(client), "r", null), None))).Lease!;
            var route = await AnsweredAsync("look-up", () => service.ResolveAsync(lease.Number, RealNumber(99), None));
            Assert.That((route.Outcome, route.LeaseId), Is.EqualTo((ResolveOutcome.Connect, lease.LeaseId)));
            if (i % 2 == 0)
                await AnsweredAsync("report", () => service.ReportDeliveryStatusAsync(delivery, DeliveryStatus.PickedUp, Time.Now, null, None));
            var released = i % 3 == 0;
            if (released)
                await AnsweredAsync("release", () => service.ReleaseLeaseAsync(Tenant, lease.LeaseId, None));
            _holdings.Enqueue(new(delivery, lease, released));
        }
    }

    /// <summary>Repeats what is UNAVAILABLE, as the public document asks.</summary>
    private async Task<T> AnsweredAsync<T>(string name, Func<ValueTask<T>> call)
    {
        while (true)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                var answer = await call();
                Interlocked.Increment(ref _answered);
                return answer;
            }
            catch (StoreUnavailableException)
            {
                _refused.Enqueue((name, Stopwatch.GetElapsedTime(start)));
            }
        }
    }

    private async Task CheckAsync(LeaseVerbs service, RunningStore store, Pool pool)
    {
        var holdings = _holdings.ToList();
        Assert.That(holdings.Select(holding => holding.Lease.Number), Is.Unique, "The clock stands still, so no number has had its rest.");
        foreach (var holding in holdings)
        {
            var now = (await service.GetLeaseAsync(Tenant, holding.Lease.LeaseId, None)).Lease;
            Assert.That(now?.End, Is.EqualTo(holding.Released ? EndReason.Released : EndReason.None), $"{holding.Lease.LeaseId}");
            var listed = (await service.ListDeliveryLeasesAsync(holding.Delivery, None)).Leases;
            Assert.That(listed.Select(lease => lease.LeaseId), Is.EqualTo(new[] { holding.Lease.LeaseId }));
        }

        var counts = (await store.Stock.GetStatsAsync(pool, 0, 0, Time.Now, None)).Counts;
        Assert.That(
            (counts.Stocked, counts.Leased, counts.Aging),
            Is.EqualTo((1_000L * Blocks, (long)holdings.Count(holding => !holding.Released), (long)holdings.Count(holding => holding.Released))));
    }

    private static int PortOf(IServer server) => ((IPEndPoint)server.EndPoint).Port;

    private static async Task<int> BlocksAtAsync(IServer server) => (await AskAsync(server, "--scan", "--pattern", "vn:{b*:meta")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private static async Task<string> IdOfAsync(IServer server) => (await AskAsync(server, "cluster", "myid")).Trim();

    private static async Task<string> AskAsync(IServer server, params string[] command)
    {
        var (exitCode, output) = await Sources.RunAsync("redis-cli", ["-p", $"{PortOf(server)}", .. command]);
        Assert.That(exitCode, Is.Zero, output);
        return output;
    }

    private sealed record Holding(DeliveryKey Delivery, Lease Lease, bool Released);
}
