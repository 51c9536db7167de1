using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>A block in the registry: a run of consecutive numbers, or a bucket of single ones.</summary>
/// <param name="id">Its number in the registry, from 1; part of every lease id.</param>
/// <param name="owner">Its pool.</param>
/// <param name="prefix">The digits that its numbers share; empty for a bucket.</param>
/// <param name="bucket">Which bucket of the pool it is; null for a run of numbers.</param>
internal sealed class BlockEntry(uint id, PoolEntry owner, string prefix, int? bucket)
{
    private PhoneNumber[] _singles = [];
    private int _singleCount;

    public uint Id => id;

    public PoolEntry Owner => owner;

    public string Prefix => prefix;

    public int? Bucket => bucket;

    /// <summary>How many slots it has.</summary>
    public int SlotCount => bucket is null ? SizeOf(owner.Pool) : Volatile.Read(ref _singleCount);

    /// <summary>The number of a slot.</summary>
    public PhoneNumber NumberAt(uint slot) => bucket is null
        ? PhoneNumber.FromCanonical($"{owner.Pool.CountryCode}:{prefix}{slot.ToString($"D{owner.Pool.BlockDigits}")}")
        : Volatile.Read(ref _singles)[(int)slot];

    /// <summary>Adds a single number; answers its slot.</summary>
    public uint Add(PhoneNumber number)
    {
        var slot = _singleCount;
        if (slot == _singles.Length)
        {
            var longer = new PhoneNumber[Math.Max(16, 2 * slot)];
            _singles.CopyTo(longer, 0);
            Volatile.Write(ref _singles, longer);
        }

        _singles[slot] = number;
        Volatile.Write(ref _singleCount, slot + 1);
        return (uint)slot;
    }

    /// <summary>How many numbers a run of a pool has.</summary>
    public static int SizeOf(Pool pool) => (int)Math.Pow(10, pool.BlockDigits);
}
