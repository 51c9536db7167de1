using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>take, resolve and the search for room where numbers are shared by pairs.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractPairTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    [Test]
    public async Task Take_writes_both_sides_of_a_pair()
    {
        var block = await AddPairBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        var side = new PairSide(DigestOf("b"), SealOf("b"), CallDirection.ToHolder);

        var take = await Steps.TakeAsync(
            StepOf("d", claim, block, T0, "a", choice: ChoiceOf(0, 77)) with { Pair = side, LeasedDigest = DigestOf("a and b") }, T0, None);

        var record = take.Record!;
        Assert.That((take.Outcome, take.New), Is.EqualTo((TakeOutcome.Live, true)));
        Assert.That((record.Slot, record.Number, record.NumberDigest, record.LeasedDigest), Is.EqualTo((77u, block.Number(0), DigestOf("a"), DigestOf("a and b"))));
        Assert.That(record.Pair, Is.EqualTo(side));
        Assert.That(await GetAsync(record), Is.EqualTo(record));
        Assert.That(await Steps.FindAsync(claim, None), Is.EqualTo(record));
    }

    [Test]
    public async Task Pairs_without_a_party_in_common_share_the_first_number()
    {
        var block = await AddPairBlockAsync(inStock: 3);

        var leases = new[]
        {
            await PairAsync(block, "a", "b", T0), await PairAsync(block, "c", "d", T0), await PairAsync(block, "e", null, T0),
        };

        Assert.That(leases.Select(lease => PlaceOf(lease, block)), Is.All.Zero);
        Assert.That(leases.Select(lease => lease.Slot), Is.Unique);
    }

    [Test]
    public async Task A_party_is_on_a_number_once_whichever_side_it_is_on()
    {
        var block = await AddPairBlockAsync(inStock: 5);

        var places = new List<int>();
        foreach (var (holder, peer) in new[] { ("a", "b"), ("a", "c"), ("d", "a"), ("c", "d"), ("b", "c") })
            places.Add(PlaceOf(await PairAsync(block, holder, peer, T0), block));

        // c, d are on 1 and 2; b is on 0, c on 0 by then.
        Assert.That(places, Is.EqualTo(new[] { 0, 1, 2, 0, 2 }));
    }

    [Test]
    public async Task A_party_that_has_no_peer_yet_is_on_its_number_too()
    {
        var block = await AddPairBlockAsync(inStock: 2);
        await PairAsync(block, "a", null, T0);

        Assert.That(PlaceOf(await PairAsync(block, "b", "a", T0), block), Is.EqualTo(1));
        Assert.That(PlaceOf(await PairAsync(block, "c", null, T0), block), Is.Zero);
    }

    [Test]
    public async Task A_party_rests_from_a_number_to_the_last_millisecond()
    {
        var block = await AddPairBlockAsync(aging: Hour);
        await ReleaseAsync(await PairAsync(block, "a", "b", T0), T0 + Minute);
        var rested = T0 + Minute + Hour;

        foreach (var (holder, peer) in new[] { ("a", "x"), ("x", "a"), ("b", "x"), ("x", "b"), ("a", "b") })
            Assert.That(await TryPairAsync(block, holder, peer, rested - s_millisecond), Is.EqualTo(TakeOutcome.Full), $"{holder} {peer}");
        await PairAsync(block, "a", "x", rested);
        await PairAsync(block, "y", "b", rested);
    }

    [Test]
    public async Task The_rest_of_a_party_follows_every_change_of_the_expire_time()
    {
        var block = await AddPairBlockAsync(aging: Hour);
        var lease = await PairAsync(block, "a", "b", T0, expireTime: T0 + Day);

        await ExtendAsync(lease, "X1", T0, span: 2 * Day);
        Assert.That(await TryPairAsync(block, "a", "c", T0 + Day + Hour), Is.EqualTo(TakeOutcome.Full), "Extended to three days.");
        await ApplyAsync(ClaimOf(lease), 1, T0 + (5 * Day), T0);
        Assert.That(await TryPairAsync(block, "b", "c", T0 + (3 * Day) + Hour), Is.EqualTo(TakeOutcome.Full), "Reported until five days.");
        await ApplyAsync(ClaimOf(lease), 2, T0 + (4 * Day), T0 + (4 * Day), final: true);
        Assert.That(await TryPairAsync(block, "a", "c", T0 + (4 * Day) + Hour - s_millisecond), Is.EqualTo(TakeOutcome.Full));
        await PairAsync(block, "a", "c", T0 + (4 * Day) + Hour);
    }

    [Test]
    public async Task Nobody_is_paired_with_himself()
    {
        var block = await AddPairBlockAsync(inStock: 2);

        Assert.That(await TryPairAsync(block, "a", "a", T0), Is.EqualTo(TakeOutcome.Full));
        Assert.That(await ChangesAsync(block.Id), Is.Empty);
    }

    [Test]
    public async Task A_number_has_as_many_leases_as_its_density()
    {
        var block = await AddPairBlockAsync(density: 2, inStock: 2);
        var first = await PairAsync(block, "a", "b", T0);
        await PairAsync(block, "c", "d", T0);
        Assert.That(PlaceOf(await PairAsync(block, "e", "f", T0), block), Is.EqualTo(1));

        await ReleaseAsync(first, T0 + Minute);
        Assert.That(PlaceOf(await PairAsync(block, "g", "h", T0 + Minute), block), Is.Zero, "The place is free at once, its parties rest.");
        Assert.That(PlaceOf(await PairAsync(block, "i", "j", T0 + Minute), block), Is.EqualTo(1));
    }

    [Test]
    public async Task A_hundred_numbers_carry_one_party_a_hundred_times_and_then_tell_why_not_again()
    {
        var block = await AddPairBlockAsync(density: 200, inStock: 100, aging: Hour);
        var leases = new List<LeaseRecord>();
        for (var i = 0; i < 100; i++)
        {
            Assert.That(await ChooseAsync(block.Pool, "hub", T0, $"peer {i}"), Is.EqualTo(block.Id));
            leases.Add(i % 2 == 0
                ? await PairAsync(block, "hub", $"peer {i}", T0, T0 + Day + (i * Minute))
                : await PairAsync(block, $"peer {i}", "hub", T0, T0 + Day + (i * Minute)));
        }

        Assert.That(leases.Select(lease => lease.Number), Is.Unique);
        Assert.That(await TryPairAsync(block, "hub", "peer", T0), Is.EqualTo(TakeOutcome.Full));
        var room = await Stock.GetRoomAsync(block.Pool, null, PartiesOf("hub", "peer"), T0, None);
        Assert.That(room.Pair, Is.EqualTo(new PairRoom(100, 100, 0, 0, 100, 0, T0 + Day + Hour)));
        Assert.That((room.Counts, room.NextAvailableTime), Is.EqualTo((new NumberCounts(19_900, 100, 0, 0, 0, 0), (DateTimeOffset?)null)));

        await ReleaseAsync(leases[42], T0 + Minute);
        Assert.That(await TryPairAsync(block, "hub", "later", T0 + Minute + Hour - s_millisecond), Is.EqualTo(TakeOutcome.Full));
        var next = await PairAsync(block, "hub", "later", T0 + Minute + Hour);
        Assert.That(next.Number, Is.EqualTo(leases[42].Number));
    }

    [Test]
    public async Task Sixty_four_clients_put_one_party_on_a_hundred_numbers_once_each()
    {
        var block = await AddPairBlockAsync(density: 200, inStock: 100);
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clients = Enumerable.Range(0, 64).Select(client => Task.Run(async () =>
        {
            var leased = new List<LeaseRecord>();
            await signal.Task;
            for (var i = 0; ; i++)
            {
                var (name, peer) = ($"{client}-{i}", $"peer {client}-{i}");
                var take = client % 2 == 0
                    ? await TakeSharedAsync(name, block, T0, "hub", peer)
                    : await TakeSharedAsync(name, block, T0, peer, "hub");
                if (take.Record is not { } record)
                    return (Leased: leased, take.Outcome);
                leased.Add(record);
            }
        })).ToList();
        signal.SetResult();
        var answers = await Task.WhenAll(clients);

        Assert.That(answers.Select(answer => answer.Outcome), Has.All.EqualTo(TakeOutcome.Full));
        Assert.That(answers.SelectMany(answer => answer.Leased).Select(record => record.Number), Is.Unique.And.Exactly(100).Items);
        Assert.That((await CountsOfAsync(block, T0)).Leased, Is.EqualTo(100));
    }

    [Test]
    public async Task Room_tells_where_the_parties_are_and_what_has_a_place()
    {
        var block = await AddPairBlockAsync(density: 1, inStock: 4, aging: Hour);
        await PairAsync(block, "a", "x", T0, T0 + Day);
        await ReleaseAsync(await PairAsync(block, "b", "y", T0), T0 + Minute);
        await PairAsync(block, "a", "b", T0 + Minute, T0 + (2 * Day));

        // a is on 0 and 2, which have no place; b on 1, where it rests, and on 2; 3 is empty.
        var room = await Stock.GetRoomAsync(block.Pool, null, PartiesOf("a", "b"), T0 + Minute, None);
        Assert.That(room.Pair, Is.EqualTo(new PairRoom(4, 2, 1, 1, 2, 2, null)));
        Assert.That((await Stock.GetRoomAsync(block.Pool, null, PartiesOf("z", null), T0 + Minute, None)).Pair, Is.EqualTo(new PairRoom(4, 2, 2, 4, 0, 0, null)));
        Assert.That((await Stock.GetRoomAsync(block.Pool, null, null, T0 + Minute, None)).Pair, Is.Null);

        await SuspendAsync(block, 3);
        room = await Stock.GetRoomAsync(block.Pool, null, PartiesOf("a", "b"), T0 + Minute, None);
        Assert.That(room.Pair, Is.EqualTo(new PairRoom(3, 1, 0, 0, 2, 2, T0 + Minute + Hour)), "b has rested from 1 first.");
        room = await Stock.GetRoomAsync(block.Pool, null, PartiesOf("a", "b"), T0 + Minute + Hour, None);
        Assert.That(room.Pair, Is.EqualTo(new PairRoom(3, 1, 1, 1, 2, 1, null)));

        await SuspendAsync(block, 0, 1, 2);
        room = await Stock.GetRoomAsync(block.Pool, null, PartiesOf("a", "b"), T0 + Minute, None);
        Assert.That((room.Pair, room.NextAvailableTime), Is.EqualTo(((PairRoom?)default(PairRoom), (DateTimeOffset?)null)), "Nothing is in stock.");
    }

    [Test]
    public async Task A_pairs_block_is_the_first_in_which_both_fit()
    {
        var (pool, _) = await Stock.CreatePoolAsync(PairPoolOf("pairs", Hour, density: 1), None);
        foreach (var prefix in new[] { "700100", "700200", "700300" })
        {
            await Stock.AddNumbersAsync(pool, new([$"{prefix}000"], []), T0, None);
            var rest = Enumerable.Range(1, 99).Select(i => PhoneNumber.FromCanonical($"999:{prefix}000{i:00}")).ToList();
            await Stock.ChangeNumbersAsync(pool, new([], rest), StockChange.Suspend, T0, None);
        }

        async Task<LeaseRecord> LeaseWhereChosenAsync(string holder, string peer, DateTimeOffset now, DateTimeOffset? expireTime = null)
        {
            var tried = new List<uint>();
            while (true)
            {
                // A store may propose a block that proves full; it may not pass over one that is not.
                var chosen = await ChooseAsync(pool, holder, now, peer, tried: tried);
                Assert.That(chosen, Is.Not.Null.And.Not.AnyOf(tried.Cast<object>().Append(0).ToArray()), "There is room.");
                var block = new TestBlock(pool, chosen!.Value, "");
                var take = await TakeSharedAsync($"{holder}{peer}{now:O}{tried.Count}", block, now, holder, peer, expireTime);
                if (take.Record is { } record)
                    return record;
                tried.Add(block.Id);
            }
        }

        var first = await LeaseWhereChosenAsync("a", "b", T0, T0 + Day);
        var second = await LeaseWhereChosenAsync("a", "c", T0);
        var third = await LeaseWhereChosenAsync("e", "d", T0);
        // By now the first one's lease has expired, which nobody has written down: strangers fit there, and b does not.
        var again = await LeaseWhereChosenAsync("f", "g", T0 + Day);

        Assert.That(new[] { second.Block, third.Block, again.Block }, Is.EqualTo(new[] { first.Block + 1, first.Block + 2, first.Block }));
    }

    [Test]
    public async Task A_take_goes_on_tidying_up_while_nothing_is_to_be_had()
    {
        // Two single numbers of a pool of pairs are in one block. What is due on the first, which is suspended, is more than a take does at once.
        const int Density = INumberPool.MostDuePerTake;
        var (pool, _) = await Stock.CreatePoolAsync(PairPoolOf("pairs", 2 * Day, Density), None);
        await Stock.AddNumbersAsync(pool, new([], [RealNumber(1), RealNumber(2)]), T0, None);
        var block = new TestBlock(pool, (await ChooseAsync(pool, "n", T0))!.Value, "");
        foreach (var (first, expireTime) in new[] { (0, T0 + Hour), (Density, T0 + (2 * Hour)) })
        {
            for (var i = first; i < first + Density; i++)
                await ShareAsync($"R{i}", block, T0, $"holder {i}", $"peer {i}", expireTime);
        }

        Assert.That(await TryPairAsync(block, "a", "b", T0), Is.EqualTo(TakeOutcome.Full));
        await Stock.ChangeNumbersAsync(pool, new([], [RealNumber(1)]), StockChange.Suspend, T0, None);
        var lease = await PairAsync(block, "a", "b", T0 + (3 * Hour));

        Assert.That(lease.Number, Is.EqualTo(RealNumber(2)));
    }

    [Test]
    public async Task Resolve_connects_the_parties_and_nobody_else()
    {
        var block = await AddPairBlockAsync(inStock: 2);
        var lease = await PairAsync(block, "a", "b", T0);
        var other = await PairAsync(block, "c", null, T0);

        foreach (var party in new[] { "a", "b" })
            Assert.That(await ResolvePairAsync(lease.Number, party, T0), Is.EqualTo(new RouteAnswer(RouteOutcome.Route, lease, true)));
        Assert.That((await ResolvePairAsync(lease.Number, "c", T0)).Record, Is.EqualTo(other));
        Assert.That(await ResolvePairAsync(lease.Number, "x", T0), Is.EqualTo(new RouteAnswer(RouteOutcome.NotLeased)));
        Assert.That(await ResolvePairAsync(lease.Number, null, T0), Is.EqualTo(new RouteAnswer(RouteOutcome.NotLeased)));
        Assert.That((await ResolvePairAsync(block.Number(1), "a", T0)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
        Assert.That((await ResolvePairAsync(RealNumber(1), "a", T0)).Outcome, Is.EqualTo(RouteOutcome.NotStocked));
    }

    [Test]
    public async Task Resolve_tells_an_earlier_party_of_the_end_until_it_has_rested([Values] bool reclaimed)
    {
        var block = await AddPairBlockAsync(aging: Hour);
        var lease = await PairAsync(block, "a", "b", T0, expireTime: T0 + Day);

        Assert.That((await ResolvePairAsync(lease.Number, "a", T0 + Day - s_millisecond)).Outcome, Is.EqualTo(RouteOutcome.Route));
        if (reclaimed)
            await ReclaimAsync(T0 + Day);
        var last = T0 + Day + Hour - s_millisecond;
        var ended = await ResolvePairAsync(lease.Number, "b", last);
        Assert.That((ended.Outcome, ended.Record!.Claim), Is.EqualTo((RouteOutcome.Ended, lease.Claim)));
        Assert.That((await ResolvePairAsync(lease.Number, "x", last)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
        if (reclaimed)
            await ReclaimAsync(T0 + Day + Hour);
        Assert.That((await ResolvePairAsync(lease.Number, "b", T0 + Day + Hour)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
    }

    [Test]
    public async Task Resolve_finds_the_lease_that_a_party_has_come_back_to_the_number_with()
    {
        var block = await AddPairBlockAsync(aging: Hour);
        var old = await PairAsync(block, "a", "b", T0, expireTime: T0 + Minute);
        var next = await PairAsync(block, "a", "c", T0 + Minute + Hour);

        Assert.That(next.Number, Is.EqualTo(old.Number));
        Assert.That((await ResolvePairAsync(old.Number, "a", T0 + Minute + Hour)).Record, Is.EqualTo(next));
        Assert.That((await ResolvePairAsync(old.Number, "b", T0 + Minute + Hour)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
    }

    [Test]
    public async Task A_suspended_number_is_told_from_one_that_is_not_only_by_its_parties()
    {
        var block = await AddPairBlockAsync();
        var lease = await PairAsync(block, "a", "b", T0);
        await SuspendAsync(block, 0);

        Assert.That((await ResolvePairAsync(lease.Number, "a", T0)).Outcome, Is.EqualTo(RouteOutcome.Suspended));
        Assert.That((await ResolvePairAsync(lease.Number, "x", T0)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
        Assert.That(await TryPairAsync(block, "c", "d", T0), Is.EqualTo(TakeOutcome.Full));

        await Stock.ChangeNumbersAsync(block.Pool, new([], [lease.Number]), StockChange.Retire, T0, None);
        Assert.That((await ResolvePairAsync(lease.Number, "a", T0)).Record, Is.EqualTo(lease), "What is retired drains.");
        Assert.That(await TryPairAsync(block, "e", "f", T0), Is.EqualTo(TakeOutcome.Full));
    }

    [Test]
    public async Task What_a_fast_clock_ended_is_over_for_a_slow_clock_and_rests_for_it_too()
    {
        var block = await AddPairBlockAsync(aging: Hour);
        var lease = await PairAsync(block, "a", "b", T0, expireTime: T0 + Day);
        await PairAsync(block, "c", "d", T0 + Day);
        var behind = T0 + Day - (5 * Second);

        Assert.That((await ResolvePairAsync(lease.Number, "a", behind)).Outcome, Is.EqualTo(RouteOutcome.Ended));
        Assert.That((await ExtendAsync(lease, "X1", behind)).Outcome, Is.EqualTo(HolderOutcome.Ended));
        Assert.That(await TryPairAsync(block, "a", "e", behind + Hour), Is.EqualTo(TakeOutcome.Full));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Expired, LogKind.Leased }));
    }
}
