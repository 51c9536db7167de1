using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>A block in the registry: a run of consecutive numbers, or a bucket of single ones.</summary>
/// <param name="id">Its number in the registry, from 1; part of every lease id.</param>
/// <param name="owner">Its pool.</param>
/// <param name="prefix">The digits that its numbers share; empty for a bucket.</param>
/// <param name="bucket">Which bucket of the pool it is; null for a run of numbers.</param>
/// <param name="area">The area code of all its numbers; empty: none.</param>
internal sealed class BlockEntry(uint id, PoolEntry owner, string prefix, int? bucket, string area)
{
    private PhoneNumber[] _singles = [];
    private int _singleCount;
    private BlockBar? _bar;

    public uint Id => id;

    public PoolEntry Owner => owner;

    public string Prefix => prefix;

    public int? Bucket => bucket;

    public string Area => area;

    /// <summary>Why it is barred, as the registry says; null: it is not. Written under the registry's gate.</summary>
    public BlockBar? Bar
    {
        get => Volatile.Read(ref _bar);
        set => Volatile.Write(ref _bar, value);
    }

    /// <summary>What it is told apart by, within its pool: the digits that its numbers share, or its first number, as dialled.</summary>
    public string Name => bucket is null ? prefix : NumberAt(0).National;

    /// <summary>How many numbers it has.</summary>
    public int NumberCount => bucket is null ? SizeOf(owner.Pool) : Volatile.Read(ref _singleCount);

    /// <summary>The number at a place; in direct mode its place is its slot.</summary>
    public PhoneNumber NumberAt(uint index) => bucket is null
        ? PhoneNumber.FromCanonical($"{owner.Pool.CountryCode}:{prefix}{index.ToString($"D{owner.Pool.BlockDigits}")}")
        : Volatile.Read(ref _singles)[(int)index];

    /// <summary>The place of a slot's number.</summary>
    public uint IndexOf(uint slot) => slot / owner.Pool.SlotsPerNumber();

    /// <summary>The number of a slot.</summary>
    public PhoneNumber NumberOf(uint slot) => NumberAt(IndexOf(slot));

    /// <summary>Whether one number more would make it bigger than a block may be.</summary>
    public bool IsFull => (NumberCount + 1) * (long)owner.Pool.Density > Pool.MostPlacesPerBlock;

    /// <summary>Adds a single number; answers its place.</summary>
    public uint Add(PhoneNumber number)
    {
        var index = _singleCount;
        if (index == _singles.Length)
        {
            var longer = new PhoneNumber[Math.Max(16, 2 * index)];
            _singles.CopyTo(longer, 0);
            Volatile.Write(ref _singles, longer);
        }

        _singles[index] = number;
        Volatile.Write(ref _singleCount, index + 1);
        return (uint)index;
    }

    /// <summary>How many numbers a run of a pool has.</summary>
    public static int SizeOf(Pool pool) => (int)Math.Pow(10, pool.BlockDigits);
}
