using FsCheck.Fluent;
using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class DeliveryKeyTests
{
    [TestCase("SF1234567890123", "SF1234567890123")]
    [TestCase("  sf1234567890123\t\r\n", "SF1234567890123")]
    [TestCase("ＳＦ１２３４５６７８９０１２３", "SF1234567890123")]
    [TestCase("ｓｆ１２３４５６７８９０１２３", "SF1234567890123")]
    [TestCase("\u3000sf－123\u00A0", "SF-123")]
    [TestCase("rr 123 456 789 cn", "RR 123 456 789 CN")]
    [TestCase("x", "X")]
    public void Waybill_number_becomes_canonical(string written, string canonical)
    {
        Assert.That(DeliveryKey.TryCreate("shop-1", "SF", written, out var key, out var faults), Is.True, faults.ToString());
        Assert.That(key!.WaybillNumber, Is.EqualTo(canonical));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" \u3000\u00A0")]
    [TestCase("SF\0123")]
    [TestCase("SF\n123")]
    [TestCase("SF\u007F123")]
    [TestCase("SF\u0085123")]
    [TestCase("SF\u200B123")]
    [TestCase("SFé123")]
    [TestCase("SFe\u0301123")]
    [TestCase("SF①")]
    [TestCase("SF\u017F")]
    [TestCase("SF\uD800")]
    [TestCase("顺丰123")]
    public void Waybill_number_without_one_canonical_form_is_refused(string? written)
    {
        Assert.That(DeliveryKey.TryCreate("shop-1", "SF", written, out var key, out var faults), Is.False);
        Assert.That(faults, Is.EqualTo(DeliveryKeyFaults.WaybillNumber));
        Assert.That(key, Is.Null);
    }

    [TestCase(64, true)]
    [TestCase(65, false)]
    public void Waybill_number_has_64_characters_at_most(int length, bool isAccepted)
    {
        var written = $"  {new string('１', length)}  ";
        Assert.That(DeliveryKey.TryCreate("shop-1", "SF", written, out _, out _), Is.EqualTo(isAccepted));
    }

    [TestCase('1')]
    [TestCase(' ')]
    [TestCase('１')]
    public void Huge_input_is_refused_without_a_copy_of_it(char filler)
    {
        var text = new string(filler, 1 << 20);
        DeliveryKey.TryCreate(text, text, text, out _, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var created = DeliveryKey.TryCreate(text, text, text, out _, out var faults);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(created, Is.False);
        Assert.That(faults, Is.EqualTo(DeliveryKeyFaults.TenantId | DeliveryKeyFaults.Carrier | DeliveryKeyFaults.WaybillNumber));
        Assert.That(allocated, Is.LessThan(1024));
    }

    [TestCase(" sf ", "SF")]
    [TestCase("Yunda_2.x-cn", "YUNDA_2.X-CN")]
    [TestCase("ＳＦ", "SF")]
    public void Carrier_becomes_upper_case(string written, string canonical)
    {
        Assert.That(DeliveryKey.TryCreate("shop-1", written, "1", out var key, out _), Is.True);
        Assert.That(key!.Carrier, Is.EqualTo(canonical));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("S F")]
    [TestCase("SF:1")]
    [TestCase("顺丰")]
    [TestCase("123456789012345678901234567890123")]
    public void Carrier_that_is_no_name_is_refused(string? written)
    {
        Assert.That(DeliveryKey.TryCreate("shop-1", written, "1", out _, out var faults), Is.False);
        Assert.That(faults, Is.EqualTo(DeliveryKeyFaults.Carrier));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" shop")]
    [TestCase("a:b")]
    [TestCase("店")]
    public void Tenant_that_is_no_name_is_refused(string? tenantId)
    {
        Assert.That(DeliveryKey.TryCreate(tenantId, "SF", "1", out _, out var faults), Is.False);
        Assert.That(faults, Is.EqualTo(DeliveryKeyFaults.TenantId));
    }

    [Test]
    public void Two_spellings_are_one_delivery()
    {
        Assert.That(DeliveryKey.TryCreate("shop-1", "sf", "sf1234567890123", out var one, out _), Is.True);
        Assert.That(DeliveryKey.TryCreate("shop-1", "ＳＦ", " ＳＦ1234567890123 ", out var same, out _), Is.True);
        Assert.That(DeliveryKey.TryCreate("shop-2", "SF", "SF1234567890123", out var otherTenant, out _), Is.True);
        Assert.That(DeliveryKey.TryCreate("shop-1", "YTO", "SF1234567890123", out var otherCarrier, out _), Is.True);
        Assert.That(one, Is.EqualTo(same));
        Assert.That(one!.GetHashCode(), Is.EqualTo(same!.GetHashCode()));
        Assert.That(one, Is.Not.EqualTo(otherTenant));
        Assert.That(one, Is.Not.EqualTo(otherCarrier));
    }

    [TestCase("SF1234567891234", "SF:***1234")]
    [TestCase("12345678", "SF:***5678")]
    [TestCase("1234567", "SF:***")]
    [TestCase("1", "SF:***")]
    public void Log_shows_the_end_of_a_waybill_number_only(string waybillNumber, string shown)
    {
        Assert.That(DeliveryKey.TryCreate("shop-1", "SF", waybillNumber, out var key, out _), Is.True);
        Assert.That(key!.ToString(), Is.EqualTo(shown));
    }

    [Test]
    public void Canonical_form_is_its_own_canonical_form() => Properties.ForEach(
        Gen.Choose(0, 0xFFFF).Select(c => (char)c).Or(Gen.Choose(0x20, 0x7E).Select(c => (char)c)).ArrayOf().Select(c => new string(c)),
        text =>
        {
            if (!DeliveryKey.TryCreate("shop-1", "SF", text, out var key, out var faults))
            {
                Assert.That(faults, Is.EqualTo(DeliveryKeyFaults.WaybillNumber));
                return;
            }

            Assert.That(key.WaybillNumber, Does.Match("^[!-`{-~]([ -`{-~]{0,62}[!-`{-~])?$"));
            Assert.That(DeliveryKey.TryCreate("shop-1", "SF", key.WaybillNumber.ToLowerInvariant(), out var same, out _), Is.True);
            Assert.That(same, Is.EqualTo(key));
        });
}
