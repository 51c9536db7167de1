using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>A block as an instance knows it: its keys, and when its next slot is free as the last take saw it.</summary>
internal sealed class RedisBlock(BlockEntry entry)
{
    /// <summary>The hint of a block that has no slot in stock.</summary>
    public const long NoneFree = long.MaxValue;

    private long _firstFree;

    public BlockEntry Entry => entry;

    public uint Id => entry.Id;

    public Pool Pool => entry.Owner.Pool;

    /// <summary>In the order in which scripts declare them.</summary>
    public RedisKey[] Keys { get; } = Redis.Keys.OfBlock(entry.Id);

    /// <summary>What a look-up reads.</summary>
    public RedisKey Routes { get; } = Redis.Keys.Routes(entry.Id);

    /// <summary>The lowest score in stock, in milliseconds, as far as this instance knows; 0 until it has asked.</summary>
    public long FirstFreeHint
    {
        get => Volatile.Read(ref _firstFree);
        set => Volatile.Write(ref _firstFree, value);
    }
}
