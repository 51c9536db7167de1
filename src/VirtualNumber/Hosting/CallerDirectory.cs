using System.Collections.Frozen;

namespace VirtualNumber.Hosting;

/// <summary>The tenants and gateways that the configuration names.</summary>
internal sealed class CallerDirectory(IEnumerable<TenantOptions> tenants, IEnumerable<GatewayOptions> gateways)
{
    private readonly FrozenDictionary<string, TenantOptions> _tenants = tenants.ToFrozenDictionary(tenant => tenant.Id, StringComparer.Ordinal);
    private readonly FrozenDictionary<string, GatewayOptions> _gateways = gateways.ToFrozenDictionary(gateway => gateway.Id, StringComparer.Ordinal);

    public TenantOptions? FindTenant(string id) => _tenants.GetValueOrDefault(id);

    public GatewayOptions? FindGateway(string id) => _gateways.GetValueOrDefault(id);

    public bool IsEmpty => _tenants.Count == 0;
}
