using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class DeliveryStatusRulesTests
{
    /// <summary>Row: the current status; column: that of a newer event, LABEL_CREATED to CANCELLED.</summary>
    private static readonly (DeliveryStatus Current, string Next)[] s_table =
    [
        (DeliveryStatus.Unspecified, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.LabelCreated, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.PickedUp, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.InTransit, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.InCustoms, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.AtDestination, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.OutForDelivery, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.AttemptFailed, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.AwaitingPickup, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.Exception, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.Returning, "yyyyyyyyyyyyyyy"),
        (DeliveryStatus.Refused, "---------y-----"),
        (DeliveryStatus.Delivered, "--------yy-----"),
        (DeliveryStatus.Returned, "---------------"),
        (DeliveryStatus.Lost, "---------------"),
        (DeliveryStatus.Cancelled, "-yyyyyyy-yyyy--"),
    ];

    private static IEnumerable<TestCaseData> Transitions =>
        from row in s_table
        from next in Enumerable.Range(1, 15)
        select new TestCaseData(row.Current, (DeliveryStatus)next).Returns(row.Next[next - 1] == 'y');

    [TestCaseSource(nameof(Transitions))]
    public bool Newer_event_counts(DeliveryStatus current, DeliveryStatus next) => DeliveryStatusRules.AllowedFrom(next).Contains(current);

    [Test]
    public void Table_covers_every_status_in_order() =>
        Assert.That(s_table.Select(row => row.Current), Is.EqualTo(Enum.GetValues<DeliveryStatus>()));

    [Test]
    public void Rank_is_the_value()
    {
        Assert.That(Enum.GetValues<DeliveryStatus>().Select(status => (int)status), Is.EqualTo(Enumerable.Range(0, 16)));
        Assert.That(
            string.Join(' ', Enum.GetNames<DeliveryStatus>()),
            Is.EqualTo("Unspecified LabelCreated PickedUp InTransit InCustoms AtDestination OutForDelivery AttemptFailed AwaitingPickup "
                + "Exception Returning Refused Delivered Returned Lost Cancelled"));
    }

    [Test]
    public void Terminal_statuses_are_the_last_five() =>
        Assert.That(
            Enum.GetValues<DeliveryStatus>().Where(DeliveryStatusRules.IsTerminal).Select(status => (int)status),
            Is.EqualTo(Enumerable.Range(11, 5)));

    [TestCase(DeliveryStatus.Unspecified)]
    [TestCase((DeliveryStatus)16)]
    [TestCase((DeliveryStatus)(-1))]
    public void No_event_has_a_status_outside_the_vocabulary(DeliveryStatus status)
    {
        Assert.That(() => DeliveryStatusRules.AllowedFrom(status), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(DeliveryStatusRules.IsTerminal(status), Is.False);
    }

    [Test]
    public void Set_is_one_bit_per_status([Values] DeliveryStatus status)
    {
        var set = DeliveryStatusSet.Of(status);
        Assert.That(set.Bits, Is.EqualTo((int)Math.Pow(2, (int)status)));
        Assert.That(Enum.GetValues<DeliveryStatus>().Where(set.Contains), Is.EqualTo(new[] { status }));
        Assert.That(new DeliveryStatusSet(set.Bits), Is.EqualTo(set));
        Assert.That(set.Contains((DeliveryStatus)((int)status + 32)), Is.False);
    }

    [Test]
    public void Script_gets_these_integers()
    {
        Assert.That(DeliveryStatusRules.AllowedFrom(DeliveryStatus.LabelCreated).Bits, Is.EqualTo(0b0000_0111_1111_1111));
        Assert.That(DeliveryStatusRules.AllowedFrom(DeliveryStatus.InTransit).Bits, Is.EqualTo(0b1000_0111_1111_1111));
        Assert.That(DeliveryStatusRules.AllowedFrom(DeliveryStatus.Exception).Bits, Is.EqualTo(0b0001_0111_1111_1111));
        Assert.That(DeliveryStatusRules.AllowedFrom(DeliveryStatus.Returning).Bits, Is.EqualTo(0b1001_1111_1111_1111));
    }
}
