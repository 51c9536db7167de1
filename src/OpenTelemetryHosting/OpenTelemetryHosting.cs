using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Extensions.Hosting.Implementation;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Adds OpenTelemetry to an application's services.</summary>
    public static class OpenTelemetryServicesExtensions
    {
        /// <summary>
        /// Makes the host start tracing, metrics and logging, as far as they are switched on through the builder. May be called again.
        /// </summary>
        /// <param name="services">The application's services.</param>
        /// <returns>The builder that switches the signals on.</returns>
        public static OpenTelemetry.OpenTelemetryBuilder AddOpenTelemetry(this IServiceCollection services)
        {
            ArgumentNullException.ThrowIfNull(services);

            // In front of the other hosted services, so that what they do while they start is seen too.
            if (!services.Any(service => service.ImplementationType == typeof(TelemetryHostedService)))
            {
                services.Insert(0, ServiceDescriptor.Singleton<IHostedService, TelemetryHostedService>());
            }

            return new(services);
        }
    }
}

namespace OpenTelemetry
{
    /// <summary>
    /// Switches OpenTelemetry's signals on in an application's services. Each method may be called again; the settings add up.
    /// </summary>
    public sealed class OpenTelemetryBuilder : IOpenTelemetryBuilder
    {
        internal OpenTelemetryBuilder(IServiceCollection services) => Services = services;

        /// <summary>The services that the signals are added to.</summary>
        public IServiceCollection Services { get; }

        /// <summary>Describes what the telemetry comes from, for all signals.</summary>
        /// <param name="configure">Adds to the resource.</param>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder ConfigureResource(Action<ResourceBuilder> configure)
        {
            OpenTelemetryBuilderSdkExtensions.ConfigureResource(this, configure);
            return this;
        }

        /// <summary>Switches metrics on.</summary>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder WithMetrics() => WithMetrics(_ => { });

        /// <summary>Switches metrics on.</summary>
        /// <param name="configure">Chooses meters, views and readers.</param>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder WithMetrics(Action<MeterProviderBuilder> configure)
        {
            OpenTelemetryBuilderSdkExtensions.WithMetrics(this, configure);
            return this;
        }

        /// <summary>Switches tracing on.</summary>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder WithTracing() => WithTracing(_ => { });

        /// <summary>Switches tracing on.</summary>
        /// <param name="configure">Chooses sources, samplers and processors.</param>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder WithTracing(Action<TracerProviderBuilder> configure)
        {
            OpenTelemetryBuilderSdkExtensions.WithTracing(this, configure);
            return this;
        }

        /// <summary>Switches logging on: log records written through ILogger are exported.</summary>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder WithLogging() => WithLogging(configureBuilder: null, configureOptions: null);

        /// <summary>Switches logging on: log records written through ILogger are exported.</summary>
        /// <param name="configure">Chooses processors.</param>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder WithLogging(Action<LoggerProviderBuilder> configure)
        {
            ArgumentNullException.ThrowIfNull(configure);
            return WithLogging(configure, configureOptions: null);
        }

        /// <summary>Switches logging on: log records written through ILogger are exported.</summary>
        /// <param name="configureBuilder">Chooses processors, if given.</param>
        /// <param name="configureOptions">Chooses what a log record includes, if given.</param>
        /// <returns>This builder.</returns>
        public OpenTelemetryBuilder WithLogging(
            Action<LoggerProviderBuilder>? configureBuilder, Action<OpenTelemetryLoggerOptions>? configureOptions)
        {
            OpenTelemetryBuilderSdkExtensions.WithLogging(this, configureBuilder, configureOptions);
            return this;
        }
    }
}

namespace OpenTelemetry.Extensions.Hosting.Implementation
{
    /// <summary>
    /// Creates the providers when the host starts: they listen from then on. They are flushed when the host is disposed, and they with it.
    /// </summary>
    internal sealed class TelemetryHostedService(IServiceProvider services) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            // Absent where the signal is not switched on.
            services.GetService<MeterProvider>();
            services.GetService<TracerProvider>();
            services.GetService<LoggerProvider>();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
