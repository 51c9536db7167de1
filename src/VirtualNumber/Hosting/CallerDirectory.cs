using System.Collections.Frozen;

namespace VirtualNumber.Hosting;

/// <summary>The tenants and gateways that the configuration names.</summary>
internal sealed class CallerDirectory(IEnumerable<TenantOptions> tenants, IEnumerable<GatewayOptions> gateways)
{
    private const int LongestId = 64;

    private readonly FrozenDictionary<string, TenantOptions> _tenants = tenants.ToFrozenDictionary(tenant => tenant.Id, StringComparer.Ordinal);
    private readonly FrozenDictionary<string, GatewayOptions> _gateways = gateways.ToFrozenDictionary(gateway => gateway.Id, StringComparer.Ordinal);

    /// <summary>All gateways, in the order of their ids.</summary>
    public IReadOnlyList<GatewayOptions> Gateways { get; } = [.. gateways.OrderBy(gateway => gateway.Id, StringComparer.Ordinal)];

    /// <summary>Whether a text has the form of an id of a tenant or a gateway.</summary>
    public static bool IsId(string text) =>
        text.Length is >= 1 and <= LongestId && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    public TenantOptions? FindTenant(string id) => _tenants.GetValueOrDefault(id);

    public GatewayOptions? FindGateway(string id) => _gateways.GetValueOrDefault(id);
}
