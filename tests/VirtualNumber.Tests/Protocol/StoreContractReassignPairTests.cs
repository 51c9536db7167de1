using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>reassign in pair mode: who leaves rests, who joins must not be on the number.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractReassignPairTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    private TestBlock _block = null!;

    /// <summary>a and b on the one number in stock, for ten days.</summary>
    private LeaseRecord _lease = null!;

    [SetUp]
    public async Task LeaseAsync()
    {
        _block = await AddPairBlockAsync(aging: Hour);
        _lease = await PairAsync(_block, "a", "b", T0, T0 + (10 * Day));
    }

    [Test]
    public async Task Another_peer_takes_over_at_once_and_the_holder_notices_nothing()
    {
        var now = T0 + Hour;
        var answer = await ReassignPeerAsync(_lease, "X1", "c", now);

        var record = answer.Record!;
        Assert.That(answer.Outcome, Is.EqualTo(HolderOutcome.Done));
        Assert.That(
            record,
            Is.EqualTo(_lease with { Pair = new PairSide(DigestOf("c"), SealOf("c"), CallDirection.Both), Reassignments = [MarkOf("X1")] }));
        Assert.That(await GetAsync(_lease), Is.EqualTo(record));
        foreach (var party in new[] { "a", "c" })
            Assert.That(await ResolvePairAsync(_lease.Number, party, now), Is.EqualTo(new RouteAnswer(RouteOutcome.Route, record, true)));
        Assert.That(await ResolvePairAsync(_lease.Number, "b", now), Is.EqualTo(new RouteAnswer(RouteOutcome.Ended, record, true)));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Reassigned }));
    }

    [Test]
    public async Task Another_holder_takes_over_and_both_may_change_at_once()
    {
        var holder = (await ReassignHolderAsync(_lease, "X1", "c", T0)).Record!;
        Assert.That((holder.NumberDigest, holder.LeasedDigest, holder.Pair), Is.EqualTo((DigestOf("c"), _lease.LeasedDigest, _lease.Pair)));
        Assert.That(holder.SealedNumber.ToArray(), Is.EqualTo(SealOf("c")));

        var both = await Steps.ReassignAsync(new ReassignStep(HolderOf(_lease), MarkOf("X2"), BoundOf("d"), BoundOf("e")), T0 + Minute, None);
        Assert.That((both.Outcome, both.Record!.NumberDigest, both.Record.Pair!.Peer), Is.EqualTo((HolderOutcome.Done, DigestOf("d"), DigestOf("e"))));
        foreach (var (party, outcome) in new[]
        {
            ("a", RouteOutcome.Ended), ("b", RouteOutcome.Ended), ("c", RouteOutcome.Ended), ("d", RouteOutcome.Route), ("e", RouteOutcome.Route),
        })
            Assert.That((await ResolvePairAsync(_lease.Number, party, T0 + Minute)).Outcome, Is.EqualTo(outcome), party);
    }

    [Test]
    public async Task A_peer_that_was_not_known_is_added()
    {
        var lease = await PairAsync(_block, "c", null, T0);

        var answer = await ReassignPeerAsync(lease, "X1", "d", T0 + Hour);

        Assert.That((answer.Outcome, answer.Record!.Pair!.Peer), Is.EqualTo((HolderOutcome.Done, DigestOf("d"))));
        Assert.That((await ResolvePairAsync(lease.Number, "d", T0 + Hour)).Record, Is.EqualTo(answer.Record));
        Assert.That(await TryPairAsync(_block, "e", "d", T0 + Hour), Is.EqualTo(TakeOutcome.Full));
    }

    [Test]
    public async Task The_parties_may_change_sides()
    {
        var answer = await Steps.ReassignAsync(new ReassignStep(HolderOf(_lease), MarkOf("X1"), BoundOf("b"), BoundOf("a")), T0, None);

        Assert.That((answer.Outcome, answer.Record!.NumberDigest, answer.Record.Pair!.Peer), Is.EqualTo((HolderOutcome.Done, DigestOf("b"), DigestOf("a"))));
        Assert.That((await ResolvePairAsync(_lease.Number, "a", T0)).Outcome, Is.EqualTo(RouteOutcome.Route));
        Assert.That((await ResolvePairAsync(_lease.Number, "b", T0)).Outcome, Is.EqualTo(RouteOutcome.Route));
    }

    [Test]
    public async Task Whom_the_lease_has_already_may_be_named_again()
    {
        var answer = await ReassignPeerAsync(_lease, "X1", "b", T0);

        Assert.That((answer.Outcome, answer.Record!.Pair), Is.EqualTo((HolderOutcome.Done, _lease.Pair)));
        Assert.That((await ResolvePairAsync(_lease.Number, "b", T0)).Outcome, Is.EqualTo(RouteOutcome.Route));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Reassigned }));
    }

    [Test]
    public async Task Who_is_on_the_number_cannot_join_until_he_has_rested_and_nothing_is_remembered()
    {
        var other = await PairAsync(_block, "c", "d", T0);

        var busy = await ReassignPeerAsync(_lease, "X1", "c", T0);
        Assert.That(busy, Is.EqualTo(new HolderAnswer(HolderOutcome.Busy, _lease)));
        await ReleaseAsync(other, T0 + Minute);
        var resting = await ReassignPeerAsync(_lease, "X1", "c", T0 + Minute + Hour - s_millisecond);
        Assert.That(resting, Is.EqualTo(new HolderAnswer(HolderOutcome.Busy, _lease)));
        Assert.That(await GetAsync(_lease), Is.EqualTo(_lease));
        var done = await ReassignPeerAsync(_lease, "X1", "c", T0 + Minute + Hour);

        Assert.That((done.Outcome, done.Record!.Pair!.Peer), Is.EqualTo((HolderOutcome.Done, DigestOf("c"))));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased, LogKind.Released, LogKind.Reassigned }));
    }

    [TestCase("b", null, TestName = "The_peer_cannot_become_the_holder_and_stay_the_peer")]
    [TestCase(null, "a", TestName = "The_holder_cannot_become_the_peer_and_stay_the_holder")]
    [TestCase("c", "c", TestName = "Nobody_becomes_both_sides_of_a_pair")]
    public async Task Both_sides_are_never_one(string? holder, string? peer)
    {
        var answer = await Steps.ReassignAsync(
            new ReassignStep(
                HolderOf(_lease), MarkOf("X1"), holder is null ? null : BoundOf(holder), peer is null ? null : BoundOf(peer)),
            T0,
            None);

        Assert.That(answer, Is.EqualTo(new HolderAnswer(HolderOutcome.Busy, _lease)));
    }

    [Test]
    public async Task Who_cannot_join_moves_the_pair_where_that_is_asked_for_and_a_repeat_is_told_so()
    {
        await PairAsync(_block, "c", "d", T0);
        var now = T0 + Hour;

        var moved = await ReassignPeerAsync(_lease, "X1", "c", now, endIfBusy: true);

        var expected = _lease with
        {
            ExpireTime = now,
            End = EndReason.Released,
            Reassignments = [MarkOf("X1")],
            Pair = _lease.Pair! with { EndBeforeMove = _lease.ExpireTime },
        };
        Assert.That(moved, Is.EqualTo(new HolderAnswer(HolderOutcome.Moved, expected)));
        Assert.That(await GetAsync(_lease), Is.EqualTo(expected));
        Assert.That(await ReassignPeerAsync(_lease, "X1", "c", now + Minute, endIfBusy: true), Is.EqualTo(moved));
        Assert.That(await ReassignPeerAsync(_lease, "X1", "c", now + Minute), Is.EqualTo(moved));
        Assert.That((await ReassignPeerAsync(_lease, "X1", "e", now, content: "other")).Outcome, Is.EqualTo(HolderOutcome.OtherContent));
        Assert.That((await ReassignPeerAsync(_lease, "X2", "e", now)).Outcome, Is.EqualTo(HolderOutcome.Ended));
        Assert.That(await ChangesAsync(_block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased, LogKind.Released }));

        Assert.That((await ResolvePairAsync(_lease.Number, "a", now)).Outcome, Is.EqualTo(RouteOutcome.Ended));
        Assert.That(await TryPairAsync(_block, "a", "e", now + Hour - s_millisecond), Is.EqualTo(TakeOutcome.Full));
        Assert.That(await TryPairAsync(_block, "b", "e", now + Hour), Is.EqualTo(TakeOutcome.Live), "Both rest from then on.");
    }

    [Test]
    public async Task An_earlier_request_is_repeated_as_it_was_also_after_a_move()
    {
        await ReassignPeerAsync(_lease, "X1", "e", T0);
        await PairAsync(_block, "c", "d", T0);
        Assert.That((await ReassignPeerAsync(_lease, "X2", "c", T0, endIfBusy: true)).Outcome, Is.EqualTo(HolderOutcome.Moved));

        Assert.That((await ReassignPeerAsync(_lease, "X1", "e", T0)).Outcome, Is.EqualTo(HolderOutcome.Repeated));
        Assert.That((await ReassignPeerAsync(_lease, "X2", "c", T0)).Outcome, Is.EqualTo(HolderOutcome.Moved));
    }

    [Test]
    public async Task Who_can_join_moves_nothing()
    {
        var answer = await ReassignPeerAsync(_lease, "X1", "c", T0, endIfBusy: true);

        Assert.That((answer.Outcome, answer.Record!.End, answer.Record.Pair!.Moved), Is.EqualTo((HolderOutcome.Done, EndReason.None, false)));
        Assert.That((await ReassignPeerAsync(_lease, "X1", "c", T0, endIfBusy: true)).Outcome, Is.EqualTo(HolderOutcome.Repeated));
    }

    [Test]
    public async Task Who_left_rests_from_then_on_and_no_longer()
    {
        var left = T0 + Day;
        await ReassignPeerAsync(_lease, "X1", "c", left);
        var rested = left + Hour;

        var ended = await ResolvePairAsync(_lease.Number, "b", rested - s_millisecond);
        Assert.That((ended.Outcome, ended.Record!.Claim), Is.EqualTo((RouteOutcome.Ended, _lease.Claim)));
        Assert.That(await TryPairAsync(_block, "b", "e", rested - s_millisecond), Is.EqualTo(TakeOutcome.Full));
        Assert.That((await ResolvePairAsync(_lease.Number, "b", rested)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));

        var next = await PairAsync(_block, "b", "e", rested);
        Assert.That((await ResolvePairAsync(_lease.Number, "b", rested)).Record, Is.EqualTo(next));
        Assert.That((await ResolvePairAsync(_lease.Number, "a", rested)).Outcome, Is.EqualTo(RouteOutcome.Route), "The first lease lives on.");
    }

    [Test]
    public async Task Who_left_may_come_back_once_rested_and_his_stay_is_that_of_the_lease_again()
    {
        await ReassignPeerAsync(_lease, "X1", "c", T0);
        Assert.That((await ReassignPeerAsync(_lease, "X2", "b", T0 + Hour - s_millisecond)).Outcome, Is.EqualTo(HolderOutcome.Busy));
        Assert.That((await ReassignPeerAsync(_lease, "X2", "b", T0 + Hour)).Outcome, Is.EqualTo(HolderOutcome.Done));

        // Nothing that was kept of his first stay makes an end to the second.
        await ReclaimAsync(T0 + (3 * Hour));
        Assert.That((await ResolvePairAsync(_lease.Number, "b", T0 + (3 * Hour))).Outcome, Is.EqualTo(RouteOutcome.Route));
        Assert.That(await TryPairAsync(_block, "b", "e", T0 + (3 * Hour)), Is.EqualTo(TakeOutcome.Full));
    }

    [Test]
    public async Task A_party_that_left_is_removed_after_its_rest_and_counted_once()
    {
        await ReassignPeerAsync(_lease, "X1", "c", T0);

        Assert.That(await ReclaimAsync(T0 + Hour - s_millisecond), Is.EqualTo(new ReclaimAnswer(0, 0, false)));
        Assert.That(await ReclaimAsync(T0 + Hour), Is.EqualTo(new ReclaimAnswer(0, 1, false)));
        Assert.That(await ReclaimAsync(T0 + Hour), Is.EqualTo(new ReclaimAnswer(0, 0, false)));
    }

    [Test]
    public async Task Who_left_hears_of_the_end_also_when_the_lease_is_over_since()
    {
        await ReassignPeerAsync(_lease, "X1", "c", T0 + Minute);
        await ReleaseAsync(_lease, T0 + (30 * Minute));

        Assert.That((await ResolvePairAsync(_lease.Number, "b", T0 + Hour)).Outcome, Is.EqualTo(RouteOutcome.Ended));
        Assert.That((await ResolvePairAsync(_lease.Number, "b", T0 + Minute + Hour)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
        Assert.That((await ResolvePairAsync(_lease.Number, "c", T0 + Minute + Hour)).Outcome, Is.EqualTo(RouteOutcome.Ended));
    }

    [TestCase("release")]
    [TestCase("extend")]
    [TestCase("reclaim")]
    public async Task Who_joins_from_a_lease_whose_end_nobody_has_written_down_stays_when_somebody_does(string step)
    {
        var old = await PairAsync(_block, "c", "d", T0, expireTime: T0 + Minute);
        var now = T0 + Minute + Hour;
        Assert.That((await ReassignPeerAsync(_lease, "X1", "c", now)).Outcome, Is.EqualTo(HolderOutcome.Done), "Rested, by the clock alone.");

        _ = step switch
        {
            "release" => (object)await ReleaseAsync(old, now),
            "extend" => await ExtendAsync(old, "X1", now),
            _ => await ReclaimAsync(now),
        };

        Assert.That(await GetAsync(old), step == "reclaim" ? Is.Null : Has.Property(nameof(LeaseRecord.End)).EqualTo(EndReason.Expired));
        var route = await ResolvePairAsync(_lease.Number, "c", now);
        Assert.That((route.Outcome, route.Record!.Claim), Is.EqualTo((RouteOutcome.Route, _lease.Claim)));
        Assert.That(await TryPairAsync(_block, "c", "e", now), Is.EqualTo(TakeOutcome.Full));
        Assert.That((await ResolvePairAsync(_lease.Number, "c", now)).Outcome, Is.EqualTo(RouteOutcome.Route));
    }

    [Test]
    public async Task Of_a_lease_that_is_over_or_gone_nothing_is_reassigned()
    {
        await ReleaseAsync(_lease, T0 + Minute);

        Assert.That((await ReassignPeerAsync(_lease, "X1", "c", T0 + Minute, endIfBusy: true)).Outcome, Is.EqualTo(HolderOutcome.Ended));
        await ReclaimAsync(T0 + Minute + Hour);
        Assert.That(await ReassignPeerAsync(_lease, "X1", "c", T0 + Minute + Hour), Is.EqualTo(new HolderAnswer(HolderOutcome.Gone, null)));
    }

    [Test]
    public async Task What_expired_is_written_down_before_who_joins_is_looked_at()
    {
        await PairAsync(_block, "c", "d", T0);

        var answer = await ReassignPeerAsync(_lease, "X1", "c", T0 + (10 * Day), endIfBusy: true);

        Assert.That((answer.Outcome, answer.Record!.End), Is.EqualTo((HolderOutcome.Ended, EndReason.Expired)));
    }
}
