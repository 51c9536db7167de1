using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class BatchCreateLeasesTests : ApiTests
{
    [Test]
    public async Task Each_item_has_its_own_outcome_in_the_order_given()
    {
        var taken = await LeaseAsync(Requests.CreateLease("SF1000200031"));
        var items = new[]
        {
            Requests.CreateLease("SF1000200032", "+99913800132", requestId: "a"),
            Requests.CreateLease("SF1000200033", "+99913800133x"),
            Requests.CreateLease("SF1000200031", "+99913800134"),
            Requests.CreateLease("SF1000200035", "+99913800135", requestId: "b"),
        };
        items[0].TenantId = "";

        var results = (await Leases.BatchCreateLeasesAsync(Batch(items))).Results;

        Assert.That(results.Select(result => result.OutcomeCase), Is.EqualTo(new[]
        {
            BatchCreateLeasesResult.OutcomeOneofCase.Response,
            BatchCreateLeasesResult.OutcomeOneofCase.Error,
            BatchCreateLeasesResult.OutcomeOneofCase.Error,
            BatchCreateLeasesResult.OutcomeOneofCase.Response,
        }));
        RefusedCall.Of(results[1].Error, items[1]).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "real_number");
        var refusal = RefusedCall.Of(results[2].Error, items[2]).Expect(StatusCode.AlreadyExists, ErrorReason.DeliveryRoleTaken);
        Assert.That(refusal.Metadata["lease_id"], Is.EqualTo(taken.LeaseId));
        Assert.That((await ResolveAsync(results[0].Response.Lease.VirtualNumber)).ConnectNumber, Is.EqualTo("+99913800132"));
        Assert.That((await ResolveAsync(results[3].Response.Lease.VirtualNumber)).ConnectNumber, Is.EqualTo("+99913800135"));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 97, leased: 3)));
    }

    [Test]
    public async Task A_repeat_answers_the_same_leases()
    {
        var batch = Batch(Requests.CreateLease("SF1", requestId: "a"), Requests.CreateLease("SF2", requestId: "b"));
        var first = await Leases.BatchCreateLeasesAsync(batch);
        var second = await Leases.BatchCreateLeasesAsync(batch);
        Assert.That(second.Results.Select(result => result.Response.Lease), Is.EqualTo(first.Results.Select(result => result.Response.Lease)));
        Assert.That(second.Results.Select(result => result.Response.Existing), Is.All.True);
    }

    [Test]
    public async Task A_thousand_items_pass_and_one_more_does_not([Values(1_000, 1_001)] int count)
    {
        await StockAsync("large", [.. Enumerable.Range(10, 11).Select(i => $"1621002{i}")]);
        var items = Enumerable.Range(0, count).Select(i => Requests.CreateLease($"SF{i}", $"+9991380{i:0000}")).ToArray();
        foreach (var item in items)
            item.PoolId = "large";

        if (count > 1_000)
        {
            var refusal = await RefusedCall.OfAsync(Leases.BatchCreateLeasesAsync, Batch(items));
            refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "requests");
            Assert.That(await CountAsync("large"), Is.EqualTo(Counts(available: 1_100)));
            return;
        }

        var results = (await Leases.BatchCreateLeasesAsync(Batch(items))).Results;
        Assert.That(results.Select(result => result.Response.Lease.VirtualNumber), Is.Unique);
        Assert.That(await CountAsync("large"), Is.EqualTo(Counts(available: 100, leased: 1_000)));
    }

    [Test]
    public async Task An_empty_batch_is_refused() =>
        (await RefusedCall.OfAsync(Leases.BatchCreateLeasesAsync, Batch())).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "requests");

    [Test]
    public async Task An_item_of_another_tenant_is_refused()
    {
        var item = Requests.CreateLease();
        item.TenantId = TestService.Beta;
        var results = (await Leases.BatchCreateLeasesAsync(Batch(item))).Results;
        RefusedCall.Of(results.Single().Error, item).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id");
    }

    [Test]
    public async Task An_item_that_finds_no_number_says_so_and_the_next_one_with_another_pool_succeeds()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("none"));
        var first = Requests.CreateLease("SF1");
        first.PoolId = "none";
        var results = (await Leases.BatchCreateLeasesAsync(Batch(first, Requests.CreateLease("SF2")))).Results;
        RefusedCall.Of(results[0].Error, first).Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        Assert.That(results[1].Response.Lease.State, Is.EqualTo(LeaseState.Live));
    }

    private static BatchCreateLeasesRequest Batch(params CreateLeaseRequest[] items) =>
        new() { TenantId = TestService.Alpha, Requests = { items } };
}
