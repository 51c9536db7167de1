using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>What a block whose numbers are shared keeps in Redis, and for how long.</summary>
public sealed class SharedBlockTests() : StoreTests(RedisStoreUnderTest.Single)
{
    /// <summary>What there is of a block that nobody has leased from.</summary>
    private static readonly string[] s_always = ["meta", "numbers", "open", "log"];

    [Test]
    public async Task Once_all_leases_have_rested_nothing_is_left_of_them([Values(PoolMode.Extension, PoolMode.Pair)] PoolMode mode)
    {
        var block = mode == PoolMode.Pair ? await AddPairBlockAsync(inStock: 10) : await AddExtensionBlockAsync(density: 50, inStock: 10);
        var numbers = await NumbersAsync(block);
        for (var i = 0; i < 20; i++)
        {
            var lease = await ShareAsync($"R{i}", block, T0, $"a{i % 7}", $"b{i % 5}", T0 + ((i + 1) * Minute));
            if (i % 3 == 0)
                await ReassignHolderAsync(lease, "request", $"c{i % 4}", T0 + Second);
            if (i % 4 == 0)
                await ReleaseAsync(lease, T0 + (2 * Second));
            if (i % 5 == 0)
                await ExtendAsync(lease, "extend", T0 + Second, Minute);
        }

        Assert.That(await KeysAsync(block), Is.SupersetOf(s_always).And.SupersetOf(new[] { "free", "routes", "claims" }));
        await ReclaimAsync(T0 + Day);

        Assert.That(await KeysAsync(block), Is.EquivalentTo(s_always));
        Assert.That(await NumbersAsync(block), Is.EqualTo(numbers), "Nothing is counted that is not there.");
    }

    /// <summary>A party is a keyed digest wherever it stands, like every number that is looked for.</summary>
    [Test]
    public async Task A_party_is_kept_by_its_digest_and_by_nothing_else()
    {
        var block = await AddPairBlockAsync();
        await PairAsync(block, "a", "b", T0);
        var parties = await (await DatabaseAsync()).HashGetAllAsync(Keys.OfBlock(block.Id, PoolMode.Pair)[9]);

        Assert.That(
            parties.Select(party => (byte[])party.Name!),
            Is.EquivalentTo(new[] { "a", "b" }.Select(name => new byte[] { 0, 0 }.Concat(DigestOf(name).ToArray()).ToArray())));
        Assert.That(parties.Select(party => ((byte[])party.Value!).Length), Is.All.EqualTo(10), "An instant and a slot.");
    }

    [Test]
    public async Task A_counter_is_swept_when_it_is_over_and_not_before()
    {
        await Steps.CountAsync(new CountStep(DigestOf("counted"), 5, Hour, null), T0, None);
        await Steps.CountAsync(new CountStep(DigestOf("barred"), 1, Hour, Day), T0, None);
        var database = await DatabaseAsync();

        var counted = await database.KeyTimeToLiveAsync(Keys.Counter(DigestOf("counted")));
        var barred = await database.KeyTimeToLiveAsync(Keys.Counter(DigestOf("barred")));

        // A minute for the test itself; and clocks differ.
        Assert.That(counted, Is.GreaterThan(Hour - Minute).And.LessThanOrEqualTo(Hour + (3 * Bounds.ClockSkew)));
        Assert.That(barred, Is.GreaterThan(Day - Minute).And.LessThanOrEqualTo(Day + (3 * Bounds.ClockSkew)));
    }

    /// <summary>Else each refused lease would leave a claim and a ledger behind.</summary>
    [Test]
    public async Task A_block_is_not_proposed_before_something_in_it_may_be_had()
    {
        var block = await AddExtensionBlockAsync(density: 1, aging: Hour, extensionLength: 1);
        for (var i = 0; i < 10; i++)
            await ReleaseAsync(await ShareAsync($"R{i}", block, T0), T0);

        Assert.That(await ChooseAsync(block.Pool, "a", T0 + Hour - TimeSpan.FromMilliseconds(1)), Is.Null);
        Assert.That(await ChooseAsync(block.Pool, "a", T0 + Hour), Is.EqualTo(block.Id));
    }

    /// <summary>Blocks of one bucket, and of one in two areas, are told apart, and each is filled again as what it is.</summary>
    [Test]
    public async Task Numbers_of_many_blocks_of_one_bucket_are_added_again_by_another_instance()
    {
        var (pool, _) = await Stock.CreatePoolAsync(PairPoolOf("pairs", Hour, density: 5_000), None);
        var numbers = Enumerable.Range(0, 9).Select(RealNumber).ToList();
        await Stock.AddNumbersAsync(pool, new([], numbers, "010"), T0, None);
        await Stock.AddNumbersAsync(pool, new([], [RealNumber(20)], "021"), T0, None);
        await using var other = RedisStoreUnderTest.Over(await RedisStoreUnderTest.Single.GetConnectionAsync());

        var again = await other.Stock.AddNumbersAsync(pool, new([], numbers, "010"), T0, None);

        Assert.That((again.Added, again.Present), Is.EqualTo((0, 9)));
        var identities = new List<string>();
        for (var block = 1u; block <= 4; block++)
            identities.Add((await (await DatabaseAsync()).HashGetAsync(Keys.OfBlock(block)[0], "block"))!);
        Assert.That(identities, Is.Unique);
    }

    private static async Task<IDatabase> DatabaseAsync() => (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase();

    /// <summary>Which of its keys exist, by their last word.</summary>
    private static async Task<IReadOnlyList<string>> KeysAsync(TestBlock block)
    {
        var database = await DatabaseAsync();
        var there = new List<string>();
        foreach (var key in Keys.OfBlock(block.Id, block.Pool.Mode))
        {
            if (await database.KeyExistsAsync(key))
                there.Add(((string)key!).Split(':')[^1]);
        }

        return there;
    }

    private static async Task<IReadOnlyList<string>> NumbersAsync(TestBlock block)
    {
        var numbers = await (await DatabaseAsync()).HashGetAllAsync(Keys.OfBlock(block.Id, block.Pool.Mode)[7]);
        return [.. numbers.Select(number => $"{number.Name} {Convert.ToHexString((byte[])number.Value!)}").Order(StringComparer.Ordinal)];
    }
}
