using System.Collections.Immutable;
using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>A pool in the registry. Read without a gate, written under the registry's.</summary>
internal sealed class PoolEntry(Pool pool)
{
    private Pool _pool = pool;
    private ImmutableArray<BlockEntry> _blocks = [];

    /// <summary>The pool as it stands.</summary>
    public Pool Pool
    {
        get => Volatile.Read(ref _pool);
        set => Volatile.Write(ref _pool, value);
    }

    /// <summary>Its blocks in the order of their adding.</summary>
    public ImmutableArray<BlockEntry> Blocks => _blocks;

    public void Add(BlockEntry block) => ImmutableInterlocked.Update(ref _blocks, static (blocks, added) => blocks.Add(added), block);
}
