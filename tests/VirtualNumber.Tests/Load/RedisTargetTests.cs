using VirtualNumber.Load.Replay;
using VirtualNumber.Tests.Redis;

namespace VirtualNumber.Tests.Load;

/// <summary>What replay and bench make of the Redis that they are given.</summary>
public sealed class RedisTargetTests
{
    [Test]
    public async Task Orders_replayed_on_an_empty_Redis_keep_every_invariant_and_are_not_put_beside_pools_that_are_there()
    {
        await using var redis = await RedisServer.StartAsync();
        using (var target = await RedisTarget.ConnectAsync(redis.Configuration))
        {
            const int Seed = 5;
            var orders = TestData.OrdersOrGenerated(Seed).Take(50).ToList();
            var report = await Replayer.InProcessAsync(orders, Seed, TestData.Find(TestData.SegmentsFile), (target.Pool, target.Stock));
            Assert.That(report.Violations, Is.Empty);
            Assert.That(report[Counted.Leases], Is.GreaterThan(orders.Count));
        }

        Assert.That(
            async () => await RedisTarget.ConnectAsync(redis.Configuration),
            Throws.InvalidOperationException.With.Message.Contains("give this command an empty one"));
    }
}
