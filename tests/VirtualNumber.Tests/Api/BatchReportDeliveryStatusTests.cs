using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class BatchReportDeliveryStatusTests : ApiTests
{
    [Test]
    public async Task Items_are_applied_in_the_order_given_each_with_its_own_outcome()
    {
        await LeaseAsync();
        var items = new[]
        {
            Requests.Report(DeliveryStatus.PickedUp, Now.AddHours(-3)),
            Requests.Report((DeliveryStatus)99, Now.AddHours(-2)),
            Requests.Report(DeliveryStatus.InTransit, Now.AddHours(-1)),
            Requests.Report(DeliveryStatus.InTransit, Now.AddHours(-1)),
        };
        items[2].TenantId = "";

        var results = (await Leases.BatchReportDeliveryStatusAsync(Batch(items))).Results;

        Assert.That(results, Has.Count.EqualTo(4));
        Assert.That(
            results.Where(result => result.Response is not null).Select(result => result.Response.Outcome),
            Is.EqualTo(new[] { ReportOutcome.Applied, ReportOutcome.Applied, ReportOutcome.Repeated }));
        RefusedCall.Of(results[1].Error, items[1]).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "status");
        Assert.That(results[3].Response.Status, Is.EqualTo(DeliveryStatus.InTransit));
    }

    [Test]
    public async Task A_repeated_batch_changes_nothing()
    {
        await LeaseAsync();
        var batch = Batch(Requests.Report(DeliveryStatus.PickedUp, Now.AddHours(-1)), Requests.Report(DeliveryStatus.Delivered, Now));
        var first = await Leases.BatchReportDeliveryStatusAsync(batch);
        var second = await Leases.BatchReportDeliveryStatusAsync(batch);
        Assert.That(
            second.Results.Select(result => result.Response.Outcome), Is.EqualTo(new[] { ReportOutcome.Older, ReportOutcome.Repeated }));
        Assert.That(second.Results[1].Response.Leases, Is.EqualTo(first.Results[1].Response.Leases));
    }

    [TestCase(0)]
    [TestCase(1_001)]
    public async Task No_item_and_too_many_items_are_refused(int count)
    {
        var batch = Batch([.. Enumerable.Range(0, count).Select(i => Requests.Report(DeliveryStatus.PickedUp, Now, $"SF{i}"))]);
        var refusal = await RefusedCall.OfAsync(Leases.BatchReportDeliveryStatusAsync, batch);
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "requests");
        Assert.That((await Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases("SF0"))).EventTime, Is.Null);
    }

    [Test]
    public async Task A_thousand_items_pass()
    {
        var items = Enumerable.Range(0, 1_000).Select(i => Requests.Report(DeliveryStatus.PickedUp, Now, $"SF{i}"));
        var results = (await Leases.BatchReportDeliveryStatusAsync(Batch([.. items]))).Results;
        Assert.That(results.Select(result => result.Response.Outcome), Has.Exactly(1_000).EqualTo(ReportOutcome.Applied));
    }

    [Test]
    public async Task An_item_of_another_tenant_is_refused()
    {
        var item = Requests.Report(DeliveryStatus.PickedUp, Now, tenant: TestService.Beta);
        var results = (await Leases.BatchReportDeliveryStatusAsync(Batch(item))).Results;
        RefusedCall.Of(results.Single().Error, item).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id");
    }

    private static BatchReportDeliveryStatusRequest Batch(params ReportDeliveryStatusRequest[] items) =>
        new() { TenantId = TestService.Alpha, Requests = { items } };
}
