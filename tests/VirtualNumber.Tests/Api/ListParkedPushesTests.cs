using Grpc.Core;
using VirtualNumber.Protocol;
using VirtualNumber.V1;
using VirtualNumber.Webhooks;
using LeaseEvent = VirtualNumber.Protocol.LeaseEvent;
using ParkedPush = VirtualNumber.V1.ParkedPush;

namespace VirtualNumber.Tests.Api;

/// <summary>The fields and pages; how pushes come to be parked is in Webhooks/WebhookTests.</summary>
[TestFixture]
public sealed class ListParkedPushesTests : ApiTests
{
    internal const string WebhookId = "orders";

    private protected override Task<TestService> StartServiceAsync() => StartWithWebhookAsync();

    internal static Task<TestService> StartWithWebhookAsync() => TestService.StartAsync(settings:
    [
        ("Webhooks:0:Id", WebhookId), ("Webhooks:0:TenantId", TestService.Alpha), ("Webhooks:0:Url", "https://127.0.0.1:9/hook"),
        ("Webhooks:0:Secrets:0", Convert.ToBase64String(new byte[32])),
    ]);

    [Test]
    public async Task They_are_listed_page_by_page()
    {
        var ids = await ParkAsync(Service, 5);
        var (listed, token) = (new List<ParkedPush>(), "");
        do
        {
            var page = await Ops.ListParkedPushesAsync(Request(size: 2, token: token));
            Assert.That(page.Pushes.Count, Is.InRange(1, 2));
            listed.AddRange(page.Pushes);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.That(listed.Select(push => push.PushId), Is.EqualTo(ids));
        Assert.That(listed.Select(push => (push.AttemptCount, push.EventCount, push.LastFault)), Has.All.EqualTo((1, 1, "HTTP 503")));
        Assert.That(listed.Select(push => push.ParkTime.ToDateTimeOffset()), Has.All.EqualTo(Now));
    }

    [Test]
    public async Task Bad_requests_are_refused()
    {
        (await RefusedCall.OfAsync(Ops.ListParkedPushesAsync, Request(webhook: "none"))).Expect(StatusCode.NotFound, ErrorReason.WebhookUnknown);
        (await RefusedCall.OfAsync(Ops.ListParkedPushesAsync, Request(tenant: TestService.Beta))).Expect(StatusCode.NotFound, ErrorReason.WebhookUnknown);
        (await RefusedCall.OfAsync(Ops.ListParkedPushesAsync, Request(tenant: "nobody"))).Expect(StatusCode.NotFound, ErrorReason.TenantUnknown);
        (await RefusedCall.OfAsync(Ops.ListParkedPushesAsync, Request(tenant: "no id", size: -1)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "page_size");
        (await RefusedCall.OfAsync(Ops.ListParkedPushesAsync, Request(token: "made-up")))
            .Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
    }

    /// <summary>Parks some pushes past the dispatcher; answers their ids, in order.</summary>
    internal static async Task<List<string>> ParkAsync(TestService service, int count)
    {
        await service.GetHosted<WebhookDispatcher>().StopAsync(CancellationToken.None);
        var (store, events) = (service.Get<IPushStore>(), service.Get<IEventStore>());
        var queue = service.Get<EventStreams>().QueueOf(TestService.Alpha, WebhookId);
        await store.ClaimPushesAsync(new(queue, 100, 100, 1, 100, TimeSpan.FromDays(1)), service.Time.Now, CancellationToken.None);
        var happened = Enumerable.Range(1, count).Select(i => LeaseEvent.Lost(99, new(0, (ulong)i), service.Time.Now)).ToList();
        await events.AppendEventsAsync(new(queue.Stream, 99, default, new(0, (ulong)count), happened, default, 1_000), service.Time.Now, CancellationToken.None);
        var claimed = await store.ClaimPushesAsync(new(queue, 100, 100, 1, 100, TimeSpan.FromDays(1)), service.Time.Now.AddMinutes(2), CancellationToken.None);
        foreach (var push in claimed.Pushes)
            await store.EndPushAsync(new(queue, push.Id, push.Claim, (PushFault)503, null), service.Time.Now, CancellationToken.None);
        Assert.That(claimed.Pushes, Has.Count.EqualTo(count));
        return [.. claimed.Pushes.Select(push => push.Id).Order(StringComparer.Ordinal)];
    }

    private static ListParkedPushesRequest Request(string tenant = TestService.Alpha, string webhook = WebhookId, int size = 0, string token = "") =>
        new() { TenantId = tenant, WebhookId = webhook, PageSize = size, PageToken = token };
}
