using Grpc.Net.Client;
using VirtualNumber.Load;
using VirtualNumber.Load.Replay;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Load;

/// <summary>The orders of a marketplace against the service, with every answer held to an account of its own.</summary>
internal sealed class ReplayTests
{
    private const int Seed = 20180827;

    private static readonly TimeSpan s_day = TimeSpan.FromMilliseconds(50);

    private static readonly IEnumerable<StoreUnderTest> s_kinds = StoreUnderTest.All;

    [TestCaseSource(nameof(s_kinds))]
    public async Task All_orders_keep_every_invariant(StoreUnderTest kind)
    {
        var orders = TestData.OrdersOrGenerated(Seed);
        await using var store = await kind.StartAsync(Replayer.SimulatedBounds);
        var report = await Replayer.InProcessAsync(orders, Seed, TestData.Find(TestData.SegmentsFile), (store.Pool, store.Stock));

        ShouldHaveNoViolations(report);
        Assert.Multiple(() =>
        {
            Assert.That(orders, Has.Count.EqualTo(999));
            Assert.That(report[Counted.Leases] + report[Counted.Over], Is.EqualTo(2 * orders.Count));
            Assert.That(report[Counted.Repeated], Is.GreaterThan(orders.Count));
            Assert.That(report[Counted.Older], Is.GreaterThan(orders.Count));
            Assert.That(report[Counted.SlotsReused], Is.GreaterThan(orders.Count));
            Assert.That(report[Counted.ProbesLive], Is.GreaterThan(2 * orders.Count));
            Assert.That(report[Counted.ProbesEnded], Is.GreaterThan(2 * orders.Count));
            Assert.That(report[Counted.ProbesStraddling], Is.Zero);
        });
    }

    [Test]
    public async Task Generated_orders_keep_every_invariant([Values(1, 2, 3)] int seed)
    {
        var report = await Replayer.InProcessAsync(OrderGenerator.Generate(seed), seed, segmentsPath: null);

        ShouldHaveNoViolations(report);
        Assert.That(report[Counted.Leases] + report[Counted.Over], Is.EqualTo(2 * OrderGenerator.UsualCount));
    }

    [Test]
    public void Generated_orders_contradict_themselves_as_the_real_ones_do()
    {
        var orders = OrderGenerator.Generate(Seed);
        Assert.Multiple(() =>
        {
            Assert.That(orders.Count(order => order.Approved > order.HandedOver), Is.GreaterThan(0), "approved after hand-over");
            Assert.That(orders.Count(order => order.Approved > order.Delivered), Is.GreaterThan(0), "approved after delivery");
            Assert.That(orders.Count(order => order.Purchased > order.HandedOver), Is.GreaterThan(0), "purchased after hand-over");
            Assert.That(orders.Count(order => order.HandedOver > order.Delivered), Is.GreaterThan(0), "delivered before hand-over");
            Assert.That(orders.Count(order => order is { Status: "canceled", Delivered: not null }), Is.GreaterThan(0), "cancelled yet delivered");
            Assert.That(orders.Count(order => order.HandedOver - order.Approved > TimeSpan.FromDays(7)), Is.GreaterThan(20), "picked up late");
        });
    }

    [TestCase(Flaw.ReleaseDropped, Violation.RouteAfterRelease)]
    [TestCase(Flaw.ExpiredRouteServed, Violation.RouteAfterExpire)]
    [TestCase(Flaw.OtherRouteServed, Violation.WrongNumber)]
    [TestCase(Flaw.OlderEventApplied, Violation.ExpireTimeMoved)]
    [TestCase(Flaw.LeaseForgotten, Violation.LeaseLost)]
    [TestCase(Flaw.SlotTakenTwice, Violation.TwoHolders)]
    [TestCase(Flaw.RestSkipped, Violation.ReusedBeforeRest)]
    public async Task A_flaw_of_the_store_is_found(Flaw flaw, Violation expected)
    {
        var report = await Replayer.InProcessAsync(
            OrderGenerator.Generate(Seed), Seed, segmentsPath: null, wrap: store => FlawedStore.Create(store, flaw));

        Assert.That(report.Violations.Keys, Does.Contain(expected), string.Join(Environment.NewLine, report.Told.Take(3)));
    }

    [Test]
    public async Task A_running_service_keeps_every_invariant()
    {
        // What is left to chance here is when the calls arrive; the seed gives the same calls.
        var orders = TestData.OrdersOrGenerated(Seed).Take(200).ToList();
        await using var service = await ServiceProcess.StartAsync(new ReplayPolicy(s_day).ToSettings());
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        var report = await Replayer.OverTheWireAsync(
            orders, Seed, TestData.Find(TestData.SegmentsFile), channel.CreateCallInvoker(), s_day, CancellationToken.None);

        ShouldHaveNoViolations(report);
        Assert.Multiple(() =>
        {
            Assert.That(report[Counted.Leases] + report[Counted.Refused] + report[Counted.Over], Is.EqualTo(2 * orders.Count));
            Assert.That(report[Counted.SlotsReused], Is.GreaterThan(0));
            Assert.That(report[Counted.ProbesLive], Is.GreaterThan(0));
            Assert.That(report[Counted.ProbesEnded], Is.GreaterThan(0));
        });
    }

    [Test]
    public async Task The_service_stops_when_asked_to()
    {
        await using var service = await ServiceProcess.StartAsync(new ReplayPolicy(TimeSpan.FromDays(1)).ToSettings());
        Assert.That(await service.StopAsync(), Is.Zero, service.Output);
    }

    private static void ShouldHaveNoViolations(ReplayReport report)
    {
        using var text = new StringWriter();
        report.WriteTo(text);
        Assert.That(report.Violations, Is.Empty, $"seed {Seed}{Environment.NewLine}{text}");
        TestContext.Out.WriteLine(text);
    }
}
