using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Many clients at once, on real threads.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.AllAndReplicated))]
public sealed class RaceTests(StoreUnderTest kind) : VerbTests(kind)
{
    private const int Clients = 64;

    [Test]
    public async Task Sixty_four_clients_lease_a_thousand_numbers_once_each_and_again_after_their_rest()
    {
        var block = await AddBlockAsync(inStock: 100);
        await Stock.AddNumbersAsync(block.Pool, new([.. Enumerable.Range(1, 9).Select(i => $"70100000{i}")], []), T0, None);

        var first = await LeaseUntilEmptyAsync(block, "first");
        Assert.That(first.Leases.Select(lease => lease.Number), Is.Unique.And.Exactly(1_000).Items);
        Assert.That(first.Refusals, Has.Length.EqualTo(Clients).And.All.EqualTo(new CreateLeaseAnswer(
            CreateLeaseOutcome.PoolEmpty, Shortage: new Shortage(new NumberCounts(0, 1_000, 0, 0, 0, 0), T0 + (30 * Day) + Hour))));

        Time.Advance(Minute);
        await InParallelAsync(first.Leases, async lease => Assert.That((await ReleaseAsync(lease)).Outcome, Is.EqualTo(LeaseOutcome.Done)));
        var resting = await LeaseUntilEmptyAsync(block, "resting");
        Assert.That(resting.Leases, Is.Empty);
        Assert.That(resting.Refusals, Has.Length.EqualTo(Clients).And.All.EqualTo(new CreateLeaseAnswer(
            CreateLeaseOutcome.NumbersAging, Shortage: new Shortage(new NumberCounts(0, 0, 1_000, 0, 0, 0), T0 + Minute + Hour))));

        Time.Advance(Hour);
        var second = await LeaseUntilEmptyAsync(block, "second");
        Assert.That(second.Leases.Select(lease => lease.Number), Is.Unique.And.Exactly(1_000).Items);
        Assert.That(second.Leases.Select(lease => lease.LeaseId).Intersect(first.Leases.Select(lease => lease.LeaseId)), Is.Empty);
    }

    [Test]
    public async Task Sixty_four_clients_whose_pairs_share_one_party_get_a_hundred_numbers_once_each()
    {
        var block = await AddPairBlockAsync(density: 200, inStock: 100);
        var answers = (await AtOnceAsync(async client =>
        {
            var own = new List<CreateLeaseAnswer>();
            for (var i = 0; i < 4; i++)
                own.Add(await CreatePairAsync(block, $"WB{client}-{i}", holder: 1, peer: 1_000 + (4 * client) + i, request: "R1"));
            return own;
        })).SelectMany(own => own).ToList();

        var leases = answers.Where(answer => answer.Outcome == CreateLeaseOutcome.Leased).Select(answer => answer.Lease!).ToList();
        var refusals = answers.Where(answer => answer.Outcome != CreateLeaseOutcome.Leased).ToList();
        Assert.That(leases.Select(lease => lease.Number), Is.Unique.And.Exactly(100).Items);
        Assert.That(refusals, Has.Count.EqualTo(156));
        Assert.That(refusals.Select(refusal => refusal.Outcome), Has.All.EqualTo(CreateLeaseOutcome.PartySaturated));
        Assert.That(refusals.Select(refusal => refusal.Shortage!.HolderNumbers), Has.All.EqualTo(100));
        foreach (var lease in leases)
            Assert.That((await Verbs.ResolveAsync(lease.Number, RealNumber(1), None)).LeaseId, Is.EqualTo(lease.LeaseId));
    }

    [Test]
    public async Task Sixty_four_couriers_who_would_take_over_at_once_get_the_number_one_after_the_other()
    {
        var block = await AddPairBlockAsync(inStock: 1);
        var lease = (await CreatePairAsync(block, "WB1", holder: 1, peer: 2)).Lease!;
        // Four of them are on the number with somebody else.
        for (var i = 0; i < 4; i++)
            Assert.That((await CreatePairAsync(block, $"OTHER{i}", holder: 100 + i, peer: 200 + i)).Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));

        var answers = await AtOnceAsync(client => Verbs.ReassignLeaseAsync(
            new ReassignLeaseCommand(Tenant, lease.LeaseId, $"X{client}", RealNumber(100 + client)), None));

        Assert.That(answers.Count(answer => answer.Outcome == LeaseOutcome.PartyBusy), Is.EqualTo(4));
        Assert.That(answers.Count(answer => answer.Outcome == LeaseOutcome.Done), Is.EqualTo(Clients - 4));
        var holders = new List<int>();
        for (var client = 0; client < Clients; client++)
        {
            if (await Verbs.ResolveAsync(lease.Number, RealNumber(100 + client), None) is { Outcome: ResolveOutcome.Connect } route && route.LeaseId == lease.LeaseId)
                holders.Add(100 + client);
        }

        Assert.That(holders, Has.Count.EqualTo(1));
        Assert.That((await Verbs.ResolveAsync(lease.Number, RealNumber(2), None)).RealNumber, Is.EqualTo(RealNumber(holders[0])));
    }

    [Test]
    public async Task Sixty_four_clients_fill_a_number_to_its_density_and_no_further()
    {
        var block = await AddExtensionBlockAsync(density: 200, inStock: 1);
        var answers = (await AtOnceAsync(async client =>
        {
            var own = new List<CreateLeaseAnswer>();
            for (var i = 0; i < 4; i++)
                own.Add(await CreateAsync(block, "R1", delivery: DeliveryOf($"WB{client}-{i}")));
            return own;
        })).SelectMany(own => own).ToList();

        var leases = answers.Where(answer => answer.Lease is not null).Select(answer => answer.Lease!).ToList();
        Assert.That(leases.Select(lease => lease.Extension), Is.Unique.And.Exactly(200).Items);
        Assert.That(answers.Count(answer => answer.Outcome == CreateLeaseOutcome.PoolEmpty), Is.EqualTo(56));
        Assert.That((await CountsAsync(block)).Leased, Is.EqualTo(200));
    }

    [Test]
    public async Task One_request_sent_sixty_four_times_at_once_gets_one_lease()
    {
        var block = await AddBlockAsync(inStock: 100);

        var answers = await AtOnceAsync(_ => CreateAsync(block, "R1"));

        Assert.That(answers.Select(answer => answer.Outcome), Has.All.EqualTo(CreateLeaseOutcome.Leased));
        Assert.That(answers.Select(answer => answer.Lease!.LeaseId).Distinct().Count(), Is.EqualTo(1));
        Assert.That(answers.Count(answer => !answer.Existing), Is.EqualTo(1), "One of them took the slot.");
        Assert.That((await CountsAsync(block)).Leased, Is.EqualTo(1));
    }

    [Test]
    public async Task Sixty_four_requests_for_one_role_and_number_get_one_lease()
    {
        var block = await AddBlockAsync(inStock: 100);

        var answers = await AtOnceAsync(client => CreateAsync(block, $"R{client}"));

        Assert.That(answers.Select(answer => answer.Outcome), Has.All.EqualTo(CreateLeaseOutcome.Leased));
        Assert.That(answers.Select(answer => answer.Lease!.LeaseId).Distinct().Count(), Is.EqualTo(1));
        Assert.That((await CountsAsync(block)).Leased, Is.EqualTo(1));
    }

    [Test]
    public async Task Sixty_four_numbers_for_one_role_make_one_lease_and_the_others_are_told()
    {
        var block = await AddBlockAsync(inStock: 100);

        var answers = await AtOnceAsync(client => CreateAsync(block, $"R{client}", number: client));

        Assert.That(answers.Count(answer => answer.Outcome == CreateLeaseOutcome.Leased), Is.EqualTo(1));
        Assert.That(answers.Count(answer => answer.Outcome == CreateLeaseOutcome.RoleTaken), Is.EqualTo(Clients - 1));
        Assert.That(answers.Select(answer => answer.Lease!.LeaseId).Distinct().Count(), Is.EqualTo(1));
        var winner = Array.FindIndex(answers, answer => answer.Outcome == CreateLeaseOutcome.Leased);
        Assert.That((await ResolveAsync(answers[winner].Lease!)).RealNumber, Is.EqualTo(RealNumber(winner)));
    }

    [Test]
    public async Task Sixty_four_releases_of_one_lease_are_one_release()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1");

        var answers = await AtOnceAsync(_ => ReleaseAsync(lease));

        Assert.That(answers.Select(answer => answer.Outcome), Has.All.EqualTo(LeaseOutcome.Done));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Released }));
    }

    [Test]
    public async Task Sixty_four_extensions_of_one_lease_are_as_many_as_are_allowed()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1");

        // Sixteen requests, each sent four times.
        var answers = await AtOnceAsync(client => ExtendAsync(lease, $"X{client % 16}"));

        Assert.That(answers.Count(answer => answer.Outcome == LeaseOutcome.Done), Is.EqualTo(3 * 4));
        Assert.That((await GetAsync(lease))!.ExpireTime, Is.EqualTo(T0 + (51 * Day)));
        Assert.That(await ChangesAsync(block.Id), Has.Exactly(3).EqualTo(LogKind.Extended));
    }

    [Test]
    public async Task Many_who_reclaim_at_once_write_each_end_down_once_and_remove_each_record_once()
    {
        var block = await AddBlockAsync(inStock: 100);
        const int Leases = 100;
        for (var i = 0; i < Leases; i++)
            await LeaseAsync($"delivery {i}", block.Id, Time.Now);
        Time.Advance(31 * Day);

        var cycles = (await AtOnceAsync(_ => Steps.ReclaimAsync(7, Time.Now, None))).ToList();
        Assert.That(cycles.Sum(cycle => cycle.Expired), Is.EqualTo(Leases));
        var expired = (await Running.ReadLogAsync(block.Id)).Where(entry => entry.Kind == LogKind.Expired).Select(entry => entry.Slot);
        Assert.That(expired, Is.Unique.And.Exactly(Leases).Items);

        cycles.AddRange(await AtOnceAsync(_ => Steps.ReclaimAsync(1_000, Time.Now, None)));
        Assert.That(cycles.Sum(cycle => cycle.Removed), Is.EqualTo(Leases));
        Assert.That((await Stock.ListRecordsAsync(block.Pool, null, default, 1_000, Time.Now, None)).Records, Is.Empty);
    }

    [Test]
    public async Task A_storm_of_everything_leaves_the_books_in_order()
    {
        var block = await AddBlockAsync(inStock: 100);
        await AtOnceAsync(async client =>
        {
            for (var round = 0; round < 30; round++)
            {
                var delivery = DeliveryOf($"WB{(client + round) % 24}");
                var answer = await CreateAsync(block, $"R{client}-{round}", number: client % 3, delivery: delivery);
                await Verbs.ReportDeliveryStatusAsync(
                    delivery, (DeliveryStatus)(1 + (client % 8)), T0 + (round * Second), null, None);
                if (answer.Lease is { } lease)
                {
                    await ExtendAsync(lease, $"X{client}-{round}");
                    await ResolveAsync(lease);
                    if (round % 3 > 0)
                        await ReleaseAsync(lease);
                }

                await Steps.ReclaimAsync(10, Time.Now, None);
                // No step may take longer than N, and threads are paused as they are: less than that in all.
                if (client == 0)
                    Time.Advance(Second);
            }

            return true;
        });

        var now = Time.Now;
        var page = await Stock.ListRecordsAsync(block.Pool, live: true, default, 1_000, now, None);
        Assert.That(page.Records.Select(record => (record.Delivery, record.Role)), Is.Unique);
        Assert.That(page.Records.Select(record => record.Slot), Is.Unique);
        var counts = await CountsAsync(block);
        Assert.That((counts.Stocked, counts.Leased), Is.EqualTo((100, page.Records.Count)));
        foreach (var record in page.Records)
        {
            var ledger = await Steps.ReadLedgerAsync(record.Delivery, now, None);
            Assert.That(ledger!.Claims.Select(claim => claim.Claim.Id), Does.Contain(record.Claim));
            Assert.That(record.ReportNumber, Is.EqualTo(ledger.ReportNumber), "Every report was acknowledged.");
        }

        CheckLog(await Running.ReadLogAsync(block.Id));
    }

    /// <summary>No gap; and each holder's end comes before the next holder of its slot, who comes after the rest.</summary>
    private static void CheckLog(IReadOnlyList<LogEntry> log)
    {
        Assert.That(log.Select(entry => entry.Sequence - log[0].Sequence), Is.EqualTo(Enumerable.Range(0, log.Count)));
        foreach (var slot in log.Where(entry => entry.Slot is not null).GroupBy(entry => entry.Slot))
        {
            LogEntry? end = null;
            foreach (var entry in slot)
            {
                Assert.That(end is null || entry.Kind == LogKind.Leased, Is.True, $"Slot {slot.Key} changed after its lease ended.");
                if (entry.Kind == LogKind.Leased && end is not null)
                    Assert.That(entry.LeaseTime!.Value, Is.GreaterThan(end.LeaseTime!.Value));
                end = entry.Kind is LogKind.Released or LogKind.Expired ? entry : null;
            }
        }
    }

    private async Task<(Lease[] Leases, CreateLeaseAnswer[] Refusals)> LeaseUntilEmptyAsync(TestBlock block, string round)
    {
        var answers = await AtOnceAsync(async client =>
        {
            var leases = new List<Lease>();
            for (var i = 0; ; i++)
            {
                var answer = await CreateAsync(block, "R1", delivery: DeliveryOf($"{round}-{client}-{i}"));
                if (answer.Lease is not { } lease)
                    return (Leases: leases, Refusal: answer);
                leases.Add(lease);
            }
        });
        return ([.. answers.SelectMany(answer => answer.Leases)], [.. answers.Select(answer => answer.Refusal)]);
    }

    private async Task<NumberCounts> CountsAsync(TestBlock block) =>
        (await Stock.GetStatsAsync(block.Pool, 0, 0, Time.Now, None)).Counts;

    /// <summary>Starts all clients at one signal.</summary>
    private static async Task<T[]> AtOnceAsync<T>(Func<int, ValueTask<T>> client)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clients = Enumerable.Range(0, Clients).Select(i => Task.Run(async () =>
        {
            await signal.Task;
            return await client(i);
        })).ToList();
        signal.SetResult();
        return await Task.WhenAll(clients);
    }

    private static Task InParallelAsync(IReadOnlyList<Lease> leases, Func<Lease, Task> act) =>
        Parallel.ForEachAsync(leases, async (lease, _) => await act(lease));
}
