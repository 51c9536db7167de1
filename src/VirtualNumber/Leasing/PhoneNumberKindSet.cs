namespace VirtualNumber.Leasing;

/// <summary>An immutable set of kinds of numbers in one integer: bit n stands for the kind of value n.</summary>
/// <param name="Bits">The set.</param>
public readonly record struct PhoneNumberKindSet(int Bits)
{
    /// <summary>The set of the given kinds.</summary>
    public static PhoneNumberKindSet Of(params IEnumerable<PhoneNumberKind> kinds) => new(kinds.Aggregate(0, (bits, kind) => bits | (1 << (int)kind)));

    /// <summary>Whether a kind is in the set.</summary>
    public bool Contains(PhoneNumberKind kind) => (Bits & (1 << (int)kind)) != 0;
}
