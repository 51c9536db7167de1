using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>The fields; what a confirmation does is in Redis/FailClosed and Hosting/BarredBlocksTests.</summary>
[TestFixture]
public sealed class ConfirmBlocksTests : ApiTests
{
    [Test]
    public async Task What_is_not_barred_stays_as_it_is()
    {
        var lease = await LeaseAsync();
        var before = await CountAsync();

        Assert.That((await Ops.ConfirmBlocksAsync(Request())).ConfirmedCount, Is.Zero);
        Assert.That((await Ops.ConfirmBlocksAsync(Request(Requests.Block, lease.VirtualNumber))).ConfirmedCount, Is.Zero);

        Assert.That(await CountAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task All_faulty_fields_are_told_at_once()
    {
        var request = Request([.. Enumerable.Repeat(Requests.Block, 101)]);
        (request.PoolId, request.PossibleLoss) = ("", Duration.FromTimeSpan(TimeSpan.FromHours(2)));
        (await RefusedCall.OfAsync(Ops.ConfirmBlocksAsync, request))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool_id", "blocks", "possible_loss");
    }

    [Test]
    public async Task All_blocks_that_the_pool_has_not_are_told_at_once()
    {
        await StockAsync("more", "162100200");
        (await RefusedCall.OfAsync(Ops.ConfirmBlocksAsync, Request("162100200", Requests.Block, "none", new string('9', 400), "1621003a0")))
            .Expect(StatusCode.NotFound, ErrorReason.NumbersUnknown, "blocks[0]", "blocks[2]", "blocks[3]", "blocks[4]");
    }

    [Test]
    public async Task An_unknown_pool_is_not_found()
    {
        var request = Request();
        request.PoolId = "none";
        (await RefusedCall.OfAsync(Ops.ConfirmBlocksAsync, request)).Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
    }

    private static ConfirmBlocksRequest Request(params string[] blocks) =>
        new() { TenantId = TestService.Alpha, PoolId = Requests.PoolId, Blocks = { blocks } };
}
