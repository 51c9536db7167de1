using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    /// <summary>A change, as the script answers it: id, kind, slot, epoch, time.</summary>
    private const int ChangeLength = 5;

    /// <summary>So many changes that were forwarded a block's log keeps, for those who look whether the block is what they have seen.</summary>
    private const int ForwardedKept = 1_000;

    private const int MostInTurn = 50;

    private static readonly Script s_readChanges = Script.OnAnyBlock("ReadChanges");

    private int _sourcesTurn;

    /// <inheritdoc/>
    public IReadOnlyList<EventSource> FindSources(IReadOnlyDictionary<uint, EventPosition> forwarded, double share)
    {
        var blocks = registry.Known.Blocks;
        var others = Math.Clamp((int)Math.Ceiling(blocks.Length * share), 1, MostInTurn);
        var first = blocks.Length == 0 ? 0 : (int)((uint)Interlocked.Add(ref _sourcesTurn, others) % blocks.Length);
        var sources = new List<EventSource>();
        for (var i = 0; i < blocks.Length; i++)
        {
            var block = registry.BlockOf(blocks[i]);
            var isInTurn = (i - first + blocks.Length) % blocks.Length < others;
            if (block.IsFilled && block.Bar is not { IsWhole: true } && (isInTurn || block.HasChangedSince(forwarded.GetValueOrDefault(block.Id))))
                sources.Add(new(block.Id, block.Pool.TenantId, isInTurn));
        }

        return sources;
    }

    /// <inheritdoc/>
    /// <remarks>Where that is declared it waits for the replicas: nobody hears of a change that a fail-over can still undo.</remarks>
    public async ValueTask<BlockChanges> ReadChangesAsync(uint block, EventPosition after, int limit, CancellationToken cancellation)
    {
        var known = await BlockOfAsync(block, cancellation);
        var answer = await RunOnBlockAsync(
            s_readChanges, known, DateTimeOffset.UnixEpoch, cancellation, TextOf(after), limit, Math.Min(ForwardedKept, options.LogLength));
        var (events, last) = (new List<LeaseEvent>(), after);
        for (var at = 1; at < answer.Length; at += ChangeLength)
        {
            last = EventPosition.Parse((string)answer[at]!);
            if (KindOf((string)answer[at + 1]!) is { } kind)
            {
                events.Add(new(
                    kind,
                    block,
                    last,
                    InstantOf(answer[at + 4])!.Value,
                    uint.Parse((string)answer[at + 2]!, CultureInfo.InvariantCulture),
                    InstantOf(answer[at + 3])!.Value));
            }
        }

        return new(events, last, (int)answer[0] == 1);
    }

    private static RedisValue TextOf(EventPosition position) => position.IsNone ? RedisValue.EmptyString : position.ToString();

    /// <summary>What its tenant hears of; null: of changes of the stock nothing.</summary>
    private static EventKind? KindOf(string change) => change switch
    {
        "leased" => EventKind.Leased,
        "reported" => EventKind.StatusReported,
        "extended" => EventKind.Extended,
        "reassigned" => EventKind.Reassigned,
        "released" => EventKind.Released,
        "expired" => EventKind.Expired,
        _ => null,
    };
}
