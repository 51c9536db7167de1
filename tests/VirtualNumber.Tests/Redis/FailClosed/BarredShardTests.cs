using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis.FailClosed;

/// <summary>On a cluster a shard that has forgotten something takes its own blocks out of service, and no others.</summary>
public sealed class BarredShardTests() : StoreTests(RedisStoreUnderTest.Cluster)
{
    [Test]
    public async Task Only_the_blocks_of_the_shard_are_barred()
    {
        var connection = await RedisStoreUnderTest.Cluster.GetConnectionAsync();
        var blocks = new List<(TestBlock Block, LeaseRecord Lease)>();
        for (var i = 0; i < 8; i++)
        {
            var block = await AddBlockAsync(inStock: 100);
            blocks.Add((block, await LeaseAsync($"lease {i}", block.Id, T0)));
        }

        var masters = (await RedisStoreUnderTest.Cluster.GetMastersAsync())[0].ClusterConfiguration!;
        System.Net.EndPoint MasterOf(TestBlock block) => masters.GetBySlot(connection.HashSlot(Keys.Log(block.Id)))!.EndPoint!;
        var shard = MasterOf(blocks[0].Block);
        // What a master that comes back older lacks.
        foreach (var (block, _) in blocks.Where(entry => MasterOf(entry.Block).Equals(shard)))
            await connection.GetDatabase().ExecuteAsync("XTRIM", Keys.Log(block.Id), "MAXLEN", 0);

        Assert.That(blocks.Select(entry => MasterOf(entry.Block)).Distinct().Count(), Is.GreaterThan(1));
        foreach (var (block, lease) in blocks)
        {
            if (MasterOf(block).Equals(shard))
                await Assert.ThrowsAsync<StoreUnavailableException>(() => ReleaseAsync(lease, T0).AsTask());
            else
                Assert.That((await ReleaseAsync(lease, T0)).Outcome, Is.EqualTo(HolderOutcome.Done));
            var barred = await Stock.ListBarredBlocksAsync(block.Pool, T0, None);
            Assert.That(barred, Has.Count.EqualTo(MasterOf(block).Equals(shard) ? 1 : 0));
        }
    }
}
