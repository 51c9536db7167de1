using VirtualNumber.Leasing;
using VirtualNumber.Load.Chaos;
using VirtualNumber.Load.Chaos.Checking;

namespace VirtualNumber.Tests.Load;

/// <summary>The checker of chaos runs: a good history and a bad one for each rule.</summary>
public sealed class HistoryCheckerTests : HistoryTests
{
    [Test]
    public void A_life_as_it_should_be_breaks_nothing()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000, epoch: 10);
        Resolve(30, 40, "L", "N", Alice);
        Extend(50, 60, "L", "e", 3_000, 8_000, extensions: 1);
        Reassign(70, 80, "L", "r", Bob, 8_000, extensions: 1);
        Resolve(90, 100, "L", "N", Bob);
        Get(100, 110, "L", 8_000, extensions: 1);
        Release(200, 220, "L", at: 210, extensions: 1);
        Resolve(230, 240, "L", "N", null);
        Get(250, 260, "L", 210, EndReason.Released, extensions: 1);
        Gone(210 + Aging, 220 + Aging, "L");
        Create(220 + Aging, 240 + Aging, "M", "N", Carol, expire: 20_000, epoch: 230 + Aging, delivery: "C2");

        var verdict = Check();
        Assert.Multiple(() =>
        {
            Assert.That(verdict.Violations, Is.Empty);
            Assert.That((verdict.Leases, verdict.Reused, verdict.ShortestRest), Is.EqualTo((2, 1, Ticks(Aging + 20) - Ticks(0))));
        });
    }

    [Test]
    public void An_acknowledged_lease_that_is_not_there_is_found([Values(3_000, 18_000)] int gone)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Gone(gone, gone + 10, "L");
        Found(BreachKind.EffectLost);
    }

    [Test]
    public void A_lease_whose_record_has_rested_may_be_gone()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Gone(5_000 + Aging, 5_010 + Aging, "L");
        Good();
    }

    [Test]
    public void A_live_lease_that_connects_nobody_is_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Resolve(100, 110, "L", "N", null);
        Found(BreachKind.EffectLost);
    }

    [Test]
    public void A_lease_that_runs_out_during_a_look_up_may_connect_or_not([Values] bool connects)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Resolve(4_900, 5_100, "L", "N", connects ? Alice : null);
        Good();
    }

    [Test]
    public void A_route_after_the_expire_time_is_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Resolve(5_100, 5_110, "L", "N", Alice);
        Found(BreachKind.RouteAfterEnd);
    }

    [Test]
    public void A_route_after_an_acknowledged_release_is_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Release(100, 120, "L", at: 110);
        Resolve(130, 140, "L", "N", Alice);
        Found(BreachKind.RouteAfterEnd);
    }

    [Test]
    public void While_a_release_is_on_its_way_both_answers_are_right_but_not_the_old_one_after_the_new_one([Values] bool back)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Release(100, 500, "L", at: 200);
        Resolve(210, 220, "L", "N", Alice);
        Resolve(230, 240, "L", "N", null);
        if (back)
            Resolve(250, 260, "L", "N", Alice);
        Found(back ? [BreachKind.RouteAfterEnd] : []);
    }

    [Test]
    public void A_release_that_was_not_answered_may_have_happened_or_not_or_happen_later([Values] bool first, [Values] bool second)
    {
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Unclear(new() { Verb = Verb.Release, Start = Ticks(100), LeaseId = "L" }, 200);
        Resolve(300, 310, "L", "N", first ? Alice : null);
        Resolve(9_000, 9_010, "L", "N", second ? Alice : null);
        Found(!first && second ? [BreachKind.RouteAfterEnd] : []);
    }

    [Test]
    public void A_release_that_was_not_answered_does_not_happen_for_ever_after()
    {
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Unclear(new() { Verb = Verb.Release, Start = Ticks(100), LeaseId = "L" }, 200);
        Resolve(31_000, 31_010, "L", "N", Alice);
        Resolve(31_100, 31_110, "L", "N", null);
        Found(BreachKind.EffectLost);
    }

    [Test]
    public void A_release_that_is_undone_is_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Release(100, 120, "L", at: 110);
        Get(130, 140, "L", 5_000);
        Found(BreachKind.EffectLost);
    }

    [Test]
    public void An_extension_that_is_forgotten_is_found([Values] bool byTime)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Extend(50, 60, "L", "e", 3_000, 8_000, extensions: 1);
        Get(100, 110, "L", byTime ? 5_000 : 8_000, extensions: byTime ? 1 : 0);
        Found(BreachKind.EffectLost);
    }

    [Test]
    public void A_request_that_extends_twice_is_found([Values] bool twice)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Unclear(new() { Verb = Verb.Extend, Start = Ticks(50), LeaseId = "L", Request = "e", Ticks = TimeSpan.FromSeconds(3).Ticks }, 60);
        Extend(70, 80, "L", "e", 3_000, twice ? 11_000 : 8_000, extensions: twice ? 2 : 1);
        Found(twice ? [BreachKind.EffectLost] : []);
    }

    [Test]
    public void A_report_below_an_extensions_promise_is_found([Values] bool below)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Extend(50, 60, "L", "e", 3_000, 8_000, extensions: 1);
        Report(70, 80, new(Ticks(70), DeliveryStatus.Delivered), lease: ("L", below ? 2_070 : 8_000, 1));
        Found(below ? [BreachKind.EffectLost] : []);
    }

    [Test]
    public void A_call_to_whom_the_lease_stood_for_before_a_reassignment_is_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Reassign(70, 80, "L", "r", Bob, 5_000);
        Resolve(90, 100, "L", "N", Alice);
        Found(BreachKind.RouteAfterEnd);
    }

    [Test]
    public void A_call_to_somebody_who_never_was_the_holder_is_found_and_never_admitted()
    {
        Troubles.Add(new(Ticks(0), Ticks(9_000), MayLose: true, new(Ticks(95), Ticks(96))));
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Resolve(90, 100, "L", "N", Carol);
        Found(BreachKind.WrongPerson);
    }

    [Test]
    public void A_call_by_a_lease_that_nobody_asked_for_is_found()
    {
        Resolve(90, 100, "L", "N", Carol);
        Found(BreachKind.WrongPerson);
    }

    [Test]
    public void A_look_up_that_a_frozen_master_answers_when_it_thaws_is_counted_and_no_violation()
    {
        Freeze(50, thaw: 3_000, whole: 6_000);
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Release(2_000, 2_020, "L", at: 2_010);
        Resolve(2_900, 3_010, "L", "N", Alice);
        Assert.That(Good().Stale, Has.Count.EqualTo(1));
    }

    [TestCase(2_500, 2_900)]
    [TestCase(3_100, 3_200)]
    [TestCase(5_900, 6_100)]
    public void A_look_up_that_was_not_on_its_way_as_the_master_thawed_is_no_such_one(int start, int end)
    {
        Freeze(50, thaw: 3_000, whole: 6_000);
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Release(2_000, 2_020, "L", at: 2_010);
        Resolve(start, end, "L", "N", Alice);
        Found(BreachKind.RouteAfterEnd);
    }

    [Test]
    public void A_frozen_master_does_not_bring_back_what_was_over_before_it_froze()
    {
        Freeze(1_000, thaw: 3_000, whole: 6_000);
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Release(100, 120, "L", at: 110);
        Resolve(2_900, 3_010, "L", "N", Alice);
        Found(BreachKind.RouteAfterEnd);
    }

    [Test]
    public void A_call_that_is_connected_by_the_lease_of_another_number_is_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Resolve(90, 100, "L", "O", Alice);
        Found(BreachKind.WrongPerson);
    }

    [Test]
    public void A_lease_that_changes_its_number_is_found()
    {
        Create(0, 20, "L", "O", Alice, expire: 5_000);
        Get(30, 40, "L", 5_000);
        Found(BreachKind.EffectLost);
    }

    [Test]
    public void What_cannot_be_read_back_in_the_end_is_found([Values] bool atLast, [Values] bool lost)
    {
        if (lost)
            Troubles.Add(new(Ticks(50), Ticks(90), MayLose: true));
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Unclear(new() { Verb = Verb.Get, Start = Ticks(100), LeaseId = "L", Client = Call.ReadBackClient }, 110);
        if (atLast)
            Add(new() { Verb = Verb.Get, Start = Ticks(200), LeaseId = "L", Client = Call.ReadBackClient, Seen = [Seen("L", 5_000, default, 0)] }, 210);
        var verdict = Check();
        Assert.That(verdict.Violations.Concat(verdict.Admitted).Select(breach => breach.Kind), Is.EqualTo(atLast ? [] : new[] { BreachKind.StillAway }));
        Assert.That(verdict.Admitted, Has.Count.EqualTo(!atLast && lost ? 1 : 0));
    }

    [TestCase(10, 10, true)]
    [TestCase(10, 30, false)]
    [TestCase(0, 0, false)]
    public void A_history_of_refusals_proves_nothing(int done, int unclear, bool proves)
    {
        for (var i = 0; i < done; i++)
        {
            foreach (var verb in Enum.GetValues<Verb>())
                Add(new() { Verb = verb, Start = Ticks(0), Delivery = $"{verb}-{i}", ReportOutcome = ReportOutcome.Repeated }, 10);
        }

        for (var i = 0; i < unclear; i++)
        {
            foreach (var verb in Enum.GetValues<Verb>())
                Unclear(new() { Verb = verb, Start = Ticks(0) }, 10);
        }

        var verdict = Check();
        Assert.That((verdict.Violations.Count, verdict.Holds), Is.EqualTo((0, proves)));
    }

    [Test]
    public void A_lease_without_an_answer_is_known_by_whom_it_connects([Values] bool rightly)
    {
        Unclear(new() { Verb = Verb.Create, Start = Ticks(0), Delivery = D, Role = DeliveryRole.Recipient, Request = "c", Holder = Alice, Ticks = Ticks(5_000) }, 50);
        Resolve(100, 110, "L", "N", Alice);
        Resolve(rightly ? 4_000 : 5_100, 5_200, "L", "N", Alice);
        Found(rightly ? [] : [BreachKind.RouteAfterEnd]);
    }

    [Test]
    public void A_slot_with_two_holders_is_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Create(1_000, 1_020, "M", "N", Bob, expire: 5_000, epoch: 1_010, delivery: "C2");
        Found(BreachKind.TwoHolders);
    }

    [Test]
    public void A_slot_that_has_not_rested_is_found([Values(1_000, Aging - 30, Aging - 10)] int rest)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Release(100, 120, "L", at: 110);
        Create(110 + rest, 120 + rest, "M", "N", Bob, expire: 60_000, epoch: 110 + rest, delivery: "C2");
        // The two clocks are read to 20 ms.
        Found(rest < Aging - 20 ? [BreachKind.ReusedBeforeRest] : []);
    }

    /// <summary>A take carries the time at which it was sent, and one that a fault held up is done later.</summary>
    [TestCase(Aging - 1_000, Aging + 500, true, false)]
    [TestCase(Aging - 1_000, Aging + 500, false, true)]
    [TestCase(Aging - 1_000, Aging - 500, true, true)]
    [TestCase(-500, Aging + 500, true, true)]
    public void A_slot_that_was_taken_late_has_rested_as_far_as_anybody_has_seen(int sent, int seen, bool heldUp, bool found)
    {
        if (heldUp)
            Freeze(910 + sent, 1_210 + sent, 1_310 + sent);
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Release(1_000, 1_020, "L", at: 1_010);
        Create(1_010 + sent, 1_010 + seen, "M", "N", Bob, expire: 60_000, epoch: 1_010 + sent, delivery: "C2");
        Found(found ? [sent < 0 ? BreachKind.TwoHolders : BreachKind.ReusedBeforeRest] : []);
    }

    [Test]
    public void A_party_that_is_on_a_number_twice_is_found([Values(0, 1_000, Aging)] int after)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000, peer: Bob);
        Release(100, 120, "L", at: 110);
        Create(100 + after, 200 + after, "M", "N", Alice, expire: 60_000, epoch: 110 + after, delivery: "C2", peer: Carol);
        Found(after == 0 ? [BreachKind.ReusedBeforeRest] : after < Aging ? [BreachKind.ReusedBeforeRest] : []);
    }

    [Test]
    public void Who_left_a_pair_rests_from_then_on_and_reaches_nobody([Values] bool early)
    {
        Create(0, 20, "L", "N", Alice, expire: 60_000, peer: Bob);
        Resolve(30, 40, "L", "N", Alice, caller: Bob);
        Reassign(100, 120, "L", "r", "", 60_000, peer: Carol);
        Resolve(130, 140, "L", "N", null, caller: Bob);
        Resolve(150, 160, "L", "N", Carol, caller: Alice);
        var joins = 110 + (early ? 1_000 : Aging + 100);
        Create(joins, joins + 10, "M", "N", "+9992000000009", expire: 60_000, epoch: joins, delivery: "C2", peer: Bob);
        Found(early ? [BreachKind.ReusedBeforeRest] : []);
    }

    [Test]
    public void One_request_that_comes_to_two_leases_is_found([Values] bool again)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Release(100, 120, "L", at: 110);
        var at = again ? 200 : 120 + Aging;
        Create(at, at + 20, "M", "O", Alice, expire: 5_000 + at, epoch: at + 10);
        Found(again ? [BreachKind.RequestLeasedTwice] : []);
    }

    [Test]
    public void Two_live_leases_of_one_role_are_found()
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Create(100, 120, "M", "O", Bob, expire: 5_000, epoch: 110, request: "c2");
        Found(BreachKind.RoleLeasedTwice);
    }

    [Test]
    public void A_refusal_for_a_role_that_is_not_taken_is_found([Values] bool taken)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        if (!taken)
            Release(30, 50, "L", at: 40);
        Add(new()
        {
            Verb = Verb.Create,
            Start = Ticks(100),
            Delivery = D,
            Role = DeliveryRole.Recipient,
            Request = "c2",
            Holder = Bob,
            Ticks = Ticks(9_000),
            LeaseId = "L",
            Outcome = CallEnd.Refused,
            Reason = "DELIVERY_ROLE_TAKEN",
        }, 110);
        Found(taken ? [] : [BreachKind.EffectLost]);
    }

    [Test]
    public void A_report_gives_the_lease_its_terms([Values] bool rightly)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Report(100, 120, new(Ticks(100), DeliveryStatus.Delivered), lease: ("L", 2_100, 0));
        Get(200, 210, "L", rightly ? 2_100 : 5_000);
        Found(rightly ? [] : [BreachKind.EffectLost]);
    }

    [Test]
    public void A_report_that_was_acknowledged_before_the_lease_is_in_it([Values] bool rightly)
    {
        Report(0, 10, new(Ticks(0), DeliveryStatus.Delivered));
        Create(100, 120, "L", "N", Alice, expire: rightly ? 2_000 : 5_000, epoch: 110, asked: 5_000);
        Found(rightly ? [] : [BreachKind.EffectLost]);
    }

    [Test]
    public void A_report_that_was_not_answered_may_be_applied_by_the_next_one([Values] bool applied)
    {
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Unclear(new() { Verb = Verb.Report, Start = Ticks(100), Delivery = D, Event = new(Ticks(100), DeliveryStatus.Delivered) }, 200);
        Get(300, 310, "L", applied ? 2_100 : 5_000);
        Good();
    }

    [Test]
    public void Older_and_repeated_reports_change_nothing([Values] bool rightly)
    {
        StatusEvent newer = new(Ticks(100), DeliveryStatus.InTransit), older = new(Ticks(50), DeliveryStatus.PickedUp);
        Report(100, 110, newer);
        Report(120, 130, newer, ReportOutcome.Repeated, newer);
        Report(140, 150, older, ReportOutcome.Older, rightly ? newer : older);
        Found(rightly ? [] : [BreachKind.EventOrder]);
    }

    [Test]
    public void A_report_that_is_forgotten_is_found()
    {
        StatusEvent report = new(Ticks(100), DeliveryStatus.InTransit);
        Report(100, 110, report);
        Add(new() { Verb = Verb.List, Start = Ticks(200), Delivery = D }, 210);
        Found(BreachKind.EventOrder);
    }

    [Test]
    public void A_status_after_the_end_of_the_journey_counts_only_where_it_may_follow([Values] bool rightly)
    {
        StatusEvent delivered = new(Ticks(100), DeliveryStatus.Delivered), later = new(Ticks(200), DeliveryStatus.InTransit);
        Report(100, 110, delivered);
        Report(200, 210, later, rightly ? ReportOutcome.AfterTerminal : ReportOutcome.Applied, rightly ? delivered : later);
        Found(rightly ? [] : [BreachKind.EventOrder]);
    }

    [Test]
    public void An_answer_that_nobody_should_get_is_found()
    {
        Add(new() { Verb = Verb.Get, Start = Ticks(0), LeaseId = "L", Outcome = CallEnd.Refused, Reason = "Internal: boom" }, 10);
        Found(BreachKind.UnexpectedAnswer);
    }
}
