using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class RetryParkedPushesTests : ApiTests
{
    private protected override Task<TestService> StartServiceAsync() => ListParkedPushesTests.StartWithWebhookAsync();

    [Test]
    public async Task Those_that_are_named_are_tried_again_and_a_repeat_finds_none()
    {
        var ids = await ListParkedPushesTests.ParkAsync(Service, 3);
        Assert.That((await Ops.RetryParkedPushesAsync(Request(ids[1], "unknown"))).RetriedCount, Is.EqualTo(1));
        Assert.That((await Ops.RetryParkedPushesAsync(Request(ids[1], "unknown"))).RetriedCount, Is.Zero);
        var left = await Ops.ListParkedPushesAsync(new() { TenantId = TestService.Alpha, WebhookId = ListParkedPushesTests.WebhookId });
        Assert.That(left.Pushes.Select(push => push.PushId), Is.EqualTo(new[] { ids[0], ids[2] }));
    }

    [Test]
    public async Task All_of_them_when_none_is_named()
    {
        await ListParkedPushesTests.ParkAsync(Service, 3);
        Assert.That((await Ops.RetryParkedPushesAsync(Request())).RetriedCount, Is.EqualTo(3));
    }

    [Test]
    public async Task Bad_requests_are_refused()
    {
        var unknown = Request();
        unknown.WebhookId = "none";
        (await RefusedCall.OfAsync(Ops.RetryParkedPushesAsync, unknown)).Expect(StatusCode.NotFound, ErrorReason.WebhookUnknown);
        var bad = Request([.. Enumerable.Repeat("", 1_001)]);
        bad.TenantId = "no id";
        (await RefusedCall.OfAsync(Ops.RetryParkedPushesAsync, bad))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "push_ids", "push_ids");
    }

    private static RetryParkedPushesRequest Request(params string[] ids) =>
        new() { TenantId = TestService.Alpha, WebhookId = ListParkedPushesTests.WebhookId, PushIds = { ids } };
}
