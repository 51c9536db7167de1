namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>One Redis of the cluster, on a machine of its own.</summary>
internal sealed class RedisNode : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _configuration;
    private readonly IReadOnlyList<string> _options;
    private readonly RedisPorts _ports;
    private ChildProcess? _process;

    /// <param name="host">Its machine.</param>
    /// <param name="ports">Where it listens.</param>
    /// <param name="folder">What it writes to disk, for itself alone.</param>
    /// <param name="configuration">Its redis.conf.</param>
    /// <param name="options">What differs from that.</param>
    public RedisNode(Host host, RedisPorts ports, string folder, string configuration, IReadOnlyList<string> options) =>
        (Host, _ports, _folder, _configuration, _options) = (host, ports, folder, configuration, options);

    public Host Host { get; }

    /// <summary>Where others reach it.</summary>
    public int Port => _ports.Announced;

    public string EndPoint => $"{Host.Address}:{Port}";

    public bool IsRunning => _process is { HasExited: false };

    public void Start()
    {
        Directory.CreateDirectory(_folder);
        _process = Host.Start(
            [
                "redis-server", _configuration, "--bind", Host.Address, "--port", $"{_ports.Port}", "--cluster-port", $"{_ports.Bus}",
                "--cluster-announce-ip", Host.Address, "--cluster-announce-port", $"{_ports.Announced}",
                "--cluster-announce-bus-port", $"{_ports.AnnouncedBus}", "--dir", _folder, "--logfile", "redis.log",
                "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", .. _options,
            ],
            [],
            _folder);
    }

    /// <summary>As a power cut would.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>As its service manager does.</summary>
    public async Task StopAsync()
    {
        _process!.Signal(ChildProcess.SigTerm);
        await _process.WaitForExitAsync();
    }

    public void Freeze() => _process!.Signal(ChildProcess.SigStop);

    public void Thaw() => _process!.Signal(ChildProcess.SigCont);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
    }
}
