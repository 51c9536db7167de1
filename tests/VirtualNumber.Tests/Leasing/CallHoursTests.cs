using System.Globalization;
using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

/// <summary>When calls are connected: to the millisecond, over midnight, and where clocks are put forward or back.</summary>
[TestFixture]
public sealed class CallHoursTests
{
    private const string China = "Asia/Shanghai";

    [TestCase("2026-03-04T07:59:59.999+08:00", false)]
    [TestCase("2026-03-04T08:00:00.000+08:00", true)]
    [TestCase("2026-03-04T19:59:59.999+08:00", true)]
    [TestCase("2026-03-04T20:00:00.000+08:00", false)]
    [TestCase("2026-03-04T00:00:00.000Z", true, Description = "Eight in the morning there")]
    [TestCase("2026-03-04T12:00:00.000Z", false)]
    public void The_start_is_within_and_the_end_is_not(string instant, bool open) =>
        Assert.That(Hours(China, (8 * 60, 20 * 60, Weekdays.None)).IsOpen(At(instant)), Is.EqualTo(open));

    [TestCase("2026-03-04T00:00:00.000+08:00", true)]
    [TestCase("2026-03-04T23:59:59.999+08:00", true)]
    [TestCase("2026-03-05T00:00:00.000+08:00", false, Description = "A Thursday")]
    [TestCase("2026-03-03T23:59:59.999+08:00", false)]
    public void A_whole_day_ends_at_midnight(string instant, bool open) =>
        Assert.That(Hours(China, (0, 24 * 60, Weekdays.Wednesday)).IsOpen(At(instant)), Is.EqualTo(open));

    // 6 March 2026 is a Friday.
    [TestCase("2026-03-06T21:59:59.999+08:00", false)]
    [TestCase("2026-03-06T22:00:00.000+08:00", true)]
    [TestCase("2026-03-07T00:00:00.000+08:00", true, Description = "Saturday, in the window that began on Friday")]
    [TestCase("2026-03-07T01:59:59.999+08:00", true)]
    [TestCase("2026-03-07T02:00:00.000+08:00", false)]
    [TestCase("2026-03-07T22:00:00.000+08:00", false, Description = "None begins on Saturday")]
    [TestCase("2026-03-06T01:00:00.000+08:00", false, Description = "None began on Thursday")]
    public void A_window_over_midnight_belongs_to_the_day_on_which_it_begins(string instant, bool open) =>
        Assert.That(Hours(China, (22 * 60, 2 * 60, Weekdays.Friday)).IsOpen(At(instant)), Is.EqualTo(open));

    [TestCase("2026-03-08T23:00:00.000Z", true, Description = "From Sunday on")]
    [TestCase("2026-03-09T01:00:00.000Z", true, Description = "to Monday")]
    [TestCase("2026-03-10T01:00:00.000Z", false)]
    public void A_week_has_no_end(string instant, bool open) =>
        Assert.That(Hours("UTC", (22 * 60, 2 * 60, Weekdays.Sunday)).IsOpen(At(instant)), Is.EqualTo(open));

    [TestCase(Weekdays.Monday, 9)]
    [TestCase(Weekdays.Tuesday, 10)]
    [TestCase(Weekdays.Wednesday, 11)]
    [TestCase(Weekdays.Thursday, 12)]
    [TestCase(Weekdays.Friday, 13)]
    [TestCase(Weekdays.Saturday, 14)]
    [TestCase(Weekdays.Sunday, 15)]
    public void Each_day_of_the_week_is_that_day_alone(Weekdays day, int dayOfMonth)
    {
        var hours = Hours("UTC", (0, 24 * 60, day));
        var open = Enumerable.Range(9, 7).Where(of => hours.IsOpen(new DateTimeOffset(2026, 3, of, 12, 0, 0, TimeSpan.Zero)));
        Assert.That(open, Is.EqualTo(new[] { dayOfMonth }));
    }

    [Test]
    public void Within_any_window_is_enough()
    {
        var hours = Hours("UTC", (8 * 60, 12 * 60, Weekdays.None), (14 * 60, 18 * 60, Weekdays.None));
        var open = Enumerable.Range(0, 24).Where(hour => hours.IsOpen(new DateTimeOffset(2026, 3, 4, hour, 0, 0, TimeSpan.Zero)));
        Assert.That(open, Is.EqualTo(new[] { 8, 9, 10, 11, 14, 15, 16, 17 }));
    }

    // In New York clocks go from 2:00 to 3:00 on 8 March 2026, and from 2:00 back to 1:00 on 1 November.
    [TestCase("2026-03-08T06:59:59.999Z", false, Description = "1:59:59.999")]
    [TestCase("2026-03-08T07:00:00.000Z", false, Description = "3:00 at once")]
    [TestCase("2026-03-09T06:00:00.000Z", true, Description = "2:00 on the day after, an hour earlier than before")]
    [TestCase("2026-03-07T07:00:00.000Z", true, Description = "2:00 on the day before")]
    public void An_hour_that_is_left_out_is_in_no_window(string instant, bool open) =>
        Assert.That(Hours("America/New_York", (2 * 60, 3 * 60, Weekdays.None)).IsOpen(At(instant)), Is.EqualTo(open));

    [TestCase("2026-11-01T05:00:00.000Z", true, Description = "1:00 for the first time")]
    [TestCase("2026-11-01T05:59:59.999Z", true)]
    [TestCase("2026-11-01T06:00:00.000Z", true, Description = "1:00 for the second time")]
    [TestCase("2026-11-01T06:59:59.999Z", true)]
    [TestCase("2026-11-01T07:00:00.000Z", false, Description = "2:00")]
    [TestCase("2026-11-01T04:59:59.999Z", false)]
    public void An_hour_that_comes_twice_counts_both_times(string instant, bool open) =>
        Assert.That(Hours("America/New_York", (60, 2 * 60, Weekdays.None)).IsOpen(At(instant)), Is.EqualTo(open));

    [Test]
    public void A_zone_that_this_machine_does_not_know_is_never_open() =>
        Assert.That(Hours("Asia/Nowhere", (0, 24 * 60, Weekdays.None)).IsOpen(At("2026-03-04T12:00:00Z")), Is.False);

    [TestCase("Asia/Shanghai", true)]
    [TestCase("America/Argentina/Buenos_Aires", true)]
    [TestCase("Etc/GMT+8", true)]
    [TestCase("UTC", true)]
    [TestCase("", false)]
    [TestCase("China", false)]
    [TestCase("Asia", false)]
    [TestCase("Asia/Nowhere", false)]
    [TestCase("asia/shanghai", false)]
    [TestCase("+08:00", false)]
    [TestCase("right/Asia/Shanghai", false, Description = "Counts leap seconds")]
    [TestCase("localtime", false, Description = "Another one on each machine")]
    [TestCase("Asia/../UTC", false)]
    [TestCase("Asia/Shanghai\0", false)]
    public void A_zone_is_one_of_the_data_base_s(string id, bool known) => Assert.That(CallHours.IsTimeZone(id), Is.EqualTo(known));

    private static DateTimeOffset At(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);

    private static CallHours Hours(string zone, params (int Start, int End, Weekdays Days)[] windows) =>
        new(zone, [.. windows.Select(window => new CallWindow(window.Start, window.End, window.Days))]);
}
