namespace VirtualNumber.Protocol;

/// <summary>What operators see of the pushes to webhooks.</summary>
/// <param name="store">Where they are.</param>
/// <param name="streams">What names them there.</param>
/// <param name="webhooks">Which webhooks there are: tenant and id.</param>
internal sealed class ParkedPushes(IPushStore store, EventStreams streams, IReadOnlySet<(string TenantId, string Id)> webhooks)
{
    /// <summary>The pushes of a webhook; null when the tenant has none of that name.</summary>
    public PushQueueKey? Find(string tenantId, string id) => webhooks.Contains((tenantId, id)) ? streams.QueueOf(tenantId, id) : null;

    /// <inheritdoc cref="IPushStore.ListParkedAsync"/>
    public ValueTask<IReadOnlyList<ParkedPush>> ListParkedAsync(PushQueueKey queue, ParkedPlace? after, int limit, CancellationToken cancellation) =>
        store.ListParkedAsync(queue, after, limit, cancellation);

    /// <inheritdoc cref="IPushStore.RetryParkedAsync"/>
    public ValueTask<int> RetryParkedAsync(
        PushQueueKey queue, IReadOnlyList<string> ids, int limit, DateTimeOffset now, CancellationToken cancellation) =>
        store.RetryParkedAsync(queue, ids, limit, now, cancellation);
}
