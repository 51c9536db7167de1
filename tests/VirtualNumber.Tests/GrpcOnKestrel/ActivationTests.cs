using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Where services come from, call by call.</summary>
[TestFixture]
public sealed class ActivationTests
{
    [Test]
    public async Task A_service_that_is_not_registered_is_made_for_each_call_and_disposed_of()
    {
        var answers = await CallTwiceAsync(services => services.AddSingleton<Dependency>());
        Assert.That(answers, Is.EqualTo(new[] { "service 1 dependency 1", "service 2 dependency 1" }));
    }

    [Test]
    public async Task Scoped_dependencies_are_made_for_each_call()
    {
        var answers = await CallTwiceAsync(services => services.AddScoped<Dependency>());
        Assert.That(answers, Is.EqualTo(new[] { "service 1 dependency 1", "service 2 dependency 2" }));
    }

    [Test]
    public async Task A_singleton_service_is_made_once()
    {
        var answers = await CallTwiceAsync(services => services.AddSingleton<Dependency>().AddSingleton<Service>(), disposals: 0);
        Assert.That(answers, Is.EqualTo(new[] { "service 1 dependency 1", "service 1 dependency 1" }));
    }

    [Test]
    public async Task A_scoped_service_is_made_for_each_call()
    {
        var answers = await CallTwiceAsync(services => services.AddSingleton<Dependency>().AddScoped<Service>());
        Assert.That(answers, Is.EqualTo(new[] { "service 1 dependency 1", "service 2 dependency 1" }));
    }

    [Test]
    public async Task Mapping_without_AddGrpc_says_what_is_missing()
    {
        await using var app = WebApplication.CreateSlimBuilder().Build();
        Assert.That(() => app.MapGrpcService<Service>(), Throws.InvalidOperationException.With.Message.Contains("AddGrpc"));
    }

    private static async Task<string[]> CallTwiceAsync(Action<IServiceCollection> register, int disposals = 2)
    {
        var counts = new Counts();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(counts);
        builder.Services.AddGrpc();
        register(builder.Services);
        await using var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync();
        using var channel = global::Grpc.Net.Client.GrpcChannel.ForAddress(app.Urls.Single());
        var client = new EchoService.EchoServiceClient(channel);
        string[] answers = [(await client.EchoAsync(new EchoRequest())).Text, (await client.EchoAsync(new EchoRequest())).Text];
        // A scope may end a little after its answer; stopping waits for that.
        await app.StopAsync();
        Assert.That(counts.Disposed, Is.EqualTo(disposals));
        return answers;
    }

    public sealed class Counts
    {
        private int _services;
        private int _dependencies;
        private int _disposed;

        public int Disposed => Volatile.Read(ref _disposed);

        public int NextService() => Interlocked.Increment(ref _services);

        public int NextDependency() => Interlocked.Increment(ref _dependencies);

        public void CountDisposed() => Interlocked.Increment(ref _disposed);
    }

    public sealed class Dependency(Counts counts)
    {
        public int Number { get; } = counts.NextDependency();
    }

    public sealed class Service(Counts counts, Dependency dependency) : EchoService.EchoServiceBase, IDisposable
    {
        private readonly int _number = counts.NextService();

        public override Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context) =>
            Task.FromResult(new EchoResponse { Text = $"service {_number} dependency {dependency.Number}" });

        public void Dispose() => counts.CountDisposed();
    }
}
