using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ListFaultyNumbersTests : ApiTests
{
    [Test]
    public async Task It_tells_which_numbers_are_faulty_since_when_and_why()
    {
        await Routing.ReportNumberHealthAsync(Requests.NumberHealth("16210010007", NumberHealth.Faulty, Now, "no-answer"));
        await Routing.ReportNumberHealthAsync(Requests.NumberHealth("16210010003", NumberHealth.Faulty, Now - Millisecond));
        await Routing.ReportNumberHealthAsync(Requests.NumberHealth("16210010003", NumberHealth.Well, Now));
        Assert.That(await Ops.ListFaultyNumbersAsync(Request()), Is.EqualTo(new ListFaultyNumbersResponse
        {
            Numbers =
            {
                new FaultyNumber { VirtualNumber = "16210010003", ReturnTime = (Now + TimeSpan.FromHours(1)).ToTimestamp() },
                new FaultyNumber { VirtualNumber = "16210010007", FaultySince = Now.ToTimestamp(), Cause = "no-answer" },
            },
        }));

        var first = await Ops.ListFaultyNumbersAsync(Request(pageSize: 1));
        var second = await Ops.ListFaultyNumbersAsync(Request(pageSize: 1, first.NextPageToken));
        Assert.That((first.Numbers[0].VirtualNumber, second.Numbers[0].VirtualNumber, second.NextPageToken), Is.EqualTo(("16210010003", "16210010007", "")));
    }

    [Test]
    public async Task All_faulty_fields_are_told_at_once() =>
        (await RefusedCall.OfAsync(Ops.ListFaultyNumbersAsync, new ListFaultyNumbersRequest { TenantId = TestService.Alpha, PageSize = 1_001 }))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool_id", "page_size");

    [Test]
    public async Task A_token_of_another_query_is_refused() =>
        (await RefusedCall.OfAsync(Ops.ListFaultyNumbersAsync, Request(token: "another")))
            .Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");

    [Test]
    public async Task An_unknown_pool_is_not_found()
    {
        var request = Request();
        request.PoolId = "none";
        (await RefusedCall.OfAsync(Ops.ListFaultyNumbersAsync, request)).Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
    }

    private static ListFaultyNumbersRequest Request(int pageSize = 0, string token = "") =>
        new() { TenantId = TestService.Alpha, PoolId = Requests.PoolId, PageSize = pageSize, PageToken = token };
}
