using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class VendorStatusTests
{
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.LabelCreated, "101 102")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.PickedUp, "1 103")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.InTransit, "0 7 1002 1003")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.InCustoms, "8 10 11 12 13")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.AtDestination, "1001")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.OutForDelivery, "5")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.AwaitingPickup, "501")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.Exception, "2")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.Returning, "6")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.Refused, "14")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.Delivered, "3 301 302 303")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.Returned, "4")]
    [TestCase(Vendor.Kuaidi100, DeliveryStatus.Cancelled, "401")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.LabelCreated, "WAIT")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.PickedUp, "ACCEPT GOT")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.InTransit, "TRANSPORT")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.OutForDelivery, "DELIVERING")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.AttemptFailed, "FAILED")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.Refused, "REFUSE")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.Delivered, "SIGN")]
    [TestCase(Vendor.Cainiao, DeliveryStatus.Cancelled, "CANCEL")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.LabelCreated, "InfoReceived")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.InTransit, "InTransit")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.InCustoms, "Exception_004")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.OutForDelivery, "OutForDelivery")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.AttemptFailed, "AttemptFail")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.AwaitingPickup, "AvailableForPickup")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.Exception, "Exception")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.Returning, "Exception_011")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.Refused, "Exception_003")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.Delivered, "Delivered")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.Returned, "Exception_010")]
    [TestCase(Vendor.AfterShip, DeliveryStatus.Lost, "Exception_013")]
    [TestCase(Vendor.Upu, DeliveryStatus.PickedUp, "EMA")]
    [TestCase(Vendor.Upu, DeliveryStatus.InTransit, "EMB EMC EMD EMF")]
    [TestCase(Vendor.Upu, DeliveryStatus.InCustoms, "EME EDB EDC")]
    [TestCase(Vendor.Upu, DeliveryStatus.AtDestination, "EMG")]
    [TestCase(Vendor.Upu, DeliveryStatus.OutForDelivery, "EDG")]
    [TestCase(Vendor.Upu, DeliveryStatus.AttemptFailed, "EMH")]
    [TestCase(Vendor.Upu, DeliveryStatus.AwaitingPickup, "EDH")]
    [TestCase(Vendor.Upu, DeliveryStatus.Delivered, "EMI")]
    public void Code_means(Vendor vendor, DeliveryStatus status, string codes)
    {
        foreach (var code in codes.Split(' '))
        {
            Assert.That(VendorStatus.Map(vendor, code), Is.EqualTo((status, true)), code);
        }
    }

    [TestCase(Vendor.Cainiao, " sign ", DeliveryStatus.Delivered)]
    [TestCase(Vendor.AfterShip, "INTRANSIT", DeliveryStatus.InTransit)]
    [TestCase(Vendor.Upu, "emi", DeliveryStatus.Delivered)]
    public void Case_and_white_space_do_not_matter(Vendor vendor, string code, DeliveryStatus status) =>
        Assert.That(VendorStatus.Map(vendor, code), Is.EqualTo((status, true)));

    [TestCase(Vendor.Kuaidi100, "9")]
    [TestCase(Vendor.Kuaidi100, "15")]
    [TestCase(Vendor.Kuaidi100, "304")]
    [TestCase(Vendor.Kuaidi100, "1004")]
    [TestCase(Vendor.Kuaidi100, "10-13")]
    [TestCase(Vendor.Kuaidi100, "03")]
    [TestCase(Vendor.Kuaidi100, "SIGN")]
    [TestCase(Vendor.Cainiao, "3")]
    [TestCase(Vendor.AfterShip, "Exception_001")]
    [TestCase(Vendor.Upu, "EMJ")]
    [TestCase(Vendor.Upu, "")]
    public void Unknown_code_is_an_exception_to_be_counted(Vendor vendor, string code) =>
        Assert.That(VendorStatus.Map(vendor, code), Is.EqualTo((DeliveryStatus.Exception, false)));

    [Test]
    public void Kuaidi100_has_no_more_codes_than_the_ones_above()
    {
        var candidates = Enumerable.Range(0, 2000).Select(code => code.ToString());
        Assert.That(candidates.Count(code => VendorStatus.Map(Vendor.Kuaidi100, code).Known), Is.EqualTo(25));
    }

    [Test]
    public void Huge_code_is_unknown() =>
        Assert.That(VendorStatus.Map(Vendor.Upu, new string(' ', 1 << 20) + "EMI"), Is.EqualTo((DeliveryStatus.Exception, false)));

    [Test]
    public void Vendor_that_is_none_is_the_callers_mistake() =>
        Assert.That(() => VendorStatus.Map(0, "EMI"), Throws.TypeOf<ArgumentOutOfRangeException>());
}
