using System.Collections;
using System.Numerics;

namespace VirtualNumber.Memory;

/// <summary>Which slots of one number have a record, in a bit each: a number has up to 10,000 slots, and few of them are taken.</summary>
/// <param name="slots">How many slots the number has.</param>
internal sealed class SlotSet(uint slots) : IEnumerable<uint>
{
    private const int BitsPerWord = 64;

    private ulong[] _words = [];

    /// <summary>How many are in it.</summary>
    public int Count { get; private set; }

    public bool Contains(uint slot) => _words.Length > 0 && (_words[slot / BitsPerWord] & BitOf(slot)) != 0;

    /// <summary>Adds one that is not in it.</summary>
    public void Add(uint slot)
    {
        if (_words.Length == 0)
            _words = new ulong[(slots + BitsPerWord - 1) / BitsPerWord];
        _words[slot / BitsPerWord] |= BitOf(slot);
        Count++;
    }

    /// <summary>Removes one that is in it.</summary>
    public void Remove(uint slot)
    {
        _words[slot / BitsPerWord] &= ~BitOf(slot);
        Count--;
    }

    /// <summary>The n-th, from 0, in ascending order, of those that are not in it.</summary>
    public uint FindFree(uint n)
    {
        var word = 0;
        for (; word < _words.Length && FreeIn(word) <= n; word++)
            n -= FreeIn(word);
        var slot = (uint)word * BitsPerWord;
        for (; Contains(slot) || n > 0; slot++)
        {
            if (!Contains(slot))
                n--;
        }

        return slot;
    }

    /// <summary>Those in it, in ascending order.</summary>
    public IEnumerator<uint> GetEnumerator()
    {
        for (var word = 0; word < _words.Length; word++)
        {
            for (var left = _words[word]; left != 0; left &= left - 1)
                yield return (uint)((word * BitsPerWord) + BitOperations.TrailingZeroCount(left));
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private uint FreeIn(int word) => (uint)(BitsPerWord - BitOperations.PopCount(_words[word]));

    private static ulong BitOf(uint slot) => 1ul << (int)(slot % BitsPerWord);
}
