namespace VirtualNumber.Protocol;

/// <summary>
/// A store's fourth part: the pushes to webhooks. They are made of a tenant's events where those are, in the step that moves the webhook's
/// position, and stay until they are taken: so none is lost with the instance that sends it. The conditions of <see cref="INumberPool"/> hold
/// for every method here too.
/// </summary>
internal interface IPushStore
{
    /// <summary>
    /// claim pushes: first makes pushes of the events behind the webhook's position, which begins at the stream's end when it is asked for first;
    /// then claims those that are due.
    /// </summary>
    ValueTask<ClaimedPushes> ClaimPushesAsync(ClaimPushesStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>end push: see the step. False: nothing was done, it being gone or somebody else's by now, or only tried before its time.</summary>
    ValueTask<bool> EndPushAsync(EndPushStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>The parked pushes, in the order of their parking, after a place; null: from the first.</summary>
    ValueTask<IReadOnlyList<ParkedPush>> ListParkedAsync(PushQueueKey queue, ParkedPlace? after, int limit, CancellationToken cancellation);

    /// <summary>
    /// retry pushes: parked pushes are due now, and their failures forgotten: those that are named, else the first <paramref name="limit"/>.
    /// Answers how many there were.
    /// </summary>
    ValueTask<int> RetryParkedAsync(
        PushQueueKey queue, IReadOnlyList<string> ids, int limit, DateTimeOffset now, CancellationToken cancellation);
}
