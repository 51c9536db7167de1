using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>A block as an instance knows it: its keys, and when its next slot is free as the last take saw it.</summary>
internal sealed class RedisBlock(BlockEntry entry)
{
    /// <summary>The hint of a block that has no slot in stock.</summary>
    public const long NoneFree = long.MaxValue;

    /// <summary>So long a block that failed is passed over, before one caller tries it again.</summary>
    private static readonly TimeSpan s_avoided = TimeSpan.FromSeconds(5);

    private long _firstFree;
    private long _failedAt;
    private volatile bool _filled;

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

    /// <summary>Where numbers are shared: the slots of leases whose end is written down.</summary>
    public RedisKey Resting => Keys[6];

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
