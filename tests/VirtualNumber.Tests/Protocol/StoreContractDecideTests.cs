using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>decide: which event counts, and that the answer is always what is stored.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractDecideTests(StoreUnderTest kind) : StoreTests(kind)
{
    [Test]
    public async Task Decide_applies_the_first_event_whatever_it_is([Values] DeliveryStatus status)
    {
        if (status == DeliveryStatus.Unspecified)
        {
            Assert.That(() => DeliveryStatusRules.AllowedFrom(status), Throws.InstanceOf<ArgumentOutOfRangeException>());
            return;
        }

        var (outcome, view) = await DecideAsync(status, T0, T0 + Hour);

        Assert.That(outcome, Is.EqualTo(ReportOutcome.Applied));
        Assert.That((view.ReportNumber, view.Status, view.EventTime), Is.EqualTo((1, status, T0)));
        Assert.That(view.Terms, Is.EqualTo(new Terms(T0 + (7 * Day), status == DeliveryStatus.Cancelled)));
        Assert.That(view.Claims, Is.Empty);
    }

    [TestCase(1, DeliveryStatus.LabelCreated, ReportOutcome.Applied, TestName = "Decide_applies_an_event_of_a_later_time_and_lower_rank")]
    [TestCase(0, DeliveryStatus.AtDestination, ReportOutcome.Applied, TestName = "Decide_applies_an_event_of_the_same_time_and_higher_rank")]
    [TestCase(0, DeliveryStatus.InTransit, ReportOutcome.Repeated, TestName = "Decide_knows_a_repeat")]
    [TestCase(0, DeliveryStatus.PickedUp, ReportOutcome.Older, TestName = "Decide_finds_the_same_time_with_a_lower_rank_older")]
    [TestCase(-1, DeliveryStatus.Delivered, ReportOutcome.Older, TestName = "Decide_finds_an_earlier_time_with_a_higher_rank_older")]
    public async Task Decide_orders_by_time_then_rank(int seconds, DeliveryStatus status, ReportOutcome expected)
    {
        await DecideAsync(DeliveryStatus.InTransit, T0, T0);

        var (outcome, view) = await DecideAsync(status, T0 + (seconds * Second), T0 + Hour, instant: T0 + Day);

        var applied = expected == ReportOutcome.Applied;
        Assert.That(outcome, Is.EqualTo(expected));
        Assert.That(view.ReportNumber, Is.EqualTo(applied ? 2 : 1));
        Assert.That(view.Status, Is.EqualTo(applied ? status : DeliveryStatus.InTransit));
        Assert.That(view.EventTime, Is.EqualTo(applied ? T0 + (seconds * Second) : T0));
        Assert.That(view.Terms!.Value.Instant, Is.EqualTo(applied ? T0 + Day : T0 + (7 * Day)));
    }

    [Test]
    public async Task Decide_counts_by_the_instant_not_by_its_written_offset()
    {
        await DecideAsync(DeliveryStatus.InTransit, T0, T0);

        var (outcome, _) = await DecideAsync(DeliveryStatus.InTransit, T0.ToOffset(8 * Hour), T0);

        Assert.That(outcome, Is.EqualTo(ReportOutcome.Repeated));
    }

    [Test]
    public async Task Decide_refuses_a_newer_event_after_a_terminal_one_that_it_does_not_follow()
    {
        await DecideAsync(DeliveryStatus.Delivered, T0, T0);

        var (outcome, view) = await DecideAsync(DeliveryStatus.InTransit, T0 + Hour, T0 + Hour);

        Assert.That(outcome, Is.EqualTo(ReportOutcome.AfterTerminal));
        Assert.That((view.ReportNumber, view.Status, view.EventTime), Is.EqualTo((1, DeliveryStatus.Delivered, T0)));
        Assert.That(view.Terms!.Value.Instant, Is.EqualTo(T0 + (7 * Day)));
    }

    [Test]
    public async Task Decide_finds_an_older_event_older_even_where_it_may_not_follow()
    {
        await DecideAsync(DeliveryStatus.Returned, T0, T0);

        var (outcome, _) = await DecideAsync(DeliveryStatus.InTransit, T0 - Hour, T0);

        Assert.That(outcome, Is.EqualTo(ReportOutcome.Older));
    }

    [Test]
    public async Task A_refused_event_does_not_stand_in_the_way_of_one_before_it()
    {
        await DecideAsync(DeliveryStatus.Delivered, T0, T0);
        await DecideAsync(DeliveryStatus.InTransit, T0 + (2 * Hour), T0 + (2 * Hour));

        var (outcome, _) = await DecideAsync(DeliveryStatus.Returning, T0 + Hour, T0 + (2 * Hour));

        Assert.That(outcome, Is.EqualTo(ReportOutcome.Applied));
    }

    [Test]
    public async Task Decide_answers_the_claims_of_all_roles_in_their_order()
    {
        var courier = (await ClaimAsync("R3", "T3", 1, T0, role: DeliveryRole.Courier)).Claim!;
        var recipient = (await ClaimAsync("R1", "T1", 1, T0)).Claim!;

        var (_, view) = await DecideAsync(DeliveryStatus.InTransit, T0, T0);

        Assert.That(view.Claims, Is.EqualTo(new[] { (DeliveryRole.Recipient, recipient), (DeliveryRole.Courier, courier) }));
    }

    [Test]
    public async Task A_report_without_a_lease_is_forgotten_when_its_time_is_over()
    {
        await DecideAsync(DeliveryStatus.Delivered, T0, T0, keepUntil: T0 + (30 * Day));

        var (outcome, view) = await DecideAsync(DeliveryStatus.InTransit, T0 - Day, T0 + (30 * Day), keepUntil: T0 + (60 * Day));

        Assert.That((outcome, view.ReportNumber), Is.EqualTo((ReportOutcome.Applied, 1)));
    }
}
