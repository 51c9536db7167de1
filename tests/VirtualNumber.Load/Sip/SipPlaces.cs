using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace VirtualNumber.Load.Sip;

/// <summary>
/// Who is where in a run: each side has a loopback address of its own, as peers are told apart by address, and free ports.
/// </summary>
internal static class SipPlaces
{
    /// <summary>The gateway: Kamailio.</summary>
    public const string Gateway = "127.0.0.1";

    /// <summary>Who calls virtual numbers.</summary>
    public const string Callers = "127.0.0.2";

    /// <summary>The next hop, where real numbers are reached. Its subscribers call virtual numbers as well.</summary>
    public const string NextHop = "127.0.0.3";

    /// <summary>Nobody whom the gateway knows.</summary>
    public const string Stranger = "127.0.0.4";

    private const string UdpSockets = "/proc/net/udp";

    /// <summary>A UDP port of that address that nobody has.</summary>
    public static int FindFreePort(string address)
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Parse(address), 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }

    /// <summary>A loopback address where nobody has that UDP port.</summary>
    public static IPAddress FindFreeAddress(int port)
    {
        if (IsBound(IPAddress.Any.ToString(), port))
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"UDP port {port} is taken at all addresses."));
        IPAddress address;
        do
            address = new([127, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(256), (byte)Random.Shared.Next(1, 255)]);
        while (IsBound(address.ToString(), port));
        return address;
    }

    /// <summary>Whether somebody has that UDP port, by what the system says: looking must not take it.</summary>
    public static bool IsBound(string address, int port)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        var entry = string.Create(CultureInfo.InvariantCulture, $" {bytes[3]:X2}{bytes[2]:X2}{bytes[1]:X2}{bytes[0]:X2}:{port:X4} ");
        return File.ReadLines(UdpSockets).Any(line => line.Contains(entry, StringComparison.Ordinal));
    }
}
