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
    public async Task Trap_13_A_block_that_lost_its_data_answers_nothing()
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
    public async Task A_block_whose_numbers_are_shared_answers_nothing_either([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = mode == PoolMode.Pair ? await AddPairBlockAsync() : await AddExtensionBlockAsync(density: 10);
        var lease = await ShareAsync("a", block, T0, "a", "b");
        var database = (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase();
        await database.KeyDeleteAsync(Keys.OfBlock(block.Id, mode));
        var parties = mode == PoolMode.Pair ? PartiesOf("c", "d") : default(PairParties?);
        var (claim, mark) = (ClaimOf(lease), MarkOf("request"));

        await AssertLostAsync(() => Steps.ResolveAsync(new RouteStep(lease.Number, PartOf(lease, block), DigestOf("a")), T0, None).AsTask());
        await AssertLostAsync(() => Steps.FindAsync(claim, None).AsTask());
        await AssertLostAsync(() => GetAsync(lease).AsTask());
        await AssertLostAsync(() => ExtendAsync(lease, "request", T0).AsTask());
        await AssertLostAsync(() => Steps.ReassignAsync(new ReassignStep(HolderOf(lease), mark, BoundOf("c")), T0, None).AsTask());
        await AssertLostAsync(() => ReleaseAsync(lease, T0).AsTask());
        await AssertLostAsync(() => ApplyAsync(claim, 1, T0 + Day, T0).AsTask());
        await AssertLostAsync(() => TakeSharedAsync("c", block, T0, "c", "d"));
        Assert.That(await ReclaimAsync(T0), Is.EqualTo(new ReclaimAnswer(0, 0, Backlog: false)), "It is left as it is.");
        await AssertLostAsync(() => Stock.GetStatsAsync(block.Pool, 0, 10, T0, None).AsTask());
        await AssertLostAsync(() => Stock.GetRoomAsync(block.Pool, null, parties, T0, None).AsTask());
        await AssertLostAsync(() => Stock.ListRecordsAsync(block.Pool, null, default, 10, T0, None).AsTask());
        await AssertLostAsync(() => Stock.ChangeNumbersAsync(block.Pool, new([], [lease.Number]), StockChange.Suspend, T0, None).AsTask());
        await AssertLostAsync(() => Stock.AddNumbersAsync(block.Pool, new([block.Prefix], []), T0, None).AsTask());
        foreach (var key in Keys.OfBlock(block.Id, mode))
            Assert.That(await database.KeyExistsAsync(key), Is.False, $"{key} was made anew.");
    }

    [Test]
    public async Task A_block_that_lost_its_data_keeps_no_pair_from_the_next_one()
    {
        var block = await AddPairBlockAsync();
        await Stock.AddNumbersAsync(block.Pool, new(["799000001"], []), T0, None);
        await (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase().KeyDeleteAsync(Keys.OfBlock(block.Id, PoolMode.Pair));

        Assert.That(await ChooseAsync(block.Pool, "a", T0, "b"), Is.EqualTo(block.Id + 1));
        await AssertLostAsync(() => Stock.GetRoomAsync(block.Pool, null, PartiesOf("a", "a"), T0, None).AsTask());
    }

    /// <summary>Its numbers may be leased, or aging: as new ones they would reach the next holder.</summary>
    [Test]
    public async Task A_block_that_lost_its_data_is_not_made_anew_by_adding_its_numbers_again()
    {
        var block = await AddBlockAsync();
        var single = RealNumber(1);
        await Stock.AddNumbersAsync(block.Pool, new([], [single]), T0, None);
        var (lost, bucket) = (await LeaseAsync("a", block.Id, T0), (await ChooseAsync(block.Pool))!.Value);
        var lostSingle = await LeaseAsync("b", bucket, T0);
        var database = (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase();
        await database.KeyDeleteAsync(Keys.OfBlock(block.Id));
        await database.KeyDeleteAsync(Keys.OfBlock(bucket));

        await AssertLostAsync(() => Stock.AddNumbersAsync(block.Pool, new([block.Prefix], []), T0, None).AsTask());
        await AssertLostAsync(() => Stock.AddNumbersAsync(block.Pool, new([], [single]), T0, None).AsTask());
        await AssertLostAsync(() => ResolveAsync(lost, T0).AsTask());
        await AssertLostAsync(() => ResolveAsync(lostSingle, T0).AsTask());
    }

    [Test]
    public async Task A_block_that_lost_its_data_does_not_draw_all_leases_to_itself()
    {
        var block = await AddBlockAsync(inStock: 100);
        await Stock.AddNumbersAsync(block.Pool, new(["799000001", "799000002"], []), T0, None);
        await (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase().KeyDeleteAsync(Keys.OfBlock(block.Id));

        // Whoever finds it out does so for the others; nobody tries again before an operator has looked.
        var outcomes = await LeaseManyAsync("early", T0);
        Assert.That(outcomes.Count(outcome => !outcome), Is.EqualTo(1));
        outcomes = await LeaseManyAsync("later", T0 + Minute);
        Assert.That(outcomes.Count(outcome => !outcome), Is.Zero);

        async Task<List<bool>> LeaseManyAsync(string name, DateTimeOffset now)
        {
            var leased = new List<bool>();
            for (var i = 0; i < 30; i++)
            {
                var chosen = (await Steps.ChooseBlockAsync(Tenant, block.Pool.PoolId, [], now, None))!.Value;
                var claim = (await ClaimAsync(null, $"{name} {i}", chosen, now, delivery: $"{name} {i}")).Claim!;
                try
                {
                    leased.Add((await TakeAsync(claim, now, delivery: $"{name} {i}")).New);
                }
                catch (StoreUnavailableException)
                {
                    leased.Add(false);
                }
            }

            return leased;
        }
    }

    [Test]
    public async Task A_block_that_cannot_be_looked_at_keeps_nobody_from_what_others_have_given_back()
    {
        var block = await AddBlockAsync(aging: 5 * Minute);
        await Stock.AddNumbersAsync(block.Pool, new([], [RealNumber(1), RealNumber(2)]), T0, None);
        var leases = new List<LeaseRecord>();
        for (var i = 0; i < 3; i++)
            leases.Add(await LeaseAsync($"lease {i}", (await ChooseAsync(block.Pool))!.Value, T0));
        await (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase().StringSetAsync(Keys.OfBlock(block.Id)[1], "no set");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ChooseAsync(block.Pool).AsTask());
        var given = leases.First(lease => lease.Block != block.Id);
        await ReleaseAsync(given, T0);

        Assert.That(await Steps.ChooseBlockAsync(Tenant, block.Pool.PoolId, [], T0 + Hour, None), Is.EqualTo(given.Block));
    }

    /// <summary>On a cluster a fail-over may lose the end of the registry, and with it nothing of the blocks on other shards.</summary>
    [Test]
    public async Task A_block_that_the_registry_has_lost_leaves_its_leases_to_no_other()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("a", block.Id, T0);
        var connection = await RedisStoreUnderTest.Single.GetConnectionAsync();
        await connection.GetDatabase().KeyDeleteAsync(Keys.Registry);

        await using var later = RedisStoreUnderTest.Over(connection);
        var (pool, _) = await later.Stock.CreatePoolAsync(PoolOf("pool-1", Hour), None);
        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => later.Stock.AddNumbersAsync(pool, new(["799000001"], []), T0, None).AsTask());
        Assert.That(refusal!.Message, Does.Contain("another block"));
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => later.Pool.ResolveAsync(PhoneNumber.FromCanonical("999:79900000100"), T0, None).AsTask());
        Assert.That(refused!.Message, Does.Contain("another block"));
        Assert.That(lease.Slot, Is.Zero);
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
