using FsCheck.Fluent;
using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class LeaseTermsTests
{
    private static readonly DateTimeOffset s_time = new(2025, 11, 11, 0, 0, 0, TimeSpan.Zero);
    private static readonly LeaseTerms s_terms = new(new LeaseTermsOptions());

    [TestCase(DeliveryStatus.LabelCreated, 30 * 24)]
    [TestCase(DeliveryStatus.PickedUp, 60 * 24)]
    [TestCase(DeliveryStatus.InTransit, 60 * 24)]
    [TestCase(DeliveryStatus.InCustoms, 60 * 24)]
    [TestCase(DeliveryStatus.AtDestination, 60 * 24)]
    [TestCase(DeliveryStatus.OutForDelivery, 60 * 24)]
    [TestCase(DeliveryStatus.AttemptFailed, 60 * 24)]
    [TestCase(DeliveryStatus.AwaitingPickup, 15 * 24)]
    [TestCase(DeliveryStatus.Exception, 60 * 24)]
    [TestCase(DeliveryStatus.Returning, 60 * 24)]
    [TestCase(DeliveryStatus.Refused, 3 * 24)]
    [TestCase(DeliveryStatus.Delivered, 7 * 24)]
    [TestCase(DeliveryStatus.Returned, 3 * 24)]
    [TestCase(DeliveryStatus.Lost, 15 * 24)]
    [TestCase(DeliveryStatus.Cancelled, 1)]
    public void Status_keeps_a_lease_for(DeliveryStatus status, int hours) =>
        Assert.That(
            s_terms.For(status, s_time),
            Is.EqualTo(new Terms(s_time.AddHours(hours), Final: status == DeliveryStatus.Cancelled)));

    [Test]
    public void Defaults_of_the_rest_are_these()
    {
        var options = new LeaseTermsOptions();
        Assert.That(options.HardCap, Is.EqualTo(TimeSpan.FromDays(90)));
        Assert.That(options.ExtensionSpans, Is.EqualTo(new[] { TimeSpan.FromDays(7), TimeSpan.FromDays(15), TimeSpan.FromDays(30) }));
        Assert.That(options.ExtensionLimit, Is.EqualTo(3));
        Assert.That(options.FutureTolerance, Is.EqualTo(TimeSpan.FromMinutes(10)));
        Assert.That(options.OldestEvent, Is.EqualTo(TimeSpan.FromDays(180)));
        Assert.That(options.DeliveredTermLimit, Is.EqualTo(TimeSpan.FromDays(30)));
        Assert.That(options.Validate(), Is.Empty);
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(30)]
    public void Tenant_sets_the_term_of_DELIVERED_and_of_nothing_else(int days)
    {
        var term = TimeSpan.FromDays(days);
        Assert.That(s_terms.For(DeliveryStatus.Delivered, s_time, term).Instant, Is.EqualTo(s_time + term));
        foreach (var status in Enum.GetValues<DeliveryStatus>().Except([DeliveryStatus.Unspecified, DeliveryStatus.Delivered]))
        {
            Assert.That(s_terms.For(status, s_time, term), Is.EqualTo(s_terms.For(status, s_time)), status.ToString());
        }
    }

    [Test]
    public void Tenant_cannot_set_less_than_nothing_or_more_than_30_days([Values] bool isLess)
    {
        var term = isLess ? TimeSpan.FromTicks(-1) : TimeSpan.FromDays(30) + TimeSpan.FromTicks(1);
        Assert.That(() => s_terms.For(DeliveryStatus.Delivered, s_time, term), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [TestCase(DeliveryStatus.Unspecified)]
    [TestCase((DeliveryStatus)16)]
    public void Status_of_no_event_has_no_terms(DeliveryStatus status) =>
        Assert.That(() => s_terms.For(status, s_time), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Terms_count_from_the_events_own_time_to_the_tick() => Properties.ForEach(
        from ticks in Gen.Choose(int.MinValue, int.MaxValue)
        from span in Gen.Choose(0, 5000)
        from zone in Gen.Choose(-12, 14)
        select (ticks, span, zone),
        value =>
        {
            // Scaled down: a day becomes milliseconds.
            var options = new LeaseTermsOptions { HardCap = TimeSpan.FromSeconds(10), DeliveredTermLimit = TimeSpan.FromSeconds(1) };
            options.ExtensionSpans = [];
            foreach (var status in options.After.Keys.ToList())
            {
                options.After[status] = TimeSpan.FromMilliseconds(value.span) + TimeSpan.FromTicks((int)status);
            }

            var time = s_time.AddTicks(value.ticks);
            foreach (var status in options.After.Keys)
            {
                var terms = new LeaseTerms(options).For(status, time.ToOffset(TimeSpan.FromHours(value.zone)));
                Assert.That(terms.Instant - time, Is.EqualTo(options.After[status]));
            }
        },
        tests: 200);

    [Test]
    public void Later_event_of_one_status_never_gives_an_earlier_instant() => Properties.ForEach(
        from status in Gen.Choose(1, 15)
        from one in Gen.Choose(0, int.MaxValue)
        from other in Gen.Choose(0, int.MaxValue)
        select (status: (DeliveryStatus)status, earlier: Math.Min(one, other), later: Math.Max(one, other)),
        value => Assert.That(
            s_terms.For(value.status, s_time.AddMilliseconds(value.earlier)).Instant,
            Is.LessThanOrEqualTo(s_terms.For(value.status, s_time.AddMilliseconds(value.later)).Instant)));

    [Test]
    public void Terms_stop_at_the_end_of_the_calendar()
    {
        var terms = s_terms.For(DeliveryStatus.InTransit, DateTimeOffset.MaxValue.AddDays(-1));
        Assert.That(terms.Instant, Is.EqualTo(DateTimeOffset.MaxValue));
    }

    [TestCase(30, null, 30)]
    [TestCase(30, 10, 10)]
    [TestCase(30, 40, 30)]
    [TestCase(100, null, 90)]
    [TestCase(100, 95, 90)]
    [TestCase(100, 89, 89)]
    [TestCase(-1, null, 0)]
    [TestCase(30, -1, 0)]
    public void New_lease_ends_at_the_earliest_of_terms_request_and_cap(int termsDays, int? requestedDays, int expectedDays)
    {
        var requested = requestedDays is { } days ? s_time.AddDays(days) : (DateTimeOffset?)null;
        var expireTime = s_terms.InitialExpireTime(new Terms(s_time.AddDays(termsDays), Final: false), s_time, requested);
        Assert.That(expireTime, Is.EqualTo(s_time.AddDays(expectedDays)));
    }

    [Test]
    public void Holder_extends_by_the_spans_of_the_options_only()
    {
        Assert.That(s_terms.IsExtensionSpan(TimeSpan.FromDays(15)), Is.True);
        Assert.That(s_terms.IsExtensionSpan(TimeSpan.FromDays(14)), Is.False);
        Assert.That(s_terms.IsExtensionSpan(TimeSpan.Zero), Is.False);
    }

    [Test]
    public void Event_time_is_believed_within_its_limits()
    {
        var tick = TimeSpan.FromTicks(1);
        Assert.That(s_terms.CheckEventTime(s_time.AddMinutes(10), s_time), Is.EqualTo(EventTimeFault.None));
        Assert.That(s_terms.CheckEventTime(s_time.AddMinutes(10) + tick, s_time), Is.EqualTo(EventTimeFault.InTheFuture));
        Assert.That(s_terms.CheckEventTime(s_time.AddDays(-180), s_time), Is.EqualTo(EventTimeFault.None));
        Assert.That(s_terms.CheckEventTime(s_time.AddDays(-180) - tick, s_time), Is.EqualTo(EventTimeFault.TooOld));
        Assert.That(s_terms.CheckEventTime(DateTimeOffset.MaxValue, s_time), Is.EqualTo(EventTimeFault.InTheFuture));
        Assert.That(s_terms.CheckEventTime(DateTimeOffset.MinValue, s_time), Is.EqualTo(EventTimeFault.TooOld));
        // Eight hours ahead: local time of China sent as UTC.
        Assert.That(s_terms.CheckEventTime(s_time.AddHours(8), s_time), Is.EqualTo(EventTimeFault.InTheFuture));
        Assert.That(s_terms.CheckEventTime(s_time.ToOffset(TimeSpan.FromHours(8)), s_time), Is.EqualTo(EventTimeFault.None));
    }

    [Test]
    public void Options_tell_all_their_faults_at_once()
    {
        var options = new LeaseTermsOptions
        {
            DeliveredTermLimit = TimeSpan.FromDays(91),
            ExtensionSpans = [TimeSpan.Zero],
            ExtensionLimit = -1,
            FutureTolerance = TimeSpan.FromHours(2),
            OldestEvent = TimeSpan.Zero,
        };
        options.After[DeliveryStatus.InTransit] = TimeSpan.FromDays(91);
        options.After[DeliveryStatus.Unspecified] = TimeSpan.FromDays(1);
        options.After.Remove(DeliveryStatus.Lost);

        var faults = options.Validate();

        Assert.That(faults, Has.Count.EqualTo(8));
        foreach (var name in new[]
        {
            "DeliveredTermLimit", "ExtensionSpans", "ExtensionLimit", "FutureTolerance", "OldestEvent", "After[InTransit]",
            "After[Unspecified]", "After[Lost]",
        })
        {
            Assert.That(faults, Has.Exactly(1).StartsWith(name));
        }

        Assert.That(() => new LeaseTerms(options), Throws.ArgumentException.With.Message.Contains("After[Lost]"));
    }

    [Test]
    public void Options_changed_later_change_nothing()
    {
        var options = new LeaseTermsOptions();
        var terms = new LeaseTerms(options);
        options.After[DeliveryStatus.Delivered] = TimeSpan.Zero;
        options.HardCap = TimeSpan.FromDays(1);
        Assert.That(terms.For(DeliveryStatus.Delivered, s_time).Instant, Is.EqualTo(s_time.AddDays(7)));
        Assert.That(terms.CapOf(s_time), Is.EqualTo(s_time.AddDays(90)));
    }
}
