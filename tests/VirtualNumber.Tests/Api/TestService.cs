using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VirtualNumber.Hosting;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>
/// The service as Program.cs composes it, on free loopback ports, with a clock that the test moves. Tenants are alpha (numbers of 86
/// and 999) and beta; the gateway is gw. Reclaim runs once at start and then only when a test asks for a cycle.
/// </summary>
internal sealed class TestService : IAsyncDisposable
{
    /// <summary>The tenant most tests act as.</summary>
    public const string Alpha = "alpha";

    /// <summary>Another tenant.</summary>
    public const string Beta = "beta";

    /// <summary>The gateway.</summary>
    public const string Gateway = "gw";

    /// <summary>What the clock shows first.</summary>
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);

    private static readonly Dictionary<string, string?> s_settings = new()
    {
        ["Listen:Grpc"] = "127.0.0.1:0",
        ["Listen:Http"] = "127.0.0.1:0",
        ["Tenants:0:Id"] = Alpha,
        ["Tenants:1:Id"] = Beta,
        ["Tenants:1:DeliveredTerm"] = "1.00:00:00",
        ["Gateways:0:Id"] = Gateway,
        ["RealNumbers:AllowedCountries:0"] = "86",
        ["RealNumbers:AllowedCountries:1"] = "999",
        ["Reclaim:Interval"] = "01:00:00",
    };

    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private TestService(WebApplication app, ManualTime time, LogCollector logs)
    {
        (_app, Time, Logs) = (app, time, logs);
        // The first endpoint is the gRPC one, as Program.cs lists them.
        Address = new Uri(app.Urls.First());
        HttpAddress = new Uri(app.Urls.Last());
        _channel = OpenChannel();
        Leases = new LeaseService.LeaseServiceClient(_channel);
        Routing = new RoutingService.RoutingServiceClient(_channel);
        Ops = new OpsService.OpsServiceClient(_channel);
        Health = new Health.HealthClient(_channel);
    }

    public ManualTime Time { get; }

    public LogCollector Logs { get; }

    public Uri Address { get; }

    public Uri HttpAddress { get; }

    public LeaseService.LeaseServiceClient Leases { get; }

    public RoutingService.RoutingServiceClient Routing { get; }

    public OpsService.OpsServiceClient Ops { get; }

    public Health.HealthClient Health { get; }

    /// <summary>Starts it.</summary>
    /// <param name="decorate">Puts something before the embedded store, to make it fail or wait.</param>
    /// <param name="decorateStock">The same for the other half of the seam.</param>
    /// <param name="settings">Settings on top of those above.</param>
    public static Task<TestService> StartAsync(
        Func<INumberPool, INumberPool>? decorate = null,
        Func<INumberStock, INumberStock>? decorateStock = null,
        params IEnumerable<(string Key, string Value)> settings) =>
        StartAsync(new ManualTime(Start), decorate, decorateStock, settings);

    /// <summary>
    /// Starts it on a Redis, with a clock that shows the present and stands still: what the clocks may differ by is set so wide that
    /// no test takes as long.
    /// </summary>
    /// <param name="redis">How the client finds it.</param>
    /// <param name="keyRing">The key ring file.</param>
    /// <param name="settings">Settings on top of those above.</param>
    public static Task<TestService> StartOnRedisAsync(string redis, string keyRing, params IEnumerable<(string Key, string Value)> settings) => StartAsync(
        new ManualTime(TimeProvider.System.GetUtcNow()),
        null,
        null,
        [
            ("Redis:Configuration", redis), ("Redis:Durability", "Everysec"), ("Sealing:KeyRing", keyRing),
            ("Bounds:ClockSkew", "00:10:00"), ("Bounds:LeastAging", "01:00:00"),
            .. settings,
        ]);

    private static async Task<TestService> StartAsync(
        ManualTime time,
        Func<INumberPool, INumberPool>? decorate,
        Func<INumberStock, INumberStock>? decorateStock,
        IEnumerable<(string Key, string Value)> settings)
    {
        var logs = new LogCollector();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(s_settings);
        builder.Configuration.AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)));
        builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        var read = Settings.Read(builder.Configuration);
        builder.ListenOnLoopback(read.Listen);
        builder.LimitTransport(read.Overload);
        builder.Services
            .AddTelemetry(builder.Configuration)
            .AddRules(read)
            .AddVerbs()
            .AddApi()
            .AddSingleton<TimeProvider>(time);
        await builder.Services.AddStoreAsync(read);
        Decorate(builder.Services, decorate);
        Decorate(builder.Services, decorateStock);

        var app = builder.Build();
        app.MapApi();
        await app.StartAsync();
        return new TestService(app, time, logs);
    }

    /// <summary>A connection of its own.</summary>
    public GrpcChannel OpenChannel(GrpcChannelOptions? options = null) => GrpcChannel.ForAddress(Address, options ?? new GrpcChannelOptions());

    /// <summary>A part of the service.</summary>
    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>The one hosted service of a type.</summary>
    public T GetHosted<T>() => _app.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<T>().Single();

    /// <summary>Stops it gracefully.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.DisposeAsync();
    }

    private static void Decorate<T>(IServiceCollection services, Func<T, T>? decorate)
        where T : class
    {
        if (decorate is null)
            return;
        var inner = services.Last(service => service.ServiceType == typeof(T)).ImplementationFactory!;
        services.AddSingleton(provider => decorate((T)inner(provider)));
    }
}
