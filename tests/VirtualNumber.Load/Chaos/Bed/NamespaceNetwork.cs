namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>
/// Machines as network namespaces, each with a cable (veth) to a switch (bridge). To be cut off is to be plugged into another switch. All of
/// it lies within the namespace that this process was started in (<see cref="Namespaces"/>), and goes with it.
/// </summary>
internal sealed class NamespaceNetwork : Network
{
    private const string Switch = "vnbr0";
    private const string OtherSwitch = "vnbr1";
    private const string Net = "10.77.0";
    private const int RedisPort = 7000;
    private const int BusPort = 17_000;

    private readonly List<NamespaceHost> _hosts = [];

    public override string Kind => "network namespaces";

    /// <summary>Sets the switches up.</summary>
    public static async Task<NamespaceNetwork> StartAsync()
    {
        await Ip("link set lo up");
        foreach (var name in new[] { Switch, OtherSwitch })
        {
            await Ip($"link add {name} type bridge forward_delay 0");
            await Ip($"link set {name} up");
        }

        // This process looks at the cluster from here.
        await Ip($"addr add {Net}.1/24 dev {Switch}");
        return new();
    }

    public override async Task<Host> AddHostAsync(string name)
    {
        var number = _hosts.Count + 10;
        var host = await NamespaceHost.StartAsync(name, $"{Net}.{number}");
        _hosts.Add(host);
        await Ip($"link add {host.Cable} type veth peer name eth0 netns {host.ProcessId}");
        await Ip($"link set {host.Cable} master {Switch} up");
        await Tool.RunAsync([.. host.Enter, "ip", "link", "set", "lo", "up"]);
        await Tool.RunAsync([.. host.Enter, "ip", "addr", "add", $"{host.Address}/24", "dev", "eth0"]);
        await Tool.RunAsync([.. host.Enter, "ip", "link", "set", "eth0", "up"]);
        return host;
    }

    public override RedisPorts NewRedisPorts(Host host) => new(RedisPort, BusPort, RedisPort, BusPort);

    public override Task CutAsync(IReadOnlyList<Host> hosts) => PlugAsync(hosts, OtherSwitch);

    public override Task HealAsync(IReadOnlyList<Host> hosts) => PlugAsync(hosts, Switch);

    public override async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        foreach (var name in new[] { Switch, OtherSwitch })
            await Ip($"link delete {name}");
    }

    private static async Task PlugAsync(IReadOnlyList<Host> hosts, string into)
    {
        foreach (var host in hosts.Cast<NamespaceHost>())
            await Ip($"link set {host.Cable} master {into}");
    }

    private static Task<string> Ip(string command) => Tool.RunAsync(["ip", .. command.Split(' ')]);
}
