using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>Reclaim goes by marks and in turns: whatever was wrong for a while, it skips nothing for good.</summary>
public sealed class ReclaimTests() : StoreTests(RedisStoreUnderTest.Single)
{
    [Test]
    public async Task A_block_that_lost_its_data_keeps_Reclaim_from_no_other()
    {
        var before = await AddBlockAsync();
        var lost = await AddBlockAsync();
        var after = await AddBlockAsync();
        var leases = new[] { await LeaseAsync("a", before.Id, T0, T0 + Minute), await LeaseAsync("b", after.Id, T0, T0 + Minute) };
        await (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase().KeyDeleteAsync(Keys.OfBlock(lost.Id));

        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => ReclaimAsync(T0 + Day).AsTask());

        Assert.That(refusal!.Message, Does.Contain("lost its data"));
        foreach (var lease in leases)
            Assert.That(await GetAsync(lease), Is.Null);
    }

    [Test]
    public async Task What_ends_while_a_clock_was_far_ahead_is_reclaimed_all_the_same()
    {
        var block = await AddBlockAsync();
        await ReclaimAsync(T0 + (30 * Day));
        var lease = await LeaseAsync("a", block.Id, T0, T0 + Minute);

        Assert.That(await ReclaimAsync(T0 + (2 * Minute)), Is.EqualTo(new ReclaimAnswer(1, 0, false)));
        Assert.That(await ReclaimAsync(T0 + (2 * Hour)), Is.EqualTo(new ReclaimAnswer(0, 1, false)));
        Assert.That(await GetAsync(lease), Is.Null);
    }

    [Test]
    public async Task What_an_instance_with_a_clock_behind_ends_before_the_mark_is_written_down_in_the_next_cycle()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("a", block.Id, T0, T0 + Day);
        await ReclaimAsync(T0 + Hour);

        // Ten seconds behind: the end is in its future, and where Reclaim has been.
        await ApplyAsync(ClaimOf(lease), 1, T0 + Hour - (5 * Second), T0 + Hour - Bounds.ClockSkew);

        Assert.That(await ReclaimAsync(T0 + Hour + Second), Is.EqualTo(new ReclaimAnswer(1, 0, false)));
        Assert.That((await GetAsync(lease))!.End, Is.EqualTo(EndReason.Expired));
    }

    [Test]
    public async Task What_ends_after_the_aging_grew_is_reclaimed_when_it_has_rested_that_long()
    {
        var block = await AddBlockAsync(aging: Hour);
        await ReclaimAsync(T0 + (10 * Day));
        await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, 3 * Day, null, null, None);
        var lease = await LeaseAsync("a", block.Id, T0 + (10 * Day), T0 + (11 * Day));

        Assert.That(await ReclaimAsync(T0 + (14 * Day) - Second), Is.EqualTo(new ReclaimAnswer(1, 0, false)));
        Assert.That(await GetAsync(lease), Is.Not.Null);
        Assert.That(await ReclaimAsync(T0 + (14 * Day)), Is.EqualTo(new ReclaimAnswer(0, 1, false)));
    }

    /// <summary>A take that was executed late may lie behind the mark, so that its end is first seen when it has rested.</summary>
    [Test]
    public async Task A_limit_that_is_met_between_the_end_and_the_removal_skips_nothing()
    {
        var block = await AddBlockAsync(inStock: 2);
        await ReclaimAsync(T0 + Minute);
        var leases = new[] { await LeaseAsync("a", block.Id, T0, T0 + (10 * Second)), await LeaseAsync("b", block.Id, T0, T0 + (20 * Second)) };

        while ((await ReclaimAsync(T0 + Hour + Minute, limit: 1)).Backlog)
        {
        }

        foreach (var lease in leases)
            Assert.That(await GetAsync(lease), Is.Null);
    }

    [TestCase(PoolMode.Direct)]
    [TestCase(PoolMode.Extension)]
    public async Task Any_number_of_instances_reclaim_at_once_and_each_end_is_written_down_once(PoolMode mode)
    {
        const int Instances = 8;
        const int Due = 300;
        var blocks = new List<TestBlock>();
        for (var i = 0; i < 5; i++)
            blocks.Add(mode == PoolMode.Direct ? await AddBlockAsync(inStock: 100) : await AddExtensionBlockAsync(density: 5, inStock: 100));
        var leases = new List<LeaseRecord>();
        for (var i = 0; i < Due + 50; i++)
        {
            var (block, end) = (blocks[i % blocks.Count], T0 + (i < Due ? Minute : 10 * Day));
            leases.Add(mode == PoolMode.Direct
                ? await LeaseAsync($"L{i}", block.Id, T0, end)
                : await ShareAsync($"L{i}", block, T0, expireTime: end, choice: ChoiceOf(pick: (uint)i)));
        }

        var connection = await RedisStoreUnderTest.Single.GetConnectionAsync();
        var stores = Enumerable.Range(0, Instances).Select(_ => RedisStoreUnderTest.Over(connection)).ToList();
        foreach (var store in stores)
            await store.Stock.FindPoolAsync(Tenant, blocks[0].Pool.PoolId, None);
        var ended = await AllAsync(T0 + (2 * Minute));
        Assert.That((ended.Sum(answer => answer.Expired), ended.Sum(answer => answer.Removed)), Is.EqualTo((Due, 0)));
        foreach (var block in blocks)
        {
            var log = (await Running.ReadLogAsync(block.Id)).Where(entry => entry.Kind == LogKind.Expired).Select(entry => (entry.Slot, entry.LeaseTime)).ToList();
            Assert.That(log, Is.Unique);
            Assert.That(log, Has.Count.EqualTo(leases.Take(Due).Count(lease => lease.Block == block.Id)));
        }

        var removed = await AllAsync(T0 + Hour + (2 * Minute));
        Assert.That((removed.Sum(answer => answer.Expired), removed.Sum(answer => answer.Removed)), Is.EqualTo((0, Due)));
        foreach (var lease in leases.Skip(Due))
            Assert.That((await GetAsync(lease))!.End, Is.EqualTo(EndReason.None));
        foreach (var store in stores)
            await store.DisposeAsync();

        // Each goes on until it finds nothing more, in small steps, so that they meet in the middle of blocks.
        async Task<IReadOnlyList<ReclaimAnswer>> AllAsync(DateTimeOffset now) =>
            [.. (await Task.WhenAll(stores.Select(store => Task.Run(() => DrainAsync(store, now))))).SelectMany(answers => answers)];

        static async Task<List<ReclaimAnswer>> DrainAsync(RunningStore store, DateTimeOffset now)
        {
            var answers = new List<ReclaimAnswer>();
            do
                answers.Add(await store.Pool.ReclaimAsync(7, now, None));
            while (answers[^1].Backlog);
            return answers;
        }
    }
}
