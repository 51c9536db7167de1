using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>get, extend, reassign and release: the steps on one holder of one slot, every outcome in its precedence.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractHolderTests(StoreUnderTest kind) : StoreTests(kind)
{
    private TestBlock _block = null!;
    private LeaseRecord _lease = null!;

    [SetUp]
    public async Task Lease()
    {
        _block = await AddBlockAsync();
        _lease = await LeaseAsync("R1", _block.Id, T0, expireTime: T0 + (10 * Day));
    }

    [TestCase("tenant")]
    [TestCase("epoch")]
    [TestCase("slot")]
    [TestCase("slot beyond the block")]
    [TestCase("block")]
    public async Task A_holder_that_is_not_there_is_gone(string wrong)
    {
        var other = wrong switch
        {
            "tenant" => _lease with { TenantId = "tenant-2" },
            "epoch" => _lease with { LeaseTime = T0 + TimeSpan.FromMilliseconds(1) },
            "slot" => _lease with { Slot = 1 },
            "block" => _lease with { Block = 1_000_000 },
            _ => _lease with { Slot = uint.MaxValue },
        };
        var gone = new HolderAnswer(HolderOutcome.Gone, null);

        Assert.That(await ExtendAsync(other, "X1", T0), Is.EqualTo(gone));
        Assert.That(await ReassignAsync(other, "X1", "n2", T0), Is.EqualTo(gone));
        Assert.That(await ReleaseAsync(other, T0), Is.EqualTo(gone));
        Assert.That(await GetAsync(other), Is.Null);
        Assert.That(await GetAsync(_lease), Is.EqualTo(_lease));
    }

    [Test]
    public async Task Extend_moves_expire_time_and_floor_from_the_standing_expire_time()
    {
        var extended = await ExtendAsync(_lease, "X1", T0 + Day, span: 7 * Day);

        var expected = _lease with { ExpireTime = T0 + (17 * Day), Floor = T0 + (17 * Day), Extensions = [MarkOf("X1")] };
        Assert.That(extended.Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That(extended.Record! with { Extensions = [] }, Is.EqualTo(expected with { Extensions = [] }));
        Assert.That(extended.Record!.Extensions, Is.EqualTo(expected.Extensions));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Extended }));
    }

    [Test]
    public async Task Extend_stops_at_the_cap()
    {
        var extended = await ExtendAsync(_lease, "X1", T0, span: 85 * Day);

        Assert.That((extended.Record!.ExpireTime, extended.Record.Floor), Is.EqualTo((T0 + Cap, (DateTimeOffset?)(T0 + Cap))));
    }

    [Test]
    public async Task Extend_repeated_is_told_so_even_after_the_end_and_at_the_limit()
    {
        await ExtendAsync(_lease, "X1", T0, limit: 1);
        await ReleaseAsync(_lease, T0 + Hour);

        var repeated = await ExtendAsync(_lease, "X1", T0 + Day, limit: 1);
        var other = await ExtendAsync(_lease, "X1", T0 + Day, limit: 1, content: "other");
        var ended = await ExtendAsync(_lease, "X2", T0 + Day, limit: 1);

        Assert.That((repeated.Outcome, repeated.Record!.End), Is.EqualTo((HolderOutcome.Repeated, EndReason.Released)));
        Assert.That((other.Outcome, ended.Outcome), Is.EqualTo((HolderOutcome.OtherContent, HolderOutcome.Ended)));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Extended, LogKind.Released }));
    }

    [Test]
    public async Task Extend_is_limited_while_live()
    {
        foreach (var request in new[] { "X1", "X2", "X3" })
            Assert.That((await ExtendAsync(_lease, request, T0)).Outcome, Is.EqualTo(HolderOutcome.Done));

        var fourth = await ExtendAsync(_lease, "X4", T0);

        Assert.That((fourth.Outcome, fourth.Record!.ExpireTime), Is.EqualTo((HolderOutcome.Limit, T0 + (31 * Day))));
    }

    [Test]
    public async Task Extend_at_the_expire_time_is_too_late()
    {
        var inTime = await ExtendAsync(_lease, "X1", T0 + (10 * Day) - TimeSpan.FromMilliseconds(1), span: Day);
        var late = await ExtendAsync(_lease, "X2", T0 + (11 * Day));

        Assert.That((inTime.Outcome, late.Outcome), Is.EqualTo((HolderOutcome.Done, HolderOutcome.Ended)));
        Assert.That(late.Record!.End, Is.EqualTo(EndReason.Expired));
    }

    [Test]
    public async Task Reassign_writes_the_number_and_nothing_else()
    {
        var reassigned = await ReassignAsync(_lease, "X1", "n2", T0 + Hour);

        var record = reassigned.Record!;
        Assert.That(reassigned.Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That(record.SealedNumber.ToArray(), Is.EqualTo(SealOf("n2")));
        Assert.That(record.Reassignments, Is.EqualTo(new[] { MarkOf("X1") }));
        Assert.That(
            record with { SealedNumber = _lease.SealedNumber, Reassignments = _lease.Reassignments },
            Is.EqualTo(_lease with { NumberDigest = DigestOf("n2") }));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Reassigned }));
    }

    [Test]
    public async Task Reassign_repeated_is_told_so_even_after_the_end()
    {
        await ReassignAsync(_lease, "X1", "n2", T0);
        await ReleaseAsync(_lease, T0 + Hour);

        var repeated = await ReassignAsync(_lease, "X1", "n2", T0 + Day);
        var other = await ReassignAsync(_lease, "X1", "n3", T0 + Day, content: "other");
        var ended = await ReassignAsync(_lease, "X2", "n3", T0 + Day);

        Assert.That(
            (repeated.Outcome, other.Outcome, ended.Outcome),
            Is.EqualTo((HolderOutcome.Repeated, HolderOutcome.OtherContent, HolderOutcome.Ended)));
        Assert.That((await GetAsync(_lease))!.NumberDigest, Is.EqualTo(DigestOf("n2")));
    }

    [Test]
    public async Task Reassign_remembers_the_last_eight_requests()
    {
        for (var i = 1; i <= 9; i++)
            await ReassignAsync(_lease, $"X{i}", $"n{i}", T0);

        Assert.That((await ReassignAsync(_lease, "X2", "n2", T0)).Outcome, Is.EqualTo(HolderOutcome.Repeated));
        Assert.That((await ReassignAsync(_lease, "X1", "n1", T0)).Outcome, Is.EqualTo(HolderOutcome.Done));
    }

    [Test]
    public async Task An_extension_and_a_reassignment_may_share_a_request_id()
    {
        Assert.That((await ExtendAsync(_lease, "X1", T0)).Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That((await ReassignAsync(_lease, "X1", "n2", T0)).Outcome, Is.EqualTo(HolderOutcome.Done));
    }

    [Test]
    public async Task Release_ends_the_lease_now()
    {
        var released = await ReleaseAsync(_lease, T0 + Hour);

        var expected = _lease with { ExpireTime = T0 + Hour, End = EndReason.Released };
        Assert.That(released, Is.EqualTo(new HolderAnswer(HolderOutcome.Done, expected)));
        Assert.That(await GetAsync(_lease), Is.EqualTo(expected));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Released }));
    }

    [Test]
    public async Task Release_of_a_released_lease_changes_nothing()
    {
        await ReleaseAsync(_lease, T0 + Hour);

        var again = await ReleaseAsync(_lease, T0 + Day);

        Assert.That((again.Outcome, again.Record!.ExpireTime), Is.EqualTo((HolderOutcome.Ended, T0 + Hour)));
    }

    [Test]
    public async Task Release_of_an_expired_lease_leaves_its_end_at_the_expire_time()
    {
        var released = await ReleaseAsync(_lease, T0 + (12 * Day));

        Assert.That(released.Outcome, Is.EqualTo(HolderOutcome.Ended));
        Assert.That((released.Record!.End, released.Record.ExpireTime), Is.EqualTo((EndReason.Expired, T0 + (10 * Day))));
    }

    [Test]
    public async Task A_lease_on_a_number_taken_out_goes_through_its_life_all_the_same()
    {
        await Stock.ChangeNumbersAsync(_block.Pool, new([], [_lease.Number]), StockChange.Suspend, T0, None);

        Assert.That((await ExtendAsync(_lease, "X1", T0)).Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That((await ReassignAsync(_lease, "X1", "n2", T0)).Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That((await ApplyAsync(ClaimOf(_lease), 1, T0 + (60 * Day), T0)).Outcome, Is.EqualTo(ApplyOutcome.Set));
        Assert.That((await ReleaseAsync(_lease, T0 + Hour)).Outcome, Is.EqualTo(HolderOutcome.Done));
        await Stock.ChangeNumbersAsync(_block.Pool, new([], [_lease.Number]), StockChange.Restore, T0 + Hour, None);
        var claim = (await ClaimAsync("R2", "T2", _block.Id, T0 + Hour, delivery: "d2")).Claim!;
        Assert.That((await TakeAsync(claim, T0 + Hour, delivery: "d2")).Outcome, Is.EqualTo(TakeOutcome.Full), "It rests first.");
    }
}
