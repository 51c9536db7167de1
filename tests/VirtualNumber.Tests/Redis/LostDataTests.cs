using System.Text.Json;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>A block that lost its data is an error, never an empty block; one that nobody has filled yet is neither.</summary>
public sealed class LostDataTests() : StoreTests(RedisStoreUnderTest.Single)
{
    [Test]
    public async Task A_block_that_lost_its_data_answers_nothing()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("a", block.Id, T0);
        var connection = await RedisStoreUnderTest.Single.GetConnectionAsync();
        await connection.GetDatabase().KeyDeleteAsync(Keys.OfBlock(block.Id));

        var holder = new HolderKey(Tenant, block.Id, lease.Slot, lease.LeaseTime);
        var claim = (await ClaimAsync("b", "b", block.Id, T0, delivery: "b")).Claim!;
        await AssertLostAsync(() => Steps.ResolveAsync(lease.Number, T0, None).AsTask());
        await AssertLostAsync(() => Steps.GetAsync(holder, None).AsTask());
        await AssertLostAsync(() => Steps.ReleaseAsync(holder, T0, None).AsTask());
        await AssertLostAsync(() => TakeAsync(claim, T0, delivery: "b").AsTask());
        await AssertLostAsync(() => Stock.GetStatsAsync(block.Pool, 0, 10, T0, None).AsTask());
        await AssertLostAsync(() => Stock.ListRecordsAsync(block.Pool, null, default, 10, T0, None).AsTask());
    }

    [Test]
    public async Task A_block_that_nobody_has_filled_is_passed_over_until_it_is()
    {
        var full = await AddBlockAsync(inStock: 1);
        await LeaseAsync("a", full.Id, T0);
        const string Prefix = "799000001";
        var added = new RegistryChange(Block: new(Tenant, full.Pool.PoolId, Prefix));
        var connection = await RedisStoreUnderTest.Single.GetConnectionAsync();
        await connection.GetDatabase().ListRightPushAsync(Keys.Registry, JsonSerializer.SerializeToUtf8Bytes(added));
        var number = PhoneNumber.FromCanonical($"999:{Prefix}00");

        Assert.That((await Steps.ResolveAsync(number, T0, None)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
        Assert.That(await ChooseAsync(full.Pool), Is.Null);
        var stats = await Stock.GetStatsAsync(full.Pool, 0, 10, T0, None);
        Assert.That(stats.Blocks.Select(block => block.Counts.Stocked), Is.EqualTo(new[] { 100L, 0L }));
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => Stock.ChangeNumbersAsync(full.Pool, new([], [number]), StockChange.Suspend, T0, None).AsTask());

        var repeated = await Stock.AddNumbersAsync(full.Pool, new([Prefix], []), T0, None);
        Assert.That(repeated.Added, Is.EqualTo(100));
        Assert.That(await ChooseAsync(full.Pool), Is.Not.Null);
    }

    private ValueTask<uint?> ChooseAsync(Pool pool) => Steps.ChooseBlockAsync(Tenant, pool.PoolId, [], T0, None);

    private static async Task AssertLostAsync(Func<Task> step) =>
        Assert.That((await Assert.ThrowsAsync<StoreUnavailableException>(step))!.Message, Does.Contain("lost its data"));
}
