using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace VirtualNumber.Tests.OpenTelemetryHosting;

/// <summary>Uses the official surface only, so that it runs unchanged on the official package.</summary>
public class OpenTelemetryHostingTests
{
    // Longer than any test: what is exported was flushed.
    private const int OneHour = 3_600_000;

    [Test]
    public async Task Spans_metrics_and_logs_are_exported_when_the_host_ends()
    {
        var spans = new Kept<Activity>(span => $"{span.DisplayName}={span.GetTagItem("answer")}");
        var metrics = new Kept<Metric>(metric => $"{metric.Name}={Sum(metric)}");
        var logs = new Kept<LogRecord>(log => log.FormattedMessage ?? "");
        using var source = new ActivitySource("test.export");
        using var meter = new Meter("test.export");
        var host = Build(services => services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("masking", serviceVersion: "1.2.3"))
            .WithTracing(tracing => tracing.AddSource(source.Name)
                .AddProcessor(new BatchActivityExportProcessor(spans, scheduledDelayMilliseconds: OneHour)))
            .WithMetrics(metering => metering.AddMeter(meter.Name).AddReader(new PeriodicExportingMetricReader(metrics, OneHour)))
            .WithLogging(
                logging => logging.AddProcessor(new BatchLogRecordExportProcessor(logs, scheduledDelayMilliseconds: OneHour)),
                options => options.IncludeFormattedMessage = true));
        await host.StartAsync();

        using (var span = source.StartActivity("resolve"))
        {
            span?.SetTag("answer", "CONNECT");
        }

        meter.CreateCounter<long>("calls").Add(3);
        host.Services.GetRequiredService<ILogger<OpenTelemetryHostingTests>>().LogInformation("7 slots reclaimed");
        await host.StopAsync();
        var early = spans.Items.Concat(metrics.Items).Concat(logs.Items).ToList();
        host.Dispose();

        Assert.That(early, Is.Empty);
        Assert.That(spans.Items, Is.EqualTo(new[] { "resolve=CONNECT" }));
        Assert.That(metrics.Items, Is.EqualTo(new[] { "calls=3" }));
        Assert.That(logs.Items, Does.Contain("7 slots reclaimed"));
        foreach (var resource in new[] { spans.Resource, metrics.Resource, logs.Resource })
        {
            Assert.That(resource, Does.Contain("service.name=masking").And.Contain("service.version=1.2.3"));
        }
    }

    [Test]
    public async Task What_other_services_do_while_starting_is_seen()
    {
        var spans = new Kept<Activity>(span => span.DisplayName);
        using var source = new ActivitySource("test.order");
        using (var host = Build(services =>
        {
            services.AddHostedService(_ => new Starter(source));
            services.AddOpenTelemetry()
                .WithTracing(tracing => tracing.AddSource(source.Name).AddProcessor(new SimpleActivityExportProcessor(spans)));
        }))
        {
            await host.StartAsync();
        }

        Assert.That(spans.Items, Is.EqualTo(new[] { "start" }));
    }

    [Test]
    public async Task Repeated_calls_add_up_to_one_provider()
    {
        var spans = new Kept<Activity>(span => span.DisplayName);
        using var first = new ActivitySource("test.first");
        using var second = new ActivitySource("test.second");
        using (var host = Build(services =>
        {
            services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource(first.Name));
            services.AddOpenTelemetry()
                .WithTracing(tracing => tracing.AddSource(second.Name).AddProcessor(new SimpleActivityExportProcessor(spans)));
        }))
        {
            await host.StartAsync();
            Assert.That(host.Services.GetServices<TracerProvider>().Count(), Is.EqualTo(1));
            Assert.That(host.Services.GetServices<IHostedService>().Count(), Is.EqualTo(1));
            first.StartActivity("a")?.Dispose();
            second.StartActivity("b")?.Dispose();
        }

        Assert.That(spans.Items, Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public async Task Signals_that_are_not_switched_on_are_absent()
    {
        using var host = Build(services => services.AddOpenTelemetry().WithMetrics());
        await host.StartAsync();
        Assert.That(host.Services.GetService<MeterProvider>(), Is.Not.Null);
        Assert.That(host.Services.GetService<TracerProvider>(), Is.Null);
        Assert.That(host.Services.GetService<LoggerProvider>(), Is.Null);
    }

    [Test]
    public void Builder_is_the_official_one_in_name_and_chain()
    {
        var services = new ServiceCollection();
        OpenTelemetryBuilder builder = services.AddOpenTelemetry();
        Assert.That(builder, Is.InstanceOf<IOpenTelemetryBuilder>());
        Assert.That(builder.Services, Is.SameAs(services));
        var chained = builder.ConfigureResource(_ => { }).WithTracing().WithMetrics().WithLogging().WithLogging(_ => { });
        Assert.That(chained, Is.SameAs(builder));
    }

    private static IHost Build(Action<IServiceCollection> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        configure(builder.Services);
        return builder.Build();
    }

    private static long Sum(Metric metric)
    {
        var sum = 0L;
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            sum += point.GetSumLong();
        }

        return sum;
    }

    /// <summary>Keeps what is exported as text at once, since the SDK uses the exported objects again.</summary>
    private sealed class Kept<T>(Func<T, string> show) : BaseExporter<T>
        where T : class
    {
        public ConcurrentQueue<string> Items { get; } = [];

        public string Resource { get; private set; } = "";

        public override ExportResult Export(in Batch<T> batch)
        {
            Resource = string.Join(' ', ParentProvider.GetResource().Attributes.Select(attribute => $"{attribute.Key}={attribute.Value}"));
            foreach (var item in batch)
            {
                Items.Enqueue(show(item));
            }

            return ExportResult.Success;
        }
    }

    private sealed class Starter(ActivitySource source) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            source.StartActivity("start")?.Dispose();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
