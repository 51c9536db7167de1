using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class GetStatsTests : ApiTests
{
    [Test]
    public async Task The_pool_and_each_block_are_counted_by_state()
    {
        await Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "162100200"));
        await LeaseAsync(Requests.CreateLease("SF1"));
        var released = await LeaseAsync(Requests.CreateLease("SF2"));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(released.LeaseId));
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010090", "16210010091")));
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers("16210020000")));

        var stats = await Ops.GetStatsAsync(Requests.GetStats());

        Assert.That(stats.Counts, Is.EqualTo(Counts(available: 195, leased: 1, aging: 1, suspended: 2, retired: 1)));
        Assert.That(stats.Blocks.Select(block => block.Block), Is.EqualTo(new[] { "162100100", "162100200" }));
        Assert.That(stats.Blocks[1].Counts, Is.EqualTo(Counts(available: 99, retired: 1)));
        Assert.That(stats.Blocks.Select(block => block.NextAvailableTime), Is.All.Null);
        Assert.That(stats.NextPageToken, Is.Empty);
    }

    [Test]
    public async Task A_full_block_tells_when_its_next_number_frees_up()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("small"));
        await Ops.AddNumbersAsync(Requests.AddNumbers("small", "16210020001"));
        var request = Requests.CreateLease();
        request.PoolId = "small";
        await LeaseAsync(request);

        var stats = await Ops.GetStatsAsync(Requests.GetStats("small"));

        Assert.That(stats.Blocks, Is.EqualTo(new[]
        {
            new BlockStats { Counts = Counts(leased: 1), NextAvailableTime = Now.AddDays(37).ToTimestamp() },
        }));
    }

    [Test]
    public async Task Pages_walk_the_blocks_in_the_order_in_which_they_were_added()
    {
        await Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "162100900", "162100200"));
        var first = await Ops.GetStatsAsync(Requests.GetStats(pageSize: 2));
        var second = await Ops.GetStatsAsync(Requests.GetStats(pageSize: 2, token: first.NextPageToken));
        Assert.That(first.Blocks.Select(block => block.Block), Is.EqualTo(new[] { "162100100", "162100900" }));
        Assert.That(second.Blocks.Select(block => block.Block), Is.EqualTo(new[] { "162100200" }));
        Assert.That(second.Counts, Is.EqualTo(first.Counts));
        Assert.That(second.NextPageToken, Is.Empty);
    }

    [Test]
    public async Task A_pool_without_numbers_counts_zero()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("none"));
        Assert.That(await Ops.GetStatsAsync(Requests.GetStats("none")), Is.EqualTo(new GetStatsResponse { Counts = Counts() }));
    }

    [Test]
    public async Task The_states_exclude_each_other_and_add_up_whatever_happens()
    {
        var lease = await LeaseAsync();
        var steps = new Func<Task>[]
        {
            async () => await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(lease.VirtualNumber))),
            async () => await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId)),
            async () => await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers(lease.VirtualNumber))),
            async () => await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers(lease.VirtualNumber))),
        };
        foreach (var step in steps)
        {
            await step();
            var counts = await CountAsync();
            Assert.That(
                counts.AvailableCount + counts.LeasedCount + counts.AgingCount + counts.SuspendedCount + counts.RetiredCount,
                Is.EqualTo(100));
            Assert.That((counts.StockedCount, counts.AvailableCount), Is.EqualTo((100, 99)));
        }
    }

    [Test]
    public async Task An_unknown_pool_is_not_found() =>
        (await RefusedCall.OfAsync(Ops.GetStatsAsync, Requests.GetStats("elsewhere"))).Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
}
