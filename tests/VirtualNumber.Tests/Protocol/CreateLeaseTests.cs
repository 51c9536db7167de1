using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>CreateLease: what a request is answered, at first and when it is repeated.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class CreateLeaseTests(StoreUnderTest kind) : VerbTests(kind)
{
    [Test]
    public async Task A_lease_lasts_thirty_days_from_now_without_a_report()
    {
        var block = await AddBlockAsync();

        var answer = await CreateAsync(block, "R1");

        Assert.That((answer.Outcome, answer.Existing), Is.EqualTo((CreateLeaseOutcome.Leased, false)));
        Assert.That((answer.Lease!.LeaseTime, answer.Lease.ExpireTime), Is.EqualTo((T0, T0 + (30 * Day))));
        Assert.That(await ResolveAsync(answer.Lease), Is.EqualTo(
            new ResolveAnswer(ResolveOutcome.Connect, RealNumber(1), answer.Lease.LeaseId, T0) { Pool = block.Pool }));
    }

    [Test]
    public async Task A_repeat_is_answered_with_the_same_lease_and_told_that_it_stood()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeasedAsync(block, "R1");
        Time.Advance(Day);

        var repeated = await CreateAsync(block, "R1");

        Assert.That(repeated, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.Leased, lease, Existing: true)));
    }

    [TestCase("number")]
    [TestCase("pool")]
    [TestCase("expire time")]
    public async Task A_request_id_with_other_content_is_refused(string changed)
    {
        var (block, other) = (await AddBlockAsync(), await AddBlockAsync());
        await LeasedAsync(block, "R1");

        var answer = await CreateAsync(
            changed == "pool" ? other : block, "R1", changed == "number" ? 2 : 1, changed == "expire time" ? T0 + Day : null);

        Assert.That(answer, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.RequestIdReused)));
    }

    [Test]
    public async Task The_same_request_id_serves_another_role_and_another_delivery()
    {
        var block = await AddBlockAsync(inStock: 3);
        var leases = new[]
        {
            await LeasedAsync(block, "R1"),
            await LeasedAsync(block, "R1", role: DeliveryRole.Sender),
            await LeasedAsync(block, "R1", delivery: DeliveryOf("WB2")),
        };

        Assert.That(leases.Select(lease => lease.LeaseId), Is.Unique);
    }

    [Test]
    public async Task Another_number_for_a_role_that_is_taken_is_told_which_lease_takes_it()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeasedAsync(block, "R1", number: 1);

        var taken = await CreateAsync(block, "R2", number: 2);
        var repeated = await CreateAsync(block, "R2", number: 2);

        Assert.That(taken, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.RoleTaken, lease, Existing: true)));
        Assert.That(repeated, Is.EqualTo(taken));
    }

    [Test]
    public async Task A_refused_request_leases_once_the_role_is_free()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeasedAsync(block, "R1", number: 1);
        await CreateAsync(block, "R2", number: 2);
        await ReleaseAsync(lease);

        var answer = await CreateAsync(block, "R2", number: 2);

        Assert.That((answer.Outcome, answer.Existing), Is.EqualTo((CreateLeaseOutcome.Leased, false)));
    }

    [Test]
    public async Task A_request_whose_claim_another_request_took_with_another_number_is_told_so()
    {
        var block = await AddBlockAsync(inStock: 2);
        var cut = new HookedPool(Steps) { Before = step => step == "take" ? throw HookedPool.Cut() : Task.CompletedTask };
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await CreateAsync(block, "R1", number: 1, service: ServiceOver(cut)));
        var lease = await LeasedAsync(block, "R2", number: 2);

        var answer = await CreateAsync(block, "R1", number: 1);

        Assert.That(answer, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.RoleTaken, lease, Existing: true)));
        Assert.That((await ResolveAsync(lease)).RealNumber, Is.EqualTo(RealNumber(2)));
    }

    [Test]
    public async Task A_request_keeps_its_lease_through_a_reassignment()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1", number: 1);
        await ReassignAsync(lease, "X1", number: 2);

        var repeated = await CreateAsync(block, "R1", number: 1);

        Assert.That((repeated.Outcome, repeated.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.Leased, lease.LeaseId)));
    }

    [Test]
    public async Task A_request_that_was_answered_with_a_reassigned_lease_keeps_it()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1", number: 1);
        await ReassignAsync(lease, "X1", number: 2);
        var second = await LeasedAsync(block, "R2", number: 2);
        Assert.That(second.LeaseId, Is.EqualTo(lease.LeaseId));

        var repeated = await CreateAsync(block, "R2", number: 2);
        await ReassignAsync(lease, "X2", number: 3);
        var later = await CreateAsync(block, "R2", number: 2);

        Assert.That((repeated.Outcome, repeated.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.Leased, lease.LeaseId)));
        Assert.That((later.Outcome, later.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.Leased, lease.LeaseId)));
    }

    [Test]
    public async Task A_number_that_a_lease_stands_for_no_more_is_another_number_for_a_new_request()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, "R1", number: 1);
        await ReassignAsync(lease, "X1", number: 2);

        Assert.That((await CreateAsync(block, "R2", number: 1)).Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken));
        Assert.That((await CreateAsync(block, request: null, number: 1)).Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken));
    }

    [Test]
    public async Task Without_a_request_id_a_call_gets_the_live_lease_and_after_its_end_a_new_one()
    {
        var block = await AddBlockAsync(inStock: 2);
        var first = await LeasedAsync(block, request: null);
        var second = await LeasedAsync(block, request: null);
        await ReleaseAsync(first);
        var third = await LeasedAsync(block, request: null);

        Assert.That(second.LeaseId, Is.EqualTo(first.LeaseId));
        Assert.That(third.LeaseId, Is.Not.EqualTo(first.LeaseId));
    }

    [Test]
    public async Task A_lease_of_the_role_in_another_pool_is_the_roles_lease()
    {
        var (block, other) = (await AddBlockAsync(), await AddBlockAsync());
        var lease = await LeasedAsync(block, "R1");

        var answer = await CreateAsync(other, "R2");

        Assert.That((answer.Outcome, answer.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.Leased, lease.LeaseId)));
        await ReleaseAsync(lease);
        Assert.That((await LeasedAsync(other, "R3")).PoolId, Is.EqualTo(other.Pool.PoolId));
    }

    [Test]
    public async Task A_full_claim_of_another_pool_does_not_keep_a_request_from_its_own_pool()
    {
        var (full, other) = (await AddBlockAsync(), await AddBlockAsync());
        await LeasedAsync(full, "Z", delivery: DeliveryOf("WB9"));
        Assert.That((await CreateAsync(full, "R1")).Outcome, Is.EqualTo(CreateLeaseOutcome.PoolEmpty));

        var answer = await CreateAsync(other, "R2");

        Assert.That((answer.Outcome, answer.Lease?.PoolId), Is.EqualTo((CreateLeaseOutcome.Leased, other.Pool.PoolId)));
    }

    [Test]
    public async Task Every_block_is_tried_before_a_pool_is_said_to_be_empty()
    {
        var block = await AddBlockAsync();
        await Stock.AddNumbersAsync(block.Pool, new(["701000001", "701000002"], []), T0, None);

        for (var i = 0; i < 201; i++)
            await LeasedAsync(block, "R1", delivery: DeliveryOf($"WB-{i}"));
        var empty = await CreateAsync(block, "R1");

        Assert.That(empty.Outcome, Is.EqualTo(CreateLeaseOutcome.PoolEmpty));
        Assert.That(empty.Shortage, Is.EqualTo(new Shortage(new NumberCounts(0, 201, 0, 99, 0, 0), T0 + (30 * Day) + Hour)));
    }

    [Test]
    public async Task What_runs_out_is_told_apart()
    {
        var block = await AddBlockAsync();
        Assert.That((await CreateAsync(block, "R1", number: 1, delivery: DeliveryOf("WB9"))).Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        Assert.That((await CreateAsync(block, "R1")).Outcome, Is.EqualTo(CreateLeaseOutcome.PoolEmpty));

        var lease = (await CreateAsync(block, "R1", number: 1, delivery: DeliveryOf("WB9"))).Lease!;
        await ReleaseAsync(lease);
        var aging = await CreateAsync(block, "R1");

        Assert.That(aging.Outcome, Is.EqualTo(CreateLeaseOutcome.NumbersAging));
        Assert.That(aging.Shortage, Is.EqualTo(new Shortage(new NumberCounts(0, 0, 1, 99, 0, 0), T0 + Hour)));
        Time.Advance(Hour);
        Assert.That((await CreateAsync(block, "R1")).Outcome, Is.EqualTo(CreateLeaseOutcome.Leased), "The same request, once there is one.");
    }

    [Test]
    public async Task A_pool_without_numbers_is_empty_and_a_pool_that_is_not_there_unknown()
    {
        var block = await AddBlockAsync();
        await Stock.CreatePoolAsync(PoolOf("empty", Hour), None);
        var command = new CreateLeaseCommand(Delivery, DeliveryRole.Recipient, "empty", RealNumber(1), "R1", null);

        var empty = await Verbs.CreateLeaseAsync(command, None);
        Assert.That(empty, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.PoolEmpty, Shortage: new Shortage(default, null))));
        Assert.That(
            (await Verbs.CreateLeaseAsync(command with { PoolId = "none" }, None)).Outcome, Is.EqualTo(CreateLeaseOutcome.PoolUnknown));
        Assert.That(
            (await CreateAsync(block, "R1", delivery: DeliveryOf("WB1", "tenant-2"))).Outcome, Is.EqualTo(CreateLeaseOutcome.PoolUnknown));
    }

    [Test]
    public async Task A_virtual_number_of_whatever_pool_is_no_real_number()
    {
        var (block, other) = (await AddBlockAsync(), await AddBlockAsync(tenant: "tenant-2"));

        var answer = await Verbs.CreateLeaseAsync(
            new CreateLeaseCommand(Delivery, DeliveryRole.Recipient, block.Pool.PoolId, other.Number(99), "R1", null), None);

        Assert.That(answer, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.RealNumberInPool)));
    }

    [Test]
    public async Task A_delivery_whose_terms_are_over_gets_no_lease_until_it_moves_again()
    {
        var block = await AddBlockAsync();
        await ReportAsync(DeliveryStatus.Delivered, T0 - (7 * Day));

        var over = await CreateAsync(block, "R1");
        Assert.That(over, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.DeliveryOver, ExpireTime: T0)));
        Assert.That((await CreateAsync(block, "R1")).Outcome, Is.EqualTo(CreateLeaseOutcome.DeliveryOver));

        await ReportAsync(DeliveryStatus.Returning, T0);
        var lease = await LeasedAsync(block, "R1");
        Assert.That(lease.ExpireTime, Is.EqualTo(T0 + (60 * Day)));
    }

    [Test]
    public async Task A_request_that_is_overtaken_each_time_is_told_that_the_role_is_contended()
    {
        var block = await AddBlockAsync(inStock: 100);
        await ReleaseAsync(await LeasedAsync(block, request: null));
        var overtaken = 0;
        var slow = new HookedPool(Steps)
        {
            // Each time it finds an ended lease and is about to replace it, somebody else has leased and released.
            Before = async step =>
            {
                if (step == "replace")
                {
                    overtaken++;
                    await ReleaseAsync(await LeasedAsync(block, request: null));
                }
            },
        };

        var answer = await CreateAsync(block, "R1", service: ServiceOver(slow));

        Assert.That(answer, Is.EqualTo(new CreateLeaseAnswer(CreateLeaseOutcome.Contended)));
        Assert.That(overtaken, Is.EqualTo(8));
        Assert.That((await CreateAsync(block, "R1")).Outcome, Is.EqualTo(CreateLeaseOutcome.Leased), "A retry is answered.");
    }

    /// <summary>A request claimed and crashed; the next one names a pool that shares its numbers in another way.</summary>
    [Test]
    public async Task A_claim_in_another_pool_takes_nothing_there(
        [Values(PoolMode.Direct, PoolMode.Extension, PoolMode.Pair)] PoolMode claimed, [Values(PoolMode.Direct, PoolMode.Extension, PoolMode.Pair)] PoolMode asked)
    {
        var (first, second) = (await AddAsync(claimed), await AddAsync(asked));
        var crashing = ServiceOver(new HookedPool(Steps) { Before = step => step == "take" ? throw HookedPool.Cut() : Task.CompletedTask });
        Assert.That(async () => await LeaseIn(first, crashing), Throws.TypeOf<StoreUnavailableException>());

        var lease = (await LeaseIn(second, Verbs)).Lease!;
        var again = (await LeaseIn(first, Verbs)).Lease!;

        Assert.That((lease.PoolId, lease.Extension is null, lease.Direction), Is.EqualTo(
            (second.Pool.PoolId, asked != PoolMode.Extension, asked == PoolMode.Pair ? CallDirection.Both : CallDirection.Unspecified)));
        Assert.That((await Stock.ListRecordsAsync(first.Pool, null, default, 10, Time.Now, None)).Records, Is.Empty);
        Assert.That(again.LeaseId, Is.EqualTo(lease.LeaseId), "the role has its lease, whichever pool is asked");

        Task<TestBlock> AddAsync(PoolMode mode) => mode switch
        {
            PoolMode.Direct => AddBlockAsync(),
            PoolMode.Extension => AddExtensionBlockAsync(density: 5, extensionLength: 1),
            _ => AddPairBlockAsync(),
        };

        ValueTask<CreateLeaseAnswer> LeaseIn(TestBlock block, LeaseVerbs verbs) => CreateAsync(block, null, service: verbs);
    }
}
