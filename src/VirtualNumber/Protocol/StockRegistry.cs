using System.Collections.Concurrent;
using System.Collections.Immutable;
using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>
/// Which pools there are, which blocks they have, and which block a number is in. A number is in one pool at most: what overlaps is
/// refused here. Look-ups take no gate; <see cref="Plan"/> and <see cref="Apply"/> are called by one at a time.
/// </summary>
internal sealed class StockRegistry
{
    /// <summary>How many buckets the single numbers of a pool are spread over.</summary>
    private const int BucketCount = 16;

    private const int LeastBlockDigits = 2;
    private const int MostBlockDigits = 4;
    private const int KeyLength = 32;

    private readonly ConcurrentDictionary<(string TenantId, string PoolId), PoolEntry> _pools = new();
    private readonly ConcurrentDictionary<string, BlockEntry> _byPrefix = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<PhoneNumber, (BlockEntry Block, uint Index)> _single = new();
    /// <summary>The block of each bucket that takes the next number; the full ones before it are known by their numbers only.</summary>
    private readonly Dictionary<(PoolEntry Owner, string Area, int Bucket), BlockEntry> _buckets = [];

    /// <summary>The blocks, whether they exist or not, that some smaller block or single number lies within.</summary>
    private readonly HashSet<string> _within = new(StringComparer.Ordinal);

    private ImmutableArray<BlockEntry> _blocks = [];

    /// <summary>All blocks; a block's id is its place here, counted from 1.</summary>
    public ImmutableArray<BlockEntry> Blocks => _blocks;

    public PoolEntry? FindPool(string tenantId, string poolId) => _pools.GetValueOrDefault((tenantId, poolId));

    public IReadOnlyList<Pool> ListPools(string tenantId, string? afterPoolId, int limit) =>
    [
        .. _pools.Values.Select(entry => entry.Pool)
            .Where(pool => pool.TenantId == tenantId && string.CompareOrdinal(pool.PoolId, afterPoolId) > 0)
            .OrderBy(pool => pool.PoolId, StringComparer.Ordinal)
            .Take(limit),
    ];

    public BlockEntry? FindBlock(uint id)
    {
        var blocks = _blocks;
        return id >= 1 && id <= blocks.Length ? blocks[(int)id - 1] : null;
    }

    /// <summary>A block of a pool by its prefix; null when the pool has none.</summary>
    public BlockEntry? FindBlock(PoolEntry owner, string prefix) =>
        _byPrefix.TryGetValue(KeyOf(owner.Pool.CountryCode, prefix, owner.Pool.BlockDigits), out var block) && block.Owner == owner ? block : null;

    /// <summary>A block of a pool by its prefix, or by one of its numbers; null when the pool has none.</summary>
    public BlockEntry? FindBlock(PoolEntry owner, string prefix, PhoneNumber? number) =>
        FindBlock(owner, prefix) ?? (number is not null && Locate(number) is { } place && place.Block.Owner == owner ? place.Block : null);

    /// <summary>The block of a number and its place there; null when it is in no pool.</summary>
    public (BlockEntry Block, uint Index)? Locate(PhoneNumber number) =>
        _single.TryGetValue(number, out var place) ? place : LocateInBlock(number);

    /// <summary>
    /// Where the selected numbers are in a pool, each once, also when it is named twice or by its block too; or the positions of those
    /// that are not in it.
    /// </summary>
    public Selection Select(PoolEntry owner, NumberSelection numbers)
    {
        var blocks = numbers.Blocks.Select(prefix => FindBlock(owner, prefix)).ToList();
        var singles = numbers.Numbers
            .Select(number => Locate(number) is { } place && place.Block.Owner == owner ? place : default((BlockEntry Block, uint Index)?))
            .ToList();
        var unknownBlocks = Enumerable.Range(0, blocks.Count).Where(i => blocks[i] is null).ToList();
        var unknownNumbers = Enumerable.Range(0, singles.Count).Where(i => singles[i] is null).ToList();
        if (unknownBlocks.Count + unknownNumbers.Count > 0)
            return new([], [], unknownBlocks, unknownNumbers);

        var whole = blocks.Select(block => block!).ToHashSet();
        var parts = singles.Select(single => single!.Value).Distinct().Where(single => !whole.Contains(single.Block))
            .GroupBy(single => single.Block, single => single.Index)
            .Select(group => (group.Key, (IReadOnlyList<uint>)[.. group]));
        return new([.. whole], [.. parts], [], []);
    }

    /// <summary>A pool with changes; null when there is none. Unchanged when the expected version is another, or nothing differs.</summary>
    public (Pool Pool, bool Changed)? PlanUpdate(string tenantId, string poolId, PoolUpdate update, int? expectedVersion)
    {
        if (FindPool(tenantId, poolId)?.Pool is not { } pool)
            return null;
        if (expectedVersion is { } expected && expected != pool.Version)
            return (pool, false);
        var changed = update.On(pool);
        return (changed == pool ? pool : changed with { Version = pool.Version + 1 }, true);
    }

    /// <summary>What adding numbers comes to: the changes that are missing, or the positions of what overlaps.</summary>
    public AddPlan Plan(PoolEntry owner, NumberSelection numbers)
    {
        var blocks = Overlapping(numbers.Blocks, prefix => BlockOverlaps(owner, prefix) || FindBlock(owner, prefix) is { } block && block.Area != numbers.Area);
        var singles = Overlapping(
            numbers.Numbers, number => Locate(number) is { } place && (place.Block.Owner != owner || place.Block.Area != numbers.Area));
        if (blocks.Count + singles.Count > 0)
            return new([], blocks, singles);

        var (tenantId, poolId) = (owner.Pool.TenantId, owner.Pool.PoolId);
        var added = numbers.Blocks.Distinct(StringComparer.Ordinal).Where(prefix => FindBlock(owner, prefix) is null).ToList();
        var runs = added.Select(prefix => KeyOf(owner.Pool.CountryCode, prefix, owner.Pool.BlockDigits)).ToHashSet(StringComparer.Ordinal);
        var changes = added
            .Select(prefix => new RegistryChange(Block: new(tenantId, poolId, prefix, numbers.Area)))
            .Concat(numbers.Numbers.Distinct()
                .Where(number => Locate(number) is null && !runs.Contains(RunOf(number, owner.Pool.BlockDigits)))
                .Select(number => new RegistryChange(Single: new(tenantId, poolId, number.Canonical, numbers.Area))));
        return new([.. changes], [], []);
    }

    /// <summary>Applies a change; answers the block and the numbers that it added, null for a change that adds none.</summary>
    public (BlockEntry Block, uint FirstIndex, int Count)? Apply(RegistryChange change)
    {
        if ((change.Pool ?? change.RuledPool) is { } pool)
        {
            _pools.GetOrAdd((pool.TenantId, pool.PoolId), _ => new PoolEntry(pool)).Pool = pool;
            return null;
        }

        if (change.Callers is { } callers)
        {
            var entry = _pools[(callers.TenantId, callers.PoolId)];
            entry.Pool = new PoolUpdate { AllowedCallers = callers.Allowed, BlockedCallers = callers.Blocked }.On(entry.Pool) with { Version = callers.Version };
            return null;
        }

        if (change.Barred is { } barred)
        {
            FindBlock(barred.Id)!.Bar = barred.Bar;
            return null;
        }

        if (change.Confirmed is { } confirmed)
        {
            FindBlock(confirmed.Id)!.Bar = confirmed.Rest;
            return null;
        }

        return change.Block is { } block ? AddBlock(_pools[(block.TenantId, block.PoolId)], block.Prefix, block.Area)
            : change.Single is { } single ? AddSingle(_pools[(single.TenantId, single.PoolId)], PhoneNumber.FromCanonical(single.Number), single.Area)
            : null;
    }

    private (BlockEntry Block, uint FirstIndex, int Count) AddBlock(PoolEntry owner, string prefix, string area)
    {
        var pool = owner.Pool;
        var block = NewBlock(owner, prefix, bucket: null, area);
        _byPrefix[KeyOf(pool.CountryCode, prefix, pool.BlockDigits)] = block;
        NoteWithin(pool.CountryCode, prefix, pool.BlockDigits);
        return (block, 0, block.NumberCount);
    }

    private (BlockEntry Block, uint FirstIndex, int Count) AddSingle(PoolEntry owner, PhoneNumber number, string area)
    {
        // Pairs go to the first number that has room for them, so that few numbers are in use: one place to look, not sixteen.
        var bucket = owner.Pool.Mode == PoolMode.Pair ? 0 : BucketOf(number);
        if (!_buckets.TryGetValue((owner, area, bucket), out var block) || block.IsFull)
            block = _buckets[(owner, area, bucket)] = NewBlock(owner, prefix: "", bucket, area);
        var index = block.Add(number);
        _single[number] = (block, index);
        NoteWithin(number.CountryCode, number.NationalNumber, 0);
        return (block, index, 1);
    }

    private BlockEntry NewBlock(PoolEntry owner, string prefix, int? bucket, string area)
    {
        var block = new BlockEntry((uint)_blocks.Length + 1, owner, prefix, bucket, area);
        _blocks = _blocks.Add(block);
        owner.Add(block);
        return block;
    }

    private (BlockEntry Block, uint Index)? LocateInBlock(PhoneNumber number)
    {
        var digits = number.NationalNumber;
        var lookup = _byPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> key = stackalloc char[KeyLength];
        for (var varying = LeastBlockDigits; varying <= MostBlockDigits && varying < digits.Length; varying++)
        {
            var length = WriteKey(key, number.CountryCode, digits.AsSpan(0, digits.Length - varying), varying);
            if (lookup.TryGetValue(key[..length], out var block))
                return (block, uint.Parse(digits.AsSpan(digits.Length - varying)));
        }

        return null;
    }

    /// <summary>Whether some block or single number has a number of the block in question, other than the very same block of the pool.</summary>
    private bool BlockOverlaps(PoolEntry owner, string prefix)
    {
        if (FindBlock(owner, prefix) is not null)
            return false;
        var (country, digits) = (owner.Pool.CountryCode, owner.Pool.BlockDigits);
        if (_within.Contains(KeyOf(country, prefix, digits)))
            return true;
        for (var cut = 0; digits + cut <= MostBlockDigits && cut < prefix.Length; cut++)
        {
            if (_byPrefix.ContainsKey(KeyOf(country, prefix[..^cut], digits + cut)))
                return true;
        }

        return false;
    }

    /// <summary>Notes every larger block that numbers of this prefix lie within.</summary>
    private void NoteWithin(string country, string prefix, int digits)
    {
        for (var cut = 1; digits + cut <= MostBlockDigits && cut < prefix.Length; cut++)
        {
            if (digits + cut >= LeastBlockDigits)
                _within.Add(KeyOf(country, prefix[..^cut], digits + cut));
        }
    }

    private static List<int> Overlapping<T>(IReadOnlyList<T> items, Func<T, bool> overlaps) =>
        [.. Enumerable.Range(0, items.Count).Where(i => overlaps(items[i]))];

    /// <summary>Stable across processes, unlike string.GetHashCode.</summary>
    private static int BucketOf(PhoneNumber number) =>
        (int)(number.NationalNumber.Aggregate(2166136261u, (hash, digit) => (hash ^ digit) * 16777619u) % BucketCount);

    /// <summary>The key of the block that a number would be in.</summary>
    private static string RunOf(PhoneNumber number, int digits) => number.NationalNumber.Length > digits
        ? KeyOf(number.CountryCode, number.NationalNumber[..^digits], digits)
        : "";

    private static string KeyOf(string country, string prefix, int digits)
    {
        Span<char> key = stackalloc char[KeyLength];
        return key[..WriteKey(key, country, prefix, digits)].ToString();
    }

    /// <summary>Country, prefix and the count of varying digits: blocks of other lengths with the same prefix are other blocks.</summary>
    private static int WriteKey(Span<char> key, ReadOnlySpan<char> country, ReadOnlySpan<char> prefix, int varying)
    {
        country.CopyTo(key);
        key[country.Length] = ':';
        prefix.CopyTo(key[(country.Length + 1)..]);
        var length = country.Length + 1 + prefix.Length;
        key[length] = '/';
        key[length + 1] = (char)('0' + varying);
        return length + 2;
    }
}
