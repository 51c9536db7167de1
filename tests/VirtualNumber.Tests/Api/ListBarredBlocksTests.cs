using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>The fields; what is barred and why is in Redis/FailClosed and Hosting/BarredBlocksTests.</summary>
[TestFixture]
public sealed class ListBarredBlocksTests : ApiTests
{
    [Test]
    public async Task The_embedded_store_bars_nothing()
    {
        var answer = await Ops.ListBarredBlocksAsync(Request());
        Assert.That(answer, Is.EqualTo(new ListBarredBlocksResponse()));
    }

    [Test]
    public async Task All_faulty_fields_are_told_at_once() =>
        (await RefusedCall.OfAsync(Ops.ListBarredBlocksAsync, new ListBarredBlocksRequest { TenantId = TestService.Alpha, PageSize = 1_001 }))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool_id", "page_size");

    [Test]
    public async Task A_token_of_another_query_is_refused()
    {
        await StockAsync("more", "162100200", "162100300");
        var other = await Ops.GetStatsAsync(Requests.GetStats("more", pageSize: 1));
        var request = Request();
        request.PageToken = other.NextPageToken;
        (await RefusedCall.OfAsync(Ops.ListBarredBlocksAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
    }

    [Test]
    public async Task An_unknown_pool_is_not_found()
    {
        var request = Request();
        request.PoolId = "none";
        (await RefusedCall.OfAsync(Ops.ListBarredBlocksAsync, request)).Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
    }

    private static ListBarredBlocksRequest Request() => new() { TenantId = TestService.Alpha, PoolId = Requests.PoolId };
}
