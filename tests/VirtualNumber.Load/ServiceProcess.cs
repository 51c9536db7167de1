using System.Net;
using System.Net.Sockets;
using VirtualNumber.V1;

namespace VirtualNumber.Load;

/// <summary>The service as a child process on free loopback ports, ready for calls.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private const int MostTries = 3;

    private static readonly TimeSpan s_readyWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(20);

    private ServiceProcess(ChildProcess process, Uri grpcAddress, Uri httpAddress) =>
        (Process, GrpcAddress, HttpAddress) = (process, grpcAddress, httpAddress);

    /// <summary>The process.</summary>
    public ChildProcess Process { get; }

    /// <summary>Where it speaks gRPC (HTTP/2 without TLS).</summary>
    public Uri GrpcAddress { get; }

    /// <summary>Where it answers /healthz and /readyz (HTTP/1.1).</summary>
    public Uri HttpAddress { get; }

    /// <summary>Everything that it wrote so far.</summary>
    public string Output => Process.Output;

    /// <summary>Starts the service that was built with this program, and waits until it is ready.</summary>
    /// <param name="settings">Configuration on top of the ports, <c>Section:Key</c>.</param>
    /// <param name="arguments">Command line arguments of the service.</param>
    /// <exception cref="InvalidOperationException">It ended instead; the message holds its output.</exception>
    /// <exception cref="TimeoutException">It did not become ready.</exception>
    public static async Task<ServiceProcess> StartAsync(
        IReadOnlyDictionary<string, string> settings, params IReadOnlyList<string> arguments)
    {
        for (var tries = 1; ; tries++)
        {
            var service = Start(settings, arguments);
            try
            {
                await service.WaitUntilReadyAsync();
                return service;
            }
            catch (InvalidOperationException) when (tries < MostTries && service.Output.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
            {
                // Somebody else took the port between finding it and binding it.
                await service.DisposeAsync();
            }
            catch
            {
                await service.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>Asks it to stop; answers its exit code.</summary>
    public Task<int> StopAsync() => Process.StopAsync();

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    /// <summary>Two different ports of the loopback interface that nobody listens on.</summary>
    public static (int First, int Second) FindFreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }

    private static ServiceProcess Start(IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> arguments)
    {
        var (grpc, http) = FindFreePorts();
        var all = new Dictionary<string, string>(settings)
        {
            ["Listen:Grpc"] = $"127.0.0.1:{grpc}",
            ["Listen:Http"] = $"127.0.0.1:{http}",
        };
        var process = ChildProcess.Start(typeof(LeaseServiceReflection).Assembly.Location, arguments, all);
        return new(process, new Uri($"http://127.0.0.1:{grpc}"), new Uri($"http://127.0.0.1:{http}"));
    }

    private async Task WaitUntilReadyAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = HttpAddress };
        using var deadline = new CancellationTokenSource(s_readyWithin);
        using var timer = new PeriodicTimer(s_askEvery);
        try
        {
            do
            {
                if (Process.HasExited)
                    throw new InvalidOperationException($"The service ended before it was ready:{Environment.NewLine}{Output}");
            }
            while (!await IsReadyAsync(client, deadline.Token) && await timer.WaitForNextTickAsync(deadline.Token));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"The service was not ready within {s_readyWithin}:{Environment.NewLine}{Output}");
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, CancellationToken cancellation)
    {
        try
        {
            using var response = await client.GetAsync(new Uri("/readyz", UriKind.Relative), cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
