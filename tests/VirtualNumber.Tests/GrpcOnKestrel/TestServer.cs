using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VirtualNumber.Api;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>A real Kestrel on a free loopback port, h2c, with the echo, health and reflection services, and a channel to it.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<GrpcChannel> _channels = [];

    private TestServer(WebApplication app) => _app = app;

    public EchoProbe Probe => _app.Services.GetRequiredService<EchoProbe>();

    public ServingStatuses Statuses => _app.Services.GetRequiredService<ServingStatuses>();

    public LogCollector Logs => _app.Services.GetRequiredService<LogCollector>();

    public Uri Address { get; private set; } = null!;

    public EchoService.EchoServiceClient Client => new(Channel());

    public static async Task<TestServer> StartAsync(
        Action<GrpcServiceOptions>? configure = null, HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var logs = new LogCollector();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddSingleton(logs);
        builder.Services.AddSingleton<EchoProbe>();
        builder.Services.AddSingleton<ServingStatuses>();
        builder.Services.AddSingleton(new ReflectionCatalog([EchoService.Descriptor, Health.Descriptor]));
        builder.Services.AddGrpc(options => configure?.Invoke(options));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols);
        });
        var app = builder.Build();
        app.MapGrpcService<EchoHandlers>();
        app.MapGrpcService<HealthService>();
        app.MapGrpcService<ReflectionService>();
        await app.StartAsync();
        return new TestServer(app) { Address = new Uri(app.Urls.Single()) };
    }

    public GrpcChannel Channel(GrpcChannelOptions? options = null)
    {
        var channel = GrpcChannel.ForAddress(Address, options ?? new GrpcChannelOptions());
        _channels.Add(channel);
        return channel;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Probe.LetGo.TrySetResult();
        foreach (var channel in _channels)
            channel.Dispose();
        await _app.DisposeAsync();
    }
}
