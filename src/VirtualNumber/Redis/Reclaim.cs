using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private const int RoutesPerScan = 200;

    private static readonly Script s_reclaim = Script.OnBlock("Reclaim");

    private readonly Lock _reclaimGate = new();
    private int _reclaimBlock;
    private string _reclaimCursor = "0";

    /// <inheritdoc/>
    /// <remarks>
    /// A walk through the routes of one block after the other, a part at a time: there is no list of what is due, which would cost every
    /// lease memory. Ledgers go by their own expiry.
    /// </remarks>
    public async ValueTask<ReclaimAnswer> ReclaimAsync(int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        var blocks = registry.Known.Blocks;
        var (expired, removed) = (0, 0);
        for (var looked = 0; looked < blocks.Length;)
        {
            var (index, cursor) = Place(blocks.Length);
            var block = registry.BlockOf(blocks[index]);
            var most = limit - expired - removed;
            var answer = await RunOnBlockAsync(
                s_reclaim, block, now, cancellation, cursor, RoutesPerScan, most, Ms(block.Pool.Aging));
            (expired, removed) = (expired + (int)(long)answer[1], removed + (int)(long)answer[2]);
            var next = (string)answer[0]!;
            Move(index, next);
            if (expired + removed >= limit)
                return new(expired, removed, Backlog: true);
            if (next == "0")
                looked++;
        }

        return new(expired, removed, Backlog: false);
    }

    private (int Index, string Cursor) Place(int count)
    {
        lock (_reclaimGate)
            return _reclaimBlock < count ? (_reclaimBlock, _reclaimCursor) : (0, "0");
    }

    private void Move(int index, string next)
    {
        lock (_reclaimGate)
            (_reclaimBlock, _reclaimCursor) = next == "0" ? (index + 1, "0") : (index, next);
    }
}
