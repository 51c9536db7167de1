using System.Collections.Concurrent;
using System.Collections.Immutable;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>
/// Which pools there are, which blocks they have, and which block a number is in. One pool per number: what overlaps is refused
/// here, before a block is filled. Look-ups take no gate.
/// </summary>
internal sealed class Registry(ProtocolBounds bounds, int logLength)
{
    /// <summary>How many buckets the single numbers of a pool are spread over.</summary>
    private const int BucketCount = 16;

    private const int LeastBlockDigits = 2;
    private const int MostBlockDigits = 4;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<(string TenantId, string PoolId), PoolEntry> _pools = new();
    private readonly ConcurrentDictionary<string, Block> _byPrefix = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<PhoneNumber, (Block Block, uint Slot)> _single = new();
    private readonly Dictionary<(PoolEntry Owner, int Bucket), Block> _buckets = [];

    /// <summary>The blocks, whether they exist or not, that some smaller block or single number lies within.</summary>
    private readonly HashSet<string> _within = new(StringComparer.Ordinal);

    private ImmutableArray<Block> _blocks = [];

    /// <summary>All blocks; a block's id is its place here, counted from 1.</summary>
    public ImmutableArray<Block> Blocks => _blocks;

    public PoolEntry? FindPool(string tenantId, string poolId) => _pools.GetValueOrDefault((tenantId, poolId));

    public IReadOnlyList<Pool> ListPools(string tenantId, string? afterPoolId, int limit) =>
    [
        .. _pools.Values.Select(entry => entry.Pool)
            .Where(pool => pool.TenantId == tenantId && string.CompareOrdinal(pool.PoolId, afterPoolId) > 0)
            .OrderBy(pool => pool.PoolId, StringComparer.Ordinal)
            .Take(limit),
    ];

    public Pool Create(Pool pool) => _pools.GetOrAdd((pool.TenantId, pool.PoolId), _ => new PoolEntry(pool)).Pool;

    public (Pool Pool, bool Changed)? Update(string tenantId, string poolId, Func<Pool, Pool> change, int? expectedVersion)
    {
        lock (_gate)
        {
            if (FindPool(tenantId, poolId) is not { } entry)
                return null;
            if (expectedVersion is { } expected && expected != entry.Pool.Version)
                return (entry.Pool, false);
            var changed = change(entry.Pool);
            if (changed != entry.Pool)
                entry.Pool = changed with { Version = entry.Pool.Version + 1 };
            return (entry.Pool, true);
        }
    }

    public Block? FindBlock(uint id)
    {
        var blocks = _blocks;
        return id >= 1 && id <= blocks.Length ? blocks[(int)id - 1] : null;
    }

    /// <summary>The block and slot of a number; false when it is in no pool.</summary>
    public bool TryLocate(PhoneNumber number, out Block block, out uint slot)
    {
        if (_single.TryGetValue(number, out var place))
        {
            (block, slot) = place;
            return true;
        }

        return TryLocateInBlock(number, out block, out slot);
    }

    public AddNumbersAnswer Add(PoolEntry owner, NumberSelection numbers, DateTimeOffset now)
    {
        lock (_gate)
        {
            var blocks = Overlapping(numbers.Blocks, prefix => BlockOverlaps(owner, prefix));
            var singles = Overlapping(numbers.Numbers, number => TryLocate(number, out var block, out _) && block.Owner != owner);
            if (blocks.Count + singles.Count > 0)
                return new(0, 0, blocks, singles);

            var (added, present) = (0, 0);
            foreach (var prefix in numbers.Blocks)
                Count(AddBlock(owner, prefix, now));
            foreach (var number in numbers.Numbers)
                Count(AddSingle(owner, number, now));
            return new(added, present, [], []);

            void Count((int Count, bool New) numbersAdded)
            {
                if (numbersAdded.New)
                    added += numbersAdded.Count;
                else
                    present += numbersAdded.Count;
            }
        }
    }

    /// <summary>A block of a pool by its prefix; null when the pool has none.</summary>
    public Block? FindBlock(PoolEntry owner, string prefix) =>
        _byPrefix.TryGetValue(KeyOf(owner.Pool.CountryCode, prefix, owner.Pool.BlockDigits), out var block) && block.Owner == owner ? block : null;

    private bool TryLocateInBlock(PhoneNumber number, out Block block, out uint slot)
    {
        var digits = number.NationalNumber;
        var lookup = _byPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> key = stackalloc char[KeyLength];
        for (var varying = LeastBlockDigits; varying <= MostBlockDigits && varying < digits.Length; varying++)
        {
            var length = WriteKey(key, number.CountryCode, digits.AsSpan(0, digits.Length - varying), varying);
            if (lookup.TryGetValue(key[..length], out block!))
            {
                slot = uint.Parse(digits.AsSpan(digits.Length - varying));
                return true;
            }
        }

        (block, slot) = (null!, 0);
        return false;
    }

    private (int Count, bool New) AddBlock(PoolEntry owner, string prefix, DateTimeOffset now)
    {
        var pool = owner.Pool;
        var size = (int)Math.Pow(10, pool.BlockDigits);
        if (FindBlock(owner, prefix) is not null)
            return (size, false);

        var format = new string('0', pool.BlockDigits);
        var numbers = Enumerable.Range(0, size)
            .Select(i => PhoneNumber.FromCanonical($"{pool.CountryCode}:{prefix}{i.ToString(format)}"))
            .ToList();
        var block = NewBlock(owner, prefix);
        block.Add(numbers, now);
        // Known to look-ups and to takes only once it is full.
        _byPrefix[KeyOf(pool.CountryCode, prefix, pool.BlockDigits)] = block;
        NoteWithin(pool.CountryCode, prefix, pool.BlockDigits);
        owner.Add(block);
        return (size, true);
    }

    private (int Count, bool New) AddSingle(PoolEntry owner, PhoneNumber number, DateTimeOffset now)
    {
        if (TryLocate(number, out _, out _))
            return (1, false);

        var bucket = BucketOf(number);
        if (!_buckets.TryGetValue((owner, bucket), out var block))
        {
            block = _buckets[(owner, bucket)] = NewBlock(owner, prefix: "");
            owner.Add(block);
        }

        block.Add([number], now, slot => _single[number] = (block, slot));
        NoteWithin(number.CountryCode, number.NationalNumber, 0);
        return (1, true);
    }

    private Block NewBlock(PoolEntry owner, string prefix)
    {
        var block = new Block((uint)_blocks.Length + 1, owner, prefix, bounds, logLength);
        _blocks = _blocks.Add(block);
        return block;
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

    private const int KeyLength = 32;

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
