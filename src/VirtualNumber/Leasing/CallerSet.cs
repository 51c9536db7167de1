using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VirtualNumber.Leasing;

/// <summary>
/// An immutable set of telephone numbers by keyed digests of them, made elsewhere: whoever reads it learns how many there are, and not which.
/// </summary>
[JsonConverter(typeof(CallerSetJson))]
public sealed class CallerSet : IEquatable<CallerSet>
{
    private readonly ImmutableArray<UInt128> _digests;

    private CallerSet(ImmutableArray<UInt128> digests) => _digests = digests;

    /// <summary>Nobody.</summary>
    public static CallerSet Empty { get; } = new([]);

    /// <summary>How many numbers there are.</summary>
    public int Count => _digests.Length;

    /// <summary>The digests, each once, in ascending order.</summary>
    public IReadOnlyList<UInt128> Digests => _digests;

    /// <summary>The set of the given digests; one that is given twice is in it once.</summary>
    public static CallerSet Of(IEnumerable<UInt128> digests) => digests.Distinct().Order().ToImmutableArray() is { IsEmpty: false } some ? new(some) : Empty;

    /// <summary>Whether a number is in the set, by its digest.</summary>
    public bool Contains(UInt128 digest) => _digests.BinarySearch(digest) >= 0;

    /// <summary>The set with those of another one.</summary>
    public CallerSet With(CallerSet added) => added.Count == 0 ? this : Of(_digests.Concat(added._digests));

    /// <summary>The set without those of another one.</summary>
    public CallerSet Without(CallerSet removed) => removed.Count == 0 ? this : Of(_digests.Except(removed._digests));

    /// <inheritdoc/>
    public bool Equals(CallerSet? other) => other is not null && _digests.AsSpan().SequenceEqual(other._digests.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CallerSet);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Count, Count > 0 ? _digests[0] : default);

    /// <summary>How many; never which.</summary>
    public override string ToString() => $"{Count} callers";
}
