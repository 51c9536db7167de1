using System.Collections.Frozen;

namespace VirtualNumber.Leasing;

/// <summary>Why a number may not be bound as the real number of a lease. Where both apply, the lower value is reported.</summary>
public enum RealNumberRefusal
{
    /// <summary>It may be bound.</summary>
    None = 0,

    /// <summary>Its country is not among the allowed ones.</summary>
    CountryNotAllowed = 1,

    /// <summary>Its kind is not among the allowed ones: emergency, short, 95, 400, 800, premium, satellite or 700 numbers.</summary>
    KindNotAllowed = 2,
}

/// <summary>Answers whether a number may be bound as a real number, by country and kind.</summary>
/// <remarks>Whether it is itself in a pool, which would make a loop, only the pool can tell.</remarks>
public sealed class RealNumberRules
{
    private readonly FrozenSet<string> _countries;
    private readonly FrozenSet<PhoneNumberKind> _kinds;

    /// <summary>Takes a copy of the options.</summary>
    /// <exception cref="ArgumentException">The options have faults; the message names all of them.</exception>
    public RealNumberRules(RealNumberOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        }

        _countries = options.AllowedCountries.ToFrozenSet(StringComparer.Ordinal);
        _kinds = options.AllowedKinds.Append(PhoneNumberKind.Other).ToFrozenSet();
    }

    /// <summary>Whether the number may be bound, and if not, why.</summary>
    public RealNumberRefusal Check(PhoneNumber number)
    {
        ArgumentNullException.ThrowIfNull(number);
        if (!_countries.Contains(number.CountryCode))
        {
            return RealNumberRefusal.CountryNotAllowed;
        }

        return _kinds.Contains(number.Kind) ? RealNumberRefusal.None : RealNumberRefusal.KindNotAllowed;
    }
}
