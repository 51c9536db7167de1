using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Memory;

/// <summary>What only the embedded store has: a bounded log, and look-ups that take no gate while numbers are added.</summary>
public sealed class EmbeddedStoreTests
{
    private static readonly DateTimeOffset s_now = StoreTests.T0;

    private static CancellationToken None => CancellationToken.None;

    [Test]
    public async Task The_log_keeps_so_many_entries_and_goes_on_counting()
    {
        var store = new EmbeddedStore(new ProtocolBounds(), new LogBounds(5, 5));
        var (pool, _) = await store.CreatePoolAsync(StoreTests.PoolOf("p", TimeSpan.FromHours(1)), None);
        await store.AddNumbersAsync(pool, new(["7000000"], []), s_now, None);
        for (var i = 0; i < 8; i++)
            await TakeAsync(store, block: 1, $"T{i}");

        var log = store.ReadLog(1);

        Assert.That(log.Select(entry => entry.Sequence), Is.EqualTo(new[] { 5, 6, 7, 8, 9 }));
        Assert.That(log.Select(entry => entry.Kind), Has.All.EqualTo(LogKind.Leased));
    }

    [Test]
    public async Task A_pool_that_is_dry_leaves_nothing_behind_for_each_refused_lease()
    {
        var store = new EmbeddedStore(new ProtocolBounds());
        var (pool, _) = await store.CreatePoolAsync(StoreTests.PoolOf("p", TimeSpan.FromHours(1)), None);
        await store.AddNumbersAsync(pool, new(["7000000"], []), s_now, None);
        await store.ChangeNumbersAsync(pool, new(["7000000"], []), StockChange.Suspend, s_now, None);

        Assert.That(await store.ChooseBlockAsync(pool.TenantId, pool.PoolId, [], s_now, None), Is.Null);

        await store.ChangeNumbersAsync(pool, new(["7000000"], []), StockChange.Restore, s_now, None);
        Assert.That(await store.ChooseBlockAsync(pool.TenantId, pool.PoolId, [], s_now, None), Is.EqualTo(1));
    }

    [Test]
    public async Task Reclaim_removes_ledgers_whose_time_is_over()
    {
        var store = new EmbeddedStore(new ProtocolBounds());
        var terms = new Terms(s_now, Final: false);
        foreach (var (delivery, kept) in new[] { ("one", 1), ("two", 2), ("one", 3) })
        {
            var step = new DecideStep(
                StoreTests.DigestOf(delivery), DeliveryStatus.PickedUp, s_now.AddMinutes(kept), terms, default, s_now.AddDays(kept));
            await store.DecideAsync(step, s_now, None);
        }

        Assert.That((await store.ReclaimAsync(10, s_now.AddDays(2), None)).Removed, Is.EqualTo(1), "One was prolonged.");
        Assert.That((await store.ReclaimAsync(10, s_now.AddDays(3), None)).Removed, Is.EqualTo(1));
    }

    [Test]
    public async Task Blocks_are_numbered_from_one_in_the_order_of_their_adding()
    {
        var store = new EmbeddedStore(new ProtocolBounds());
        var (pool, _) = await store.CreatePoolAsync(StoreTests.PoolOf("p", TimeSpan.FromHours(1)), None);
        Assert.That(store.BlockCount, Is.Zero);

        await store.AddNumbersAsync(pool, new(["7000000", "7000001"], []), s_now, None);

        Assert.That(store.BlockCount, Is.EqualTo(2));
        Assert.That(store.ReadLog(2), Is.EqualTo(new[] { new LogEntry(1, s_now, LogKind.Stocked, null, null, Count: 100) }));
        Assert.That(() => store.ReadLog(3), Throws.InvalidOperationException);
    }

    [Test]
    public async Task A_number_that_can_be_leased_can_be_called()
    {
        var store = new EmbeddedStore(new ProtocolBounds());
        var (pool, _) = await store.CreatePoolAsync(StoreTests.PoolOf("p", TimeSpan.FromHours(1)), None);
        var numbers = Enumerable.Range(0, 10_000).Select(i => PhoneNumber.FromCanonical($"999:80000{i:0000}")).ToList();

        var adding = Task.Run(async () =>
        {
            foreach (var number in numbers)
                await store.AddNumbersAsync(pool, new([], [number]), s_now, None);
        });
        var (lost, tries) = (0, 0);
        for (var leased = 0; leased < numbers.Count && !adding.IsFaulted;)
        {
            if (await store.ChooseBlockAsync(pool.TenantId, pool.PoolId, [], s_now, None) is not { } block
                || await TakeAsync(store, block, $"T{++tries}") is not { Record: { } record })
            {
                continue;
            }

            leased++;
            if ((await store.ResolveAsync(record.Number, s_now, None)).Outcome != RouteOutcome.Route)
                lost++;
        }

        await adding;
        Assert.That(lost, Is.Zero, "Calls to a leased number met nobody.");
    }

    private static ValueTask<TakeAnswer> TakeAsync(EmbeddedStore store, uint block, string claim) => store.TakeAsync(
        new TakeStep(
            new Claim(StoreTests.ClaimIdOf(claim), block, s_now), StoreTests.DigestOf(claim), DeliveryRole.Recipient, 0,
            s_now + TimeSpan.FromDays(1), new byte[NumberSealer.SealedLength], StoreTests.DigestOf("n")),
        s_now,
        None);
}
