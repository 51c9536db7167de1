using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class EmbeddedStore : IPushStore
{
    /// <inheritdoc/>
    public ValueTask<ClaimedPushes> ClaimPushesAsync(ClaimPushesStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => EventsOf(step.Queue.Stream).Claim(step, now), cancellation);

    /// <inheritdoc/>
    public ValueTask<bool> EndPushAsync(EndPushStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => InQueue(step.Queue, queue => queue.End(step, now)), cancellation);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ParkedPush>> ListParkedAsync(PushQueueKey queue, ParkedPlace? after, int limit, CancellationToken cancellation) =>
        Do(() => InQueue(queue, pushes => pushes.ListParked(after, limit)), cancellation);

    /// <inheritdoc/>
    public ValueTask<int> RetryParkedAsync(
        PushQueueKey queue, IReadOnlyList<string> ids, int limit, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => InQueue(queue, pushes => pushes.Retry(ids, limit, now)), cancellation);

    private T InQueue<T>(PushQueueKey key, Func<PushQueue, T> step) => EventsOf(key.Stream).WithQueue(key.Webhook, step);
}
