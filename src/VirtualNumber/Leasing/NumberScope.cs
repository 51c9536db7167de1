namespace VirtualNumber.Leasing;

/// <summary>
/// Which virtual numbers a gateway has: what it may ask for, and report on. Trunks bring a gateway the calls to its own numbers; a question for any
/// other is a wrong route, or somebody who tries numbers.
/// </summary>
/// <param name="prefixes">How canonical numbers may begin: <c>86:170</c>.</param>
/// <param name="pools">Pools whose numbers are among them, by tenant and id: <c>demo/parcels</c>.</param>
internal sealed class NumberScope(IReadOnlyCollection<string> prefixes, IReadOnlyCollection<string> pools)
{
    /// <summary>The most of either kind that a gateway may have: each look-up goes through them.</summary>
    public const int MostEntries = 200;

    private const int LongestNational = 15;

    /// <summary>Whether it has no bounds: neither prefixes nor pools are named.</summary>
    public bool IsAll => prefixes.Count == 0 && pools.Count == 0;

    /// <summary>Whether a number of a pool is among them.</summary>
    public bool Includes(PhoneNumber number, Pool owner) =>
        IsAll
        || (prefixes.Count > 0 && number.Canonical is var canonical && prefixes.Any(prefix => canonical.StartsWith(prefix, StringComparison.Ordinal)))
        || (pools.Count > 0 && pools.Contains($"{owner.TenantId}/{owner.PoolId}", StringComparer.Ordinal));

    /// <summary>Whether a text is a prefix of canonical numbers: an assigned calling code, a colon, up to 15 digits.</summary>
    public static bool IsPrefix(string? text) =>
        text?.Split(':') is [var country, var digits] && CallingCodes.IsAssigned(country)
        && digits.Length <= LongestNational && digits.All(char.IsAsciiDigit);

    /// <summary>Whether a text can name a pool: a tenant's id, a slash, a pool's.</summary>
    public static bool IsPool(string? text) => text?.Split('/') is [{ Length: > 0 }, { Length: > 0 }];
}
