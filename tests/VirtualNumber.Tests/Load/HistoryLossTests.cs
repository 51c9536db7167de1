using VirtualNumber.Load.Chaos;
using VirtualNumber.Load.Chaos.Checking;

namespace VirtualNumber.Tests.Load;

/// <summary>What the loss of a master excuses in the eyes of the checker of chaos runs, and what it does not.</summary>
public sealed class HistoryLossTests : HistoryTests
{
    [Test]
    public void A_loss_is_admitted_only_at_a_level_that_may_lose_and_where_a_master_was_lost([Values] bool mayLose, [Values] bool trouble)
    {
        if (trouble)
            Troubles.Add(new(Ticks(50), Ticks(90), MayLose: true));
        Create(0, 20, "L", "N", Alice, expire: 5_000);
        Gone(100, 110, "L");
        var verdict = HistoryChecker.Check(new ChaosRules(), mayLose, Calls, Troubles);
        Assert.That((verdict.Admitted.Count, verdict.Violations.Count), Is.EqualTo(mayLose && trouble ? (1, 0) : (0, 1)));
    }

    [TestCase(4_000, false)]
    [TestCase(2_500, true)]
    public void A_loss_is_admitted_only_where_a_change_was_made_shortly_before_or_during_it(int start, bool admitted)
    {
        Troubles.Add(new(Ticks(start), Ticks(start + 500), MayLose: true));
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Gone(5_000, 5_010, "L");
        var verdict = Check();
        Assert.That((verdict.Admitted.Count, verdict.Violations.Count), Is.EqualTo(admitted ? (1, 0) : (0, 1)));
    }

    [Test]
    public void A_look_up_may_see_a_change_that_is_never_confirmed_and_a_read_may_not([Values] bool looked, [Values] bool answered, [Values] bool ofSomebodyElse)
    {
        Troubles.Add(new(Ticks(100), Ticks(500), MayLose: true));
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        if (answered)
            Reassign(90, 110, "L", "r", Bob, 60_000);
        else
            Unclear(new() { Verb = Verb.Reassign, Start = Ticks(90), LeaseId = "L", Request = "r", Holder = Bob }, 110);
        if (looked)
            Resolve(120, 130, "L", "N", ofSomebodyElse ? Carol : Bob);
        Resolve(40_000, 40_010, "L", "N", Alice);
        var verdict = HistoryChecker.Check(new ChaosRules(), mayLose: false, Calls, Troubles);
        Assert.That(verdict.Violations, answered || (looked && ofSomebodyElse) ? Is.Not.Empty : Is.Empty);
        Assert.That(verdict.Unconfirmed, Is.EqualTo(looked && !answered && !ofSomebodyElse ? 1 : 0));
    }

    [Test]
    public void A_look_up_after_an_acknowledged_change_is_not_excused_by_another_one_that_was_not_answered([Values] bool released)
    {
        Troubles.Add(new(Ticks(1_000), Ticks(2_000), MayLose: true));
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Unclear(new() { Verb = Verb.Extend, Start = Ticks(50), LeaseId = "L", Request = "e", Ticks = TimeSpan.FromSeconds(3).Ticks }, 60);
        if (released)
            Release(1_100, 1_110, "L", at: 1_105);
        else
            Reassign(1_100, 1_110, "L", "r", Bob, 60_000);
        Resolve(1_200, 1_210, "L", "N", Alice);
        var verdict = HistoryChecker.Check(new ChaosRules(), mayLose: false, Calls, Troubles);
        Assert.That(verdict.Violations.Select(breach => breach.Kind), Is.EqualTo(new[] { BreachKind.RouteAfterEnd }));
    }

    [TestCase(13_000, false)]
    [TestCase(14_100, true)]
    public void A_forgotten_lease_excuses_its_slot_s_next_one_only_when_that_has_rested_since_the_loss(int next, bool admitted)
    {
        Troubles.Add(new(Ticks(100), Ticks(500), MayLose: true));
        Create(0, 20, "L", "N", Alice, expire: 60_000);
        Create(next, next + 20, "M", "N", Bob, expire: 60_000, epoch: next + 10, delivery: "other");
        var verdict = Check();
        Assert.That(verdict.Admitted.Concat(verdict.Violations).Select(breach => breach.Kind), Is.EqualTo(new[] { BreachKind.TwoHolders }));
        Assert.That(verdict.Admitted, Has.Count.EqualTo(admitted ? 1 : 0));
    }
}
