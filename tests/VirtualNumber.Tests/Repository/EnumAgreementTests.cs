using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Repository;

/// <summary>The field's enums are cast to those of the public document, so they must have the same names and numbers.</summary>
[TestFixture]
public sealed class EnumAgreementTests
{
    [TestCase(typeof(DeliveryRole), typeof(V1.DeliveryRole))]
    [TestCase(typeof(DeliveryStatus), typeof(V1.DeliveryStatus))]
    [TestCase(typeof(EndReason), typeof(V1.EndReason))]
    [TestCase(typeof(Vendor), typeof(V1.Vendor))]
    [TestCase(typeof(PoolMode), typeof(V1.PoolMode))]
    [TestCase(typeof(BarReason), typeof(V1.BarReason))]
    [TestCase(typeof(EventKind), typeof(V1.LeaseEventKind))]
    [TestCase(typeof(NumberHealth), typeof(V1.NumberHealth))]
    [TestCase(typeof(ResolveOutcome), typeof(V1.ResolveOutcome))]
    [TestCase(typeof(CallKind), typeof(V1.CallKind))]
    [TestCase(typeof(CallEventKind), typeof(V1.CallEventKind))]
    [TestCase(typeof(CallSide), typeof(V1.CallSide))]
    [TestCase(typeof(CallGrouping), typeof(V1.CallGrouping))]
    public void Names_and_numbers_agree(Type own, Type published) => Assert.That(ValuesOf(own), Is.EquivalentTo(ValuesOf(published)));

    [Test]
    public void Every_outcome_of_a_report_has_its_published_one() => Assert.That(
        Enum.GetNames<ReportOutcome>(), Is.EquivalentTo(Enum.GetNames<V1.ReportOutcome>().Except([nameof(V1.ReportOutcome.Unspecified)])));

    /// <summary>Without the zero, which is "not a value" in both; case aside, since protoc has its own idea of AfterShip.</summary>
    private static IEnumerable<string> ValuesOf(Type type) => Enum.GetValues(type).Cast<Enum>()
        .Where(value => Convert.ToInt32(value) != 0)
        .Select(value => $"{value} = {Convert.ToInt32(value)}".ToUpperInvariant());
}
