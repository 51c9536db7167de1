using System.Net.Sockets;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>
/// Where nobody may make namespaces: all on this machine's loopback interface, each Redis behind two proxies whose ports it announces to
/// clients and other nodes. A node that is cut off can still reach the others; who they are is not seen by its proxies, so an
/// instance cannot be cut off.
/// </summary>
internal sealed class ProxyNetwork : Network
{
    private readonly List<LoopbackHost> _hosts = [];

    public override string Kind => "proxies in front of each Redis";

    public override bool CutsInstances => false;

    public override Task<Host> AddHostAsync(string name)
    {
        var host = new LoopbackHost { Name = name, Address = "127.0.0.1" };
        _hosts.Add(host);
        return Task.FromResult<Host>(host);
    }

    public override RedisPorts NewRedisPorts(Host host)
    {
        var (port, bus) = ServiceProcess.FindFreePorts();
        var (announced, announcedBus) = ServiceProcess.FindFreePorts();
        ((LoopbackHost)host).Proxies.AddRange([new FaultProxy(announced, port), new FaultProxy(announcedBus, bus)]);
        return new(port, bus, announced, announcedBus);
    }

    public override Task CutAsync(IReadOnlyList<Host> hosts)
    {
        foreach (var proxy in hosts.Cast<LoopbackHost>().SelectMany(host => host.Proxies))
            proxy.Cut();
        return Task.CompletedTask;
    }

    public override Task HealAsync(IReadOnlyList<Host> hosts)
    {
        foreach (var proxy in hosts.Cast<LoopbackHost>().SelectMany(host => host.Proxies))
            proxy.Heal();
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var proxy in _hosts.SelectMany(host => host.Proxies))
            await proxy.DisposeAsync();
    }

    private sealed class LoopbackHost : Host
    {
        public List<FaultProxy> Proxies { get; } = [];

        public override ChildProcess Start(IReadOnlyList<string> words, IEnumerable<KeyValuePair<string, string>> settings, string folder) =>
            ChildProcess.StartProgram(words, settings, folder);

        public override Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    }
}
