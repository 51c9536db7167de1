using VirtualNumber.Protocol;

namespace VirtualNumber.Webhooks;

/// <summary>The webhooks that the configuration names.</summary>
internal sealed class WebhookList(IReadOnlyList<WebhookOptions> options, EventStreams streams, TimeProvider time) : IDisposable
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<Webhook> All { get; } = [.. options.Select(each => new Webhook(each, streams, time))];

    /// <summary>A tenant's webhook; null when it has none of that name.</summary>
    public Webhook? Find(string tenantId, string id) => All.FirstOrDefault(each => each.Options.TenantId == tenantId && each.Options.Id == id);

    public void Dispose()
    {
        foreach (var webhook in All)
            webhook.Dispose();
    }
}
