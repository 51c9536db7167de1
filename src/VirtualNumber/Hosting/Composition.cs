using OpenTelemetry;
using OpenTelemetry.Resources;
using StackExchange.Redis;
using VirtualNumber.Api;
using VirtualNumber.Http;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;
using VirtualNumber.Webhooks;

namespace VirtualNumber.Hosting;

/// <summary>The parts of the service, a method each, as Program.cs lists them.</summary>
internal static partial class Composition
{
    /// <summary>The services of the public document, and the descriptors that reflection answers.</summary>
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor[] s_services =
    [
        V1.LeaseService.Descriptor,
        V1.RoutingService.Descriptor,
        V1.OpsService.Descriptor,
        Grpc.Health.V1.Health.Descriptor,
        Grpc.Reflection.V1.ServerReflection.Descriptor,
    ];

    private static readonly string[] s_pages = ["/healthz", "/readyz", "/openapi.json"];

    /// <summary>The field's rules: terms, real numbers, tenants and gateways.</summary>
    public static IServiceCollection AddRules(this IServiceCollection services, Settings settings) => services
        .AddSingleton(TimeProvider.System)
        .AddSingleton<IRandomSource>(CryptographicRandom.Instance)
        .AddSingleton(settings.Bounds)
        .AddSingleton(settings.Reclaim)
        .AddSingleton(new LeaseTerms(settings.Leasing))
        .AddSingleton(new RealNumberRules(settings.RealNumbers))
        .AddSingleton(settings.Guessing)
        .AddSingleton(settings.GatewayHealth)
        .AddSingleton(settings.NumberHealth)
        .AddSingleton(settings.Calls)
        .AddSingleton(settings.Overload)
        .AddSingleton(settings.Events)
        .AddSingleton(settings.Webhooks)
        .AddSingleton(settings.HttpJson)
        .AddSingleton(new TenantQuotas(settings.Tenants.ToDictionary(
            tenant => tenant.Id, tenant => new LeaseQuota(tenant.LiveLeaseLimit, tenant.LeasesPerMinuteLimit), StringComparer.Ordinal)))
        .AddSingleton(new CallerDirectory(settings.Tenants, settings.Gateways));

    /// <summary>The store: Redis when one is configured, else the embedded one.</summary>
    /// <exception cref="StartRefusedException">There is a Redis, but no key ring that can be used.</exception>
    public static async Task AddStoreAsync(this IServiceCollection services, Settings settings)
    {
        if (settings.Redis.IsUsed)
            services.AddRedisStore(settings, OpenKeyRing(settings.Sealing), await RedisConnection.ConnectAsync(settings.Redis.Configuration));
        else
            services.AddEmbeddedStore();
    }

    /// <summary>The Redis store, barred until the first look at it has found that this instance may work there.</summary>
    private static void AddRedisStore(this IServiceCollection services, Settings settings, KeyRing ring, ConnectionMultiplexer connection) => services
        // By factories, so that they are disposed with the service.
        .AddSingleton(_ => ring)
        .AddSingleton<IConnectionMultiplexer>(_ => connection)
        .AddSingleton(settings.Redis)
        .AddReplicatedWrites(settings.Redis)
        .AddSingleton(provider => new RedisCalls(
            provider.GetRequiredService<IConnectionMultiplexer>(),
            settings.Redis,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ReplicatedWrites>())
        {
            Barred = "Redis has not answered this instance yet.",
        })
        .AddSingleton<DurabilityCheck>()
        .AddSingleton<RedisCheck>()
        .AddSingleton<RedisDiagnosis>()
        .AddSingleton<ClusterMajority>()
        .AddSingleton<RedisRegistry>()
        .AddSingleton<RegistryNews>()
        .AddSingleton<RedisStore>()
        .AddSingleton<INumberPool>(provider => provider.GetRequiredService<RedisStore>())
        .AddSingleton<INumberStock>(provider => provider.GetRequiredService<RedisStore>())
        .AddSingleton<IEventStore>(provider => provider.GetRequiredService<RedisStore>())
        .AddSingleton<IPushStore>(provider => provider.GetRequiredService<RedisStore>())
        .AddHostedService<RegistryFollower>();

    private static IServiceCollection AddReplicatedWrites(this IServiceCollection services, RedisOptions options) =>
        options.Durability == DurabilityLevel.Replicated
            ? services.AddSingleton(provider => new ReplicatedWrites(
                provider.GetRequiredService<IConnectionMultiplexer>(), options, provider.GetRequiredService<TimeProvider>()))
            : services;

    private static KeyRing OpenKeyRing(SealingOptions options)
    {
        try
        {
            return KeyRingFile.Load(options.KeyRing);
        }
        catch (KeyRingException fault)
        {
            var remedy = Path.Exists(options.KeyRing)
                ? ""
                : $" Copy the one of the other instances there or, for an empty Redis, make one with the command: keys create {options.KeyRing}";
            throw new StartRefusedException($"{fault.Message} What is in Redis is sealed with the key ring that Sealing:KeyRing names.{remedy}");
        }
    }

    /// <summary>The embedded store. It forgets everything on exit, so its keys need not outlive it either.</summary>
    private static void AddEmbeddedStore(this IServiceCollection services) => services
        .AddSingleton(_ => KeyRing.CreateThrowAway())
        .AddSingleton(provider => new EmbeddedStore(provider.GetRequiredService<ProtocolBounds>(), LogBounds.WithEvents))
        .AddSingleton<INumberPool>(provider => provider.GetRequiredService<EmbeddedStore>())
        .AddSingleton<INumberStock>(provider => provider.GetRequiredService<EmbeddedStore>())
        .AddSingleton<IEventStore>(provider => provider.GetRequiredService<EmbeddedStore>())
        .AddSingleton<IPushStore>(provider => provider.GetRequiredService<EmbeddedStore>());

    /// <summary>The verbs over whichever store there is, sealing, and Reclaim.</summary>
    public static IServiceCollection AddVerbs(this IServiceCollection services) => services
        .AddSingleton<NumberSealer>()
        .AddSingleton<BlindIndex>()
        .AddSingleton<LeaseIdCodec>()
        .AddSingleton<TokenSealer>()
        .AddSingleton<PageTokens>()
        .AddSingleton<LeaseQuotas>()
        .AddSingleton<GuessGuard>()
        .AddSingleton<GatewayWatch>()
        .AddSingleton<LeaseVerbs>()
        .AddSingleton<EventStreams>()
        .AddSingleton<WebhookList>()
        .AddSingleton(provider => new ParkedPushes(
            provider.GetRequiredService<IPushStore>(),
            provider.GetRequiredService<EventStreams>(),
            provider.GetRequiredService<IReadOnlyList<WebhookOptions>>().Select(webhook => (webhook.TenantId, webhook.Id)).ToHashSet()))
        .AddHostedService<WebhookDispatcher>()
        .AddHostedService<Reclaimer>()
        .AddHostedService<EventForwarder>();

    /// <summary>gRPC, health and reflection, and the door for HTTP with JSON.</summary>
    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = RequestRules.LargestMessage;
            options.Interceptors.Add<FaultInterceptor>();
        });
        return services
            .AddSingleton<CallShares>()
            .AddSingleton<TenantStreams>()
            .AddSingleton<FaultInterceptor>()
            .AddSingleton<RequestRules>()
            .AddSingleton<LeaseService>()
            .AddSingleton<RoutingService>()
            .AddSingleton<OpsService>()
            .AddSingleton(OpenHttpDoor)
            .AddSingleton<IHttpContextFactory, DiscreetContextFactory>()
            .AddSingleton<HealthService>()
            .AddSingleton(new ReflectionCatalog(s_services))
            .AddSingleton<ReflectionService>()
            .AddSingleton<ServingStatuses>()
            .AddSingleton<IReadOnlyList<string>>([.. s_services.Select(service => service.FullName)])
            .AddSingleton<StoreMonitor>()
            .AddHostedService(provider => provider.GetRequiredService<StoreMonitor>())
            .AddHostedService<GatewayMonitor>()
            .AddHostedService<UnobservedTasks>();
    }

    private static HttpRoutes OpenHttpDoor(IServiceProvider provider)
    {
        var shares = provider.GetRequiredService<CallShares>();
        return HttpDoor.Open(
            [
                new(V1.LeaseService.Descriptor, binder => V1.LeaseService.BindService(binder, provider.GetRequiredService<LeaseService>()), shares.Verbs, shares.Events),
                new(V1.RoutingService.Descriptor, binder => V1.RoutingService.BindService(binder, provider.GetRequiredService<RoutingService>()), shares.Verbs, shares.LookUps, shares.Beats),
            ],
            [.. s_pages, .. s_services.SelectMany(service => service.Methods.Select(method => $"/{service.FullName}/{method.Name}"))],
            provider.GetRequiredService<HttpJsonOptions>(),
            provider.GetRequiredService<FaultInterceptor>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>());
    }

    /// <summary>Traces, metrics and logs; exported by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT says where to.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        // With nobody to tell, recording every call's span would only cost; the meters are there for local tools all the same. The host
        // makes a span also where its log might want the id of it.
        if (string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None));

        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("virtual-number"))
            .WithTracing(tracing => tracing.AddSource("Microsoft.AspNetCore", Telemetry.Name))
            .WithMetrics(metrics => metrics.AddMeter(
                Telemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"))
            .WithLogging()
            .UseOtlpExporter();
        return services;
    }

    /// <summary>The routes: gRPC on its port; HTTP with JSON, liveness and readiness on the HTTP/1.1 port.</summary>
    public static void MapApi(this WebApplication app)
    {
        var shares = app.Services.GetRequiredService<CallShares>();
        app.UseHttpRoutes();
        app.UseRouting();
        app.UseMiddleware<CallAdmission>();
        app.MapGrpcService<LeaseService>().WithMetadata(shares.Verbs, shares.Events);
        app.MapGrpcService<RoutingService>().WithMetadata(shares.Verbs, shares.LookUps, shares.Beats);
        app.MapGrpcService<OpsService>().WithMetadata(shares.Verbs);
        app.MapGrpcService<HealthService>().WithMetadata(shares.Watches);
        app.MapGrpcService<ReflectionService>().WithMetadata(shares.Reflections);

        var openApi = OpenApiDocument.Make(app.Services.GetRequiredService<HttpRoutes>().Routes.Select(route => route.Binding));
        app.MapGet("/openapi.json", () => Results.Text(openApi, JsonAnswer.MediaType));
        app.MapGet("/healthz", () => Results.Text("alive\n"));
        app.MapGet("/readyz", (StoreMonitor monitor) => monitor.IsServing
            ? Results.Text($"ready\n{(monitor.Reason is { Length: > 0 } reason ? $"{reason}\n" : "")}")
            : Results.Text($"{monitor.Reason}\n", statusCode: StatusCodes.Status503ServiceUnavailable));
    }

    /// <summary>Says what the embedded store does not promise, if it is the one.</summary>
    public static void WarnOfEmbeddedStore(this WebApplication app)
    {
        if (app.Services.GetService<EmbeddedStore>() is not null)
            Log.Embedded(app.Logger);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The embedded store keeps everything in memory and forgets it on exit, its throw-away key ring too. Use it to try the service, not to run it.")]
        public static partial void Embedded(ILogger logger);
    }
}
