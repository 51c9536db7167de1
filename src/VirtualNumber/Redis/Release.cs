using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_release = BlockScripts.Same("Release");

    /// <inheritdoc/>
    public ValueTask<HolderAnswer> ReleaseAsync(HolderKey holder, DateTimeOffset now, CancellationToken cancellation) =>
        RunOnHolderAsync(s_release, holder, now, cancellation);
}
