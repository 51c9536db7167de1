using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>take and find: every outcome, in the documented precedence.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractTakeTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    [Test]
    public async Task Take_writes_a_record_with_everything_it_was_told()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;

        var take = await TakeAsync(claim, T0 + Second, expireTime: T0 + Day, reportNumber: 3, number: "n1", role: DeliveryRole.Sender);

        var record = take.Record!;
        Assert.Multiple(() =>
        {
            Assert.That((take.Outcome, take.New), Is.EqualTo((TakeOutcome.Live, true)));
            Assert.That((record.TenantId, record.PoolId, record.Block, record.Slot), Is.EqualTo((Tenant, block.Pool.PoolId, block.Id, 0u)));
            Assert.That(record.Number, Is.EqualTo(block.Number(0)));
            Assert.That((record.Claim, record.Delivery, record.Role), Is.EqualTo((claim.Id, DigestOf("delivery"), DeliveryRole.Sender)));
            Assert.That((record.LeaseTime, record.ExpireTime), Is.EqualTo((T0 + Second, T0 + Day)));
            Assert.That((record.ReportNumber, record.End, record.Floor), Is.EqualTo((3, EndReason.None, (DateTimeOffset?)null)));
            Assert.That((record.NumberDigest, record.LeasedDigest), Is.EqualTo((DigestOf("n1"), DigestOf("n1"))));
            Assert.That(record.SealedNumber.ToArray(), Is.EqualTo(SealOf("n1")));
            Assert.That((record.Extensions.Length, record.Reassignments.Length), Is.EqualTo((0, 0)));
        });
        Assert.That(await Steps.FindAsync(claim, None), Is.EqualTo(record));
        Assert.That(await GetAsync(record), Is.EqualTo(record));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased }));
    }

    [Test]
    public async Task A_repeated_take_answers_the_lease_as_it_stands_and_writes_nothing()
    {
        var block = await AddBlockAsync(inStock: 2);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        var first = await TakeAsync(claim, T0);

        var again = await TakeAsync(claim, T0 + Day, expireTime: T0 + (2 * Day), reportNumber: 9, number: "n9");

        Assert.That(again, Is.EqualTo(new TakeAnswer(TakeOutcome.Live, first.Record, New: false)));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased }));
    }

    [Test]
    public async Task A_take_of_a_claim_whose_lease_is_over_is_ended_even_after_the_window()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        await ReleaseAsync((await TakeAsync(claim, T0)).Record!, T0 + Hour);

        var take = await TakeAsync(claim, T0 + Hour);

        Assert.That((take.Outcome, take.Record!.End), Is.EqualTo((TakeOutcome.Ended, EndReason.Released)));
    }

    [Test]
    public async Task A_lease_lives_to_the_last_millisecond_before_its_expire_time()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        await TakeAsync(claim, T0, expireTime: T0 + Day);

        Assert.That((await TakeAsync(claim, T0 + Day - s_millisecond)).Outcome, Is.EqualTo(TakeOutcome.Live));
        var ended = await TakeAsync(claim, T0 + Day);
        Assert.That((ended.Outcome, ended.Record!.End), Is.EqualTo((TakeOutcome.Ended, EndReason.Expired)));
    }

    [Test]
    public async Task A_take_within_the_window_takes_and_after_it_is_closed()
    {
        var block = await AddBlockAsync(inStock: 2);
        var (t1, t2) = ((await ClaimAsync("R1", "T1", block.Id, T0)).Claim!, (await ClaimAsync("R2", "T2", block.Id, T0, delivery: "d2")).Claim!);

        var within = await TakeAsync(t1, T0 + Bounds.TakeWindow);
        var after = await TakeAsync(t2, T0 + Bounds.TakeWindow + s_millisecond, delivery: "d2");

        Assert.That((within.Outcome, after.Outcome), Is.EqualTo((TakeOutcome.Live, TakeOutcome.Closed)));
    }

    [Test]
    public async Task An_expire_time_that_is_not_in_the_future_closes_the_claim()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;

        Assert.That((await TakeAsync(claim, T0, expireTime: T0)).Outcome, Is.EqualTo(TakeOutcome.Over));
        Assert.That((await TakeAsync(claim, T0)).Outcome, Is.EqualTo(TakeOutcome.Closed));
        Assert.That(await ChangesAsync(block.Id), Is.Empty);
    }

    [Test]
    public async Task Over_comes_before_full_and_closed_before_over()
    {
        var block = await AddBlockAsync();
        await LeaseAsync("Z", block.Id, T0);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;

        Assert.That((await TakeAsync(claim, T0, expireTime: T0)).Outcome, Is.EqualTo(TakeOutcome.Over));
        Assert.That((await TakeAsync(claim, T0, expireTime: T0)).Outcome, Is.EqualTo(TakeOutcome.Closed));
    }

    [Test]
    public async Task A_block_without_a_rested_slot_is_full()
    {
        var block = await AddBlockAsync();
        await LeaseAsync("Z", block.Id, T0);
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;

        Assert.That(await TakeAsync(claim, T0), Is.EqualTo(new TakeAnswer(TakeOutcome.Full)));
        Assert.That(await TakeAsync(claim, T0), Is.EqualTo(new TakeAnswer(TakeOutcome.Closed)));
    }

    [Test]
    public async Task A_slot_is_full_to_the_last_millisecond_of_its_rest()
    {
        var block = await AddBlockAsync(aging: Hour);
        var z = await LeaseAsync("Z", block.Id, T0);
        await ReleaseAsync(z, T0 + Minute);
        var rested = T0 + Minute + Hour;
        var early = (await ClaimAsync("R1", "T1", block.Id, rested)).Claim!;

        Assert.That((await TakeAsync(early, rested - s_millisecond)).Outcome, Is.EqualTo(TakeOutcome.Full));
        await LeaseAsync("Z2", block.Id, rested);
    }

    [Test]
    public async Task Take_gives_the_longest_rested_slot()
    {
        var block = await AddBlockAsync(inStock: 3, aging: Hour);
        var (a, b) = (await LeaseAsync("A", block.Id, T0), await LeaseAsync("B", block.Id, T0));
        await ReleaseAsync(b, T0 + Minute);
        await ReleaseAsync(a, T0 + (2 * Minute));

        var never = await LeaseAsync("C", block.Id, T0 + (2 * Hour));
        var longest = await LeaseAsync("D", block.Id, T0 + (2 * Hour));
        var next = await LeaseAsync("E", block.Id, T0 + (2 * Hour));

        Assert.That((never.Slot, longest.Slot, next.Slot), Is.EqualTo((2u, b.Slot, a.Slot)));
    }

    [Test]
    public async Task Take_writes_down_the_expiry_of_the_slots_last_lease_before_its_own()
    {
        var block = await AddBlockAsync(aging: Hour);
        var old = await LeaseAsync("A", block.Id, T0, expireTime: T0 + Minute);

        var next = await LeaseAsync("B", block.Id, T0 + Minute + Hour);

        Assert.That(next.Slot, Is.EqualTo(old.Slot));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Expired, LogKind.Leased }));
        Assert.That(await Steps.FindAsync(ClaimOf(old), None), Is.Null, "The record and its claim go together.");
    }

    [Test]
    public async Task Suspended_and_retired_numbers_are_not_taken([Values] bool retired)
    {
        var change = retired ? StockChange.Retire : StockChange.Suspend;
        var block = await AddBlockAsync(inStock: 2);
        await Stock.ChangeNumbersAsync(block.Pool, new([], [block.Number(0)]), change, T0, None);

        Assert.That((await LeaseAsync("A", block.Id, T0)).Slot, Is.EqualTo(1));
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        Assert.That((await TakeAsync(claim, T0)).Outcome, Is.EqualTo(TakeOutcome.Full));
    }

    [Test]
    public async Task A_longer_aging_holds_for_numbers_that_rest_already()
    {
        var block = await AddBlockAsync(aging: Hour);
        await ReleaseAsync(await LeaseAsync("A", block.Id, T0), T0 + Minute);
        await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, aging: 2 * Hour, null, null, None);

        var early = (await ClaimAsync("R1", "T1", block.Id, T0 + (2 * Hour))).Claim!;
        Assert.That((await TakeAsync(early, T0 + (2 * Hour))).Outcome, Is.EqualTo(TakeOutcome.Full));
        await LeaseAsync("B", block.Id, T0 + Minute + (2 * Hour));
    }

    [Test]
    public async Task A_longer_aging_holds_for_a_number_whose_record_was_removed()
    {
        var block = await AddBlockAsync(aging: Hour);
        await ReleaseAsync(await LeaseAsync("A", block.Id, T0), T0 + Minute);
        Assert.That((await ReclaimAsync(T0 + Minute + Hour)).Removed, Is.EqualTo(1));
        await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, aging: Day, null, null, None);

        var early = (await ClaimAsync("R1", "T1", block.Id, T0 + (2 * Hour))).Claim!;
        Assert.That((await TakeAsync(early, T0 + (2 * Hour))).Outcome, Is.EqualTo(TakeOutcome.Full));
    }

    [Test]
    public async Task A_shorter_aging_frees_numbers_that_rest()
    {
        var block = await AddBlockAsync(aging: Day);
        await ReleaseAsync(await LeaseAsync("A", block.Id, T0), T0 + Minute);
        await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, aging: Hour, null, null, None);

        await LeaseAsync("B", block.Id, T0 + Minute + Hour);
    }

    [Test]
    public async Task Find_does_not_know_a_claim_that_took_nothing()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;

        Assert.That(await Steps.FindAsync(claim, None), Is.Null);
    }
}
