using System.Net;
using System.Net.Sockets;

namespace VirtualNumber.Webhooks;

/// <summary>
/// Which addresses are of the public internet (IANA's registries of special-purpose addresses). Whoever configures or controls a name must not
/// be able to make this service ask its own network, where others trust it.
/// </summary>
internal static class PublicAddresses
{
    private static readonly IPNetwork[] s_special =
    [
        .. new[]
        {
            // This network, private, shared (carriers' NAT), loopback, link-local with the clouds' metadata, private.
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            // Protocol assignments, documentation, relays, private, benchmarks, documentation.
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            // Multicast, reserved and broadcast.
            "224.0.0.0/4", "240.0.0.0/4",
            // Of the global unicast addresses: protocol assignments with Teredo, documentation.
            "2001::/23", "2001:db8::/32", "3fff::/20",
        }.Select(network => IPNetwork.Parse(network)),
    ];

    private static readonly IPNetwork s_globalUnicast = IPNetwork.Parse("2000::/3");

    /// <summary>Networks of IPv6 that hold an address of IPv4, and where in them it begins.</summary>
    private static readonly (IPNetwork Network, int At)[] s_holdIPv4 = [(IPNetwork.Parse("64:ff9b::/96"), 12), (IPNetwork.Parse("2002::/16"), 2)];

    public static bool Contain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return Contain(address.MapToIPv4());
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            foreach (var (network, at) in s_holdIPv4)
            {
                if (network.Contains(address))
                    return Contain(new IPAddress(address.GetAddressBytes().AsSpan(at, 4)));
            }

            if (!s_globalUnicast.Contains(address))
                return false;
        }

        return !s_special.Any(network => network.Contains(address));
    }
}
