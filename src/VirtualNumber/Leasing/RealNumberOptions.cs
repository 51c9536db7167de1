namespace VirtualNumber.Leasing;

/// <summary>Which numbers may stand behind a lease. The defaults keep calls where they cost little: toll fraud goes abroad.</summary>
public sealed class RealNumberOptions
{
    private static readonly PhoneNumberKind[] s_allowable = [PhoneNumberKind.Mobile, PhoneNumberKind.Landline, PhoneNumberKind.Other];

    /// <summary>Calling codes of the countries whose numbers may be bound, digits without +. Default: <c>86</c>. At least one.</summary>
    public ISet<string> AllowedCountries { get; } = new HashSet<string>(StringComparer.Ordinal) { PhoneNumber.China };

    /// <summary>
    /// Kinds that may be bound. Default: Mobile and Landline, and nothing but these can be added or taken away; numbers of kind Other
    /// are bound wherever their country is allowed.
    /// </summary>
    public ISet<PhoneNumberKind> AllowedKinds { get; } = new HashSet<PhoneNumberKind> { PhoneNumberKind.Mobile, PhoneNumberKind.Landline };

    /// <summary>Every fault of these options, in words; empty where there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (AllowedCountries.Count == 0)
        {
            faults.Add($"{nameof(AllowedCountries)}: at least one country is needed.");
        }

        faults.AddRange(AllowedCountries.Where(country => !CallingCodes.IsAssigned(country))
            .Select(country => $"{nameof(AllowedCountries)}: {country} is no assigned calling code."));
        faults.AddRange(AllowedKinds.Except(s_allowable)
            .Select(kind => $"{nameof(AllowedKinds)}: {kind} numbers are never bound."));
        return faults;
    }
}
