using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// A block as an instance knows it: its keys, when its next slot is free as the last take saw it, how far it had come, and whether it is barred.
/// </summary>
/// <param name="entry">Its place in the registry.</param>
/// <param name="generation">That of the connections.</param>
internal sealed class RedisBlock(BlockEntry entry, long generation)
{
    /// <summary>The hint of a block that has no slot in stock.</summary>
    public const long NoneFree = long.MaxValue;

    /// <summary>So long a block that failed is passed over, before one caller tries it again.</summary>
    private static readonly TimeSpan s_avoided = TimeSpan.FromSeconds(5);

    private long _firstFree;
    private long _failedAt;
    private volatile bool _filled;
    private volatile BlockWatch _watch = new(null, generation);
    private volatile BlockBar? _ownBar;
    private volatile LogMark? _noted;
    private readonly Lock _gate = new();

    public BlockEntry Entry => entry;

    public uint Id => entry.Id;

    public Pool Pool => entry.Owner.Pool;

    /// <summary>Whether its numbers are shared.</summary>
    public bool IsShared { get; } = entry.Owner.Pool.Mode != PoolMode.Direct;

    /// <summary>In the order in which scripts declare them.</summary>
    public RedisKey[] Keys { get; } = Redis.Keys.OfBlock(entry.Id, entry.Owner.Pool.Mode);

    /// <summary>Missing: the block has lost its data.</summary>
    public RedisKey Meta => Keys[0];

    /// <summary>Its slots in stock, by their scores. Where numbers are shared: those of leases whose end is not written down.</summary>
    public RedisKey Free => Keys[1];

    /// <summary>What a look-up reads.</summary>
    public RedisKey Routes => Keys[2];

    /// <summary>One entry per change of its state.</summary>
    public RedisKey Log => Keys[5];

    /// <summary>Where numbers are shared: the slots of leases whose end is written down.</summary>
    public RedisKey Resting => Keys[6];

    /// <summary>Numbers on probation, and when each is back.</summary>
    public RedisKey Returns => Keys[^4];

    /// <summary>Its records of calls.</summary>
    public RedisKey Calls => Keys[^2];

    /// <summary>Those calls by when they are removed.</summary>
    public RedisKey CallsDue => Keys[^1];

    /// <summary>A slot as Redis holds it: of one width, so that equal scores sort by slot.</summary>
    public RedisValue SlotText(uint slot) => slot.ToString(IsShared ? "D9" : "D5");

    /// <summary>
    /// Whether its slots were put into Redis, as the registry says. If so and its meta is missing, its data is lost; if not, somebody is
    /// about to, or crashed on the way, and a repeated AddNumbers does the rest.
    /// </summary>
    public bool IsFilled
    {
        get => _filled;
        set => _filled = value;
    }

    /// <summary>What this instance has seen of it.</summary>
    public BlockWatch Watch => _watch;

    /// <summary>An answer told how far it has come. A hint, for who reads its log: not all that is told need last.</summary>
    public void Note(LogMark? mark)
    {
        if (mark is not null && mark.IsAfter(_noted))
            _noted = mark;
    }

    /// <summary>Whether this instance knows of a change after a position of its log.</summary>
    public bool HasChangedSince(EventPosition position) => _noted is { } noted && new EventPosition(noted.Time, noted.Number) > position;

    /// <summary>Why it is barred, as this instance has found or the registry says, whichever is more; null: it is not.</summary>
    public BlockBar? Bar => UntoldBar ?? entry.Bar;

    /// <summary>The bar that this instance has found and the registry does not tell of yet; null: none.</summary>
    public BlockBar? UntoldBar => _ownBar is { } own && own.Outdoes(entry.Bar) ? own : null;

    /// <summary>Whether takes may go there, as far as bars go.</summary>
    public bool MayLease(DateTimeOffset now) => Bar?.Stands(now) != true;

    /// <summary>This instance has found out that it is not what it was; not if that was seen before an operator's last confirmation.</summary>
    public void BarFor(BlockWatch watch, BlockBar bar)
    {
        // A confirmation in between would be undone.
        lock (_gate)
        {
            if (ReferenceEquals(watch, _watch) && bar.Outdoes(Bar))
                _ownBar = bar;
        }
    }

    /// <summary>An operator has confirmed it: what was seen before does not count any more.</summary>
    public void Restart(LogMark seen)
    {
        lock (_gate)
        {
            // Of no generation: whoever looks something up sees first whether the block has come that far.
            _watch = new(seen, BlockWatch.NoGeneration);
            _ownBar = null;
        }

        FirstFreeHint = 0;
        Answered();
    }

    /// <exception cref="StoreUnavailableException">It is barred as a whole.</exception>
    public void ThrowIfBarred()
    {
        if (Bar is { IsWhole: true } bar)
            throw new StoreUnavailableException(BarTexts.Of(entry, bar)) { Trouble = StoreTrouble.DataLost };
    }

    /// <summary>
    /// The lowest score in stock, in milliseconds, as far as this instance knows; 0 until it has asked. Where numbers are shared: from when
    /// on it may have a number that can be leased from; 0: now.
    /// </summary>
    public long FirstFreeHint
    {
        get => Volatile.Read(ref _firstFree);
        set => Volatile.Write(ref _firstFree, value);
    }

    /// <summary>
    /// Whether its last take failed, its data or its shard being lost. Nobody takes from it, so it would seem to be the longest rested
    /// one, and draw all leases to itself.
    /// </summary>
    public bool Failed => Volatile.Read(ref _failedAt) != 0;

    /// <summary>Whether it failed so short a time ago that it is not tried again.</summary>
    public bool IsAvoided(DateTimeOffset now) =>
        Volatile.Read(ref _failedAt) is var at and not 0 && (now - DateTimeOffset.FromUnixTimeMilliseconds(at)).Duration() < s_avoided;

    /// <summary>A take failed, or one is about to find out whether they still do.</summary>
    public void Avoid(DateTimeOffset now) => Volatile.Write(ref _failedAt, now.ToUnixTimeMilliseconds());

    /// <summary>A take was answered.</summary>
    public void Answered() => Volatile.Write(ref _failedAt, 0);
}
