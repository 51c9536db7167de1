using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_extend = BlockScripts.Same("Extend");

    /// <inheritdoc/>
    public ValueTask<HolderAnswer> ExtendAsync(
        HolderKey holder, RequestMark request, TimeSpan span, int limit, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation) =>
        RunOnHolderAsync(s_extend, holder, now, cancellation, RecordFormat.Pack(request), Ms(span), limit, Ms(cap));
}
