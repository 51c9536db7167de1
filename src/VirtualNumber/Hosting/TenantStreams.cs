using System.Collections.Concurrent;

namespace VirtualNumber.Hosting;

/// <summary>How many streams of events each tenant has open at this instance. Safe for use by many threads.</summary>
internal sealed class TenantStreams(OverloadOptions options)
{
    private readonly ConcurrentDictionary<string, CallShare> _shares = new(StringComparer.Ordinal);

    /// <summary>Takes a place for a stream, which disposing gives back; null when the tenant has none left.</summary>
    public IDisposable? TryEnter(string tenantId)
    {
        var share = _shares.GetOrAdd(tenantId, _ => new CallShare("event", options.StreamsPerTenant));
        return share.TryEnter() ? new Place(share) : null;
    }

    private sealed class Place(CallShare share) : IDisposable
    {
        public void Dispose() => share.Leave();
    }
}
