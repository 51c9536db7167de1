namespace VirtualNumber.Leasing;

/// <summary>Which area a number should belong to.</summary>
/// <param name="Code">The area's code, as the numbers were added with.</param>
/// <param name="FallBacks">Areas to try next, in this order; after them any.</param>
/// <param name="Strict">No number of another area.</param>
public sealed record AreaPreference(string Code, IReadOnlyList<string> FallBacks, bool Strict)
{
    /// <summary>The most fall-backs.</summary>
    public const int MostFallBacks = 5;

    /// <summary>The areas in the order in which they are tried; null: any.</summary>
    public IReadOnlyList<string?> InOrder => Strict ? [Code] : [Code, .. FallBacks, null];

    /// <summary>By what is in it.</summary>
    public bool Equals(AreaPreference? other) =>
        other is not null && (Code, Strict) == (other.Code, other.Strict) && FallBacks.SequenceEqual(other.FallBacks, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Code, FallBacks.Count, Strict);
}
