using Grpc.Net.Client;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>An instance of the service on a machine of its own; callers reach it on that machine's loopback interface.</summary>
internal sealed class Instance : IAsyncDisposable
{
    private static readonly TimeSpan s_connectWithin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_startsWithin = TimeSpan.FromSeconds(120);

    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly (int Grpc, int Http) _ports;
    private readonly SocketsHttpHandler _handler;
    private readonly GrpcChannel _channel;
    private readonly List<ChildProcess> _processes = [];
    private readonly SemaphoreSlim _held = new(1);

    public Instance(Host host, int number, (int Grpc, int Http) ports, IReadOnlyDictionary<string, string> settings)
    {
        (Host, Number, _ports, _settings) = (host, number, ports, settings);
        _handler = host.NewHandler(s_connectWithin);
        _handler.EnableMultipleHttp2Connections = true;
        // A frozen machine closes no connection; callers go by their deadlines, and so does this.
        _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{ports.Grpc}", new() { HttpHandler = _handler });
        var invoker = _channel.CreateCallInvoker();
        Leases = new(invoker);
        Routing = new(invoker);
        Ops = new(invoker);
    }

    public Host Host { get; }

    /// <summary>Its place among the instances, from 0.</summary>
    public int Number { get; }

    public LeaseService.LeaseServiceClient Leases { get; }

    public RoutingService.RoutingServiceClient Routing { get; }

    public OpsService.OpsServiceClient Ops { get; }

    public bool IsRunning => _processes.Count > 0 && !_processes[^1].HasExited;

    /// <summary>What all its processes wrote.</summary>
    public string Output => string.Join(Environment.NewLine, _processes.Select(process => process.Output));

    /// <summary>Keeps the other faults off it until disposed: two at once would undo each other's doing.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellation)
    {
        await _held.WaitAsync(cancellation);
        return new Hold(_held);
    }

    public void Start()
    {
        var assembly = typeof(LeaseServiceReflection).Assembly.Location;
        var settings = new Dictionary<string, string>(_settings)
        {
            ["Listen:Grpc"] = $"127.0.0.1:{_ports.Grpc}",
            ["Listen:Http"] = $"127.0.0.1:{_ports.Http}",
        };
        _processes.Add(Host.Start([ChildProcess.FindDotnet(), assembly], settings, Path.GetDirectoryName(assembly)!));
    }

    /// <summary>Waits until it says that it serves.</summary>
    public async Task UntilReadyAsync(CancellationToken cancellation)
    {
        using var client = new HttpClient(Host.NewHandler(s_connectWithin)) { Timeout = s_connectWithin };
        var address = new Uri($"http://127.0.0.1:{_ports.Http}/readyz");
        try
        {
            await RedisBed.UntilAsync(
                () =>
                {
                    ThrowIfEnded();
                    return IsReadyAsync(client, address, cancellation);
                },
                s_startsWithin,
                $"{Host.Name} to be ready",
                cancellation);
        }
        catch (TimeoutException fault)
        {
            throw new TimeoutException($"{fault.Message}{Environment.NewLine}{Output}", fault);
        }
    }

    public async Task KillAsync()
    {
        _processes[^1].Kill();
        await _processes[^1].WaitForExitAsync();
    }

    public Task<int> StopAsync() => _processes[^1].StopAsync();

    public void Freeze() => _processes[^1].Signal(ChildProcess.SigStop);

    public void Thaw() => _processes[^1].Signal(ChildProcess.SigCont);

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _handler.Dispose();
        foreach (var process in _processes)
            await process.DisposeAsync();
        _held.Dispose();
    }

    /// <exception cref="EndOfStreamException">It has ended, and says why.</exception>
    private void ThrowIfEnded()
    {
        if (!IsRunning)
            throw new EndOfStreamException($"{Host.Name} has ended: {Output}");
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, Uri address, CancellationToken cancellation)
    {
        try
        {
            using var response = await client.GetAsync(address, cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private sealed class Hold(SemaphoreSlim held) : IDisposable
    {
        public void Dispose() => held.Release();
    }
}
