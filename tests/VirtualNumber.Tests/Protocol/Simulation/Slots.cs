using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// What the oracle knows of the stock: every number's state, and, where numbers are not shared, until when its last lease ran. Kept by the
/// oracle itself, from the records that it has seen, so that the store's own books can be held against it.
/// </summary>
internal sealed class Slots
{
    private readonly Dictionary<PhoneNumber, Entry> _entries = [];
    private readonly Dictionary<(string TenantId, string PoolId), List<Entry>> _pools = [];
    private readonly Dictionary<uint, List<Entry>> _blocks = [];

    /// <param name="pool">Its pool.</param>
    /// <param name="number">The number.</param>
    /// <param name="block">Its block; 0 where only the store knows.</param>
    /// <param name="index">Its place there.</param>
    internal void Stock(Pool pool, PhoneNumber number, uint block, uint index)
    {
        var entry = new Entry(pool, number, block, index, _entries.Count);
        _entries.Add(number, entry);
        ListOf(_pools, (pool.TenantId, pool.PoolId)).Add(entry);
        ListOf(_blocks, block).Add(entry);
    }

    /// <summary>How many numbers are stocked.</summary>
    internal int Count => _entries.Count;

    internal bool IsStocked(PhoneNumber number) => _entries.ContainsKey(number);

    /// <summary>Whether it was when there were so many.</summary>
    internal bool WasStocked(PhoneNumber number, int count) => _entries.TryGetValue(number, out var entry) && entry.Order < count;

    internal bool IsSuspended(PhoneNumber number) => _entries[number].State == State.Suspended;

    internal bool IsRetired(PhoneNumber number) => _entries[number].State == State.Retired;

    internal bool IsInStock(PhoneNumber number) => _entries[number].State == State.InStock;

    internal Pool PoolOf(PhoneNumber number) => _entries[number].Pool;

    /// <summary>The place of a number in its block.</summary>
    internal (uint Block, uint Index) PlaceOf(PhoneNumber number) => (_entries[number].Block, _entries[number].Index);

    internal IReadOnlyList<PhoneNumber> NumbersOf(Pool pool) => [.. ListOf(_pools, (pool.TenantId, pool.PoolId)).Select(entry => entry.Number)];

    /// <summary>How many numbers of a pool are in which state.</summary>
    internal (int InStock, int Suspended, int Retired) StatesOf(Pool pool)
    {
        var states = ListOf(_pools, (pool.TenantId, pool.PoolId)).ToLookup(entry => entry.State);
        return (states[State.InStock].Count(), states[State.Suspended].Count(), states[State.Retired].Count());
    }

    /// <summary>A block's numbers in stock, in their order.</summary>
    internal IReadOnlyList<PhoneNumber> InStockOf(uint block) => [.. ListOf(_blocks, block).Where(entry => entry.State == State.InStock).Select(entry => entry.Number)];

    internal DateTimeOffset EndOf(PhoneNumber number) => _entries[number].End;

    internal void SetEnd(PhoneNumber number, DateTimeOffset end) => _entries[number].End = end;

    /// <summary>Does to a number what an operator asked for; tells whether that changed its state.</summary>
    internal bool Change(PhoneNumber number, StockChange change)
    {
        var entry = _entries[number];
        var state = change switch
        {
            StockChange.Restore => State.InStock,
            StockChange.Retire => State.Retired,
            _ => entry.State == State.InStock ? State.Suspended : entry.State,
        };
        var changed = state != entry.State;
        entry.State = state;
        return changed;
    }

    /// <summary>Counts a pool whose numbers are not shared.</summary>
    internal NumberCounts CountOf(Pool pool, TimeSpan aging, DateTimeOffset now)
    {
        var counts = default(NumberCounts);
        foreach (var entry in ListOf(_pools, (pool.TenantId, pool.PoolId)))
        {
            var leased = entry.End > now;
            counts += entry.State switch
            {
                State.Suspended => new NumberCounts(0, 0, 0, 1, 0, 0),
                State.Retired => new NumberCounts(0, 0, 0, 0, 1, leased ? 1 : 0),
                _ => leased ? new(0, 1, 0, 0, 0, 0) : entry.End > now - aging ? new(0, 0, 1, 0, 0, 0) : new(1, 0, 0, 0, 0, 0),
            };
        }

        return counts;
    }

    /// <summary>The end of the longest rested number in stock of a block.</summary>
    internal DateTimeOffset? LeastEnd(uint block) =>
        InStockOf(block).Min(number => (DateTimeOffset?)EndOf(number));

    private static List<Entry> ListOf<TKey>(Dictionary<TKey, List<Entry>> lists, TKey key)
        where TKey : notnull
    {
        if (!lists.TryGetValue(key, out var list))
            lists.Add(key, list = []);
        return list;
    }

    private enum State
    {
        InStock,
        Suspended,
        Retired,
    }

    private sealed class Entry(Pool pool, PhoneNumber number, uint block, uint index, int order)
    {
        /// <summary>How many were stocked before it.</summary>
        internal int Order { get; } = order;

        internal PhoneNumber Number { get; } = number;

        internal Pool Pool { get; } = pool;

        internal State State { get; set; }

        internal DateTimeOffset End { get; set; } = DateTimeOffset.UnixEpoch;

        internal uint Block { get; } = block;

        internal uint Index { get; } = index;
    }
}
