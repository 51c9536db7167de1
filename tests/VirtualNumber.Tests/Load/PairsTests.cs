using System.Globalization;
using VirtualNumber.Load.Pairs;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Load;

/// <summary>A small day of couriers and recipients: how many numbers it takes, and that no party is twice on one.</summary>
internal sealed class PairsTests
{
    private const int Couriers = 20;
    private const int Parcels = 40;

    private static readonly IEnumerable<StoreUnderTest> s_kinds = StoreUnderTest.All;

    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("VN_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 20260302;

    [TestCaseSource(nameof(s_kinds))]
    public async Task A_day_of_pairs_takes_few_more_numbers_than_the_busiest_party_needs(StoreUnderTest kind)
    {
        await using var store = await kind.StartAsync(new ProtocolBounds());
        var report = await PairRun.RunAsync(PlanOf(TimeSpan.FromHours(1)), (store.Pool, store.Stock));

        ShouldHavePassed(report);
        // Leases that ended and rested made room: the day took far fewer numbers than a courier has parcels.
        Assert.That(report.NumbersUsed, Is.LessThan(Parcels * 3 / 4));
    }

    [TestCase(5 * 60, 0, PairPlan.UsualDensity)]
    [TestCase(12 * 60 * 60, 0, PairPlan.UsualDensity)]
    [TestCase(60 * 60, 3 * 60 * 60, PairPlan.UsualDensity)]
    [TestCase(60 * 60, 0, 10)]
    public async Task It_does_whatever_the_terms(int agingSeconds, int termSeconds, int density) =>
        ShouldHavePassed(await PairRun.RunAsync(PlanOf(TimeSpan.FromSeconds(agingSeconds)) with
        {
            DeliveredTerm = TimeSpan.FromSeconds(termSeconds),
            Density = density,
        }));

    [TestCase(Flaw.PartyRestSkipped, PairViolation.PartyBeforeRest)]
    [TestCase(Flaw.SlotTakenTwice, PairViolation.PartyTwice)]
    [TestCase(Flaw.SlotTakenTwice, PairViolation.WrongNumber)]
    // The verbs connect nobody who is no party of the record that they get.
    [TestCase(Flaw.OtherRouteServed, PairViolation.NoRoute)]
    [TestCase(Flaw.ExpiredRouteServed, PairViolation.WrongAfterEnd)]
    public async Task A_flaw_of_the_store_is_found(Flaw flaw, PairViolation expected)
    {
        var report = await PairRun.RunAsync(PlanOf(TimeSpan.FromHours(1)), wrap: store => FlawedStore.Create(store, flaw));

        Assert.That(report.Violations.Keys, Does.Contain(expected), TextOf(report));
        Assert.That(report.Passed, Is.False);
    }

    [Test]
    public async Task Numbers_that_could_have_been_spared_are_counted()
    {
        var report = await PairRun.RunAsync(PlanOf(TimeSpan.FromHours(1)), wrap: store => FlawedStore.Create(store, Flaw.BlockPassedOver));

        Assert.Multiple(() =>
        {
            Assert.That(report.Violations, Is.Empty, TextOf(report));
            Assert.That(report.NotFirst, Is.GreaterThan(Couriers * Parcels / 4), TextOf(report));
            Assert.That(report.Ratio, Is.GreaterThan(PairReport.MostRatio), TextOf(report));
            Assert.That(report.Passed, Is.False);
        });
    }

    private static PairPlan PlanOf(TimeSpan aging) => new(Couriers, Parcels, aging, DeliveredTerm: TimeSpan.Zero, PairPlan.UsualDensity, Seed);

    private static void ShouldHavePassed(PairReport report)
    {
        TestContext.Out.WriteLine(TextOf(report));
        Assert.Multiple(() =>
        {
            Assert.That(report.Violations, Is.Empty, TextOf(report));
            Assert.That(report.Ratio, Is.InRange(1, PairReport.MostRatio), TextOf(report));
            Assert.That(report.Passed, Is.True);
            Assert.That(report.Leases, Is.EqualTo(Couriers * Parcels));
            Assert.That(report.NotFirst, Is.Zero, TextOf(report));
            Assert.That(report.Probes, Is.GreaterThan(Couriers * Parcels / 2));
        });
    }

    private static string TextOf(PairReport report)
    {
        using var text = new StringWriter();
        text.WriteLine($"VN_SEED={Seed}");
        report.WriteTo(text);
        return text.ToString();
    }
}
