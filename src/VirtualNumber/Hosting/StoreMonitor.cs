using System.Runtime.CompilerServices;
using VirtualNumber.Api;
using VirtualNumber.Protocol;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Hosting;

/// <summary>
/// Asks the store once a second whether it is there, and says so in gRPC health and in /readyz. A service that stops says
/// NOT_SERVING first, so that nobody sends it new calls.
/// </summary>
internal sealed partial class StoreMonitor(
    INumberPool pool,
    ServingStatuses statuses,
    IReadOnlyList<string> services,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<StoreMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>Null until the store was asked the first time. A reference, so that it is read and written whole.</summary>
    private volatile StrongBox<bool>? _serving;

    /// <summary>Whether the store answered the last time, and the service is not stopping.</summary>
    public bool IsServing => _serving?.Value == true && !lifetime.ApplicationStopping.IsCancellationRequested;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Judged before the first call is taken.
        await CheckAsync(cancellationToken);
        lifetime.ApplicationStopping.Register(() => SetAll(ServingStatus.NotServing));
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await CheckAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    /// <summary>Asks once. A store that does not answer within the interval is away.</summary>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        var serving = await AnswersAsync(cancellation);
        if (_serving?.Value == serving || lifetime.ApplicationStopping.IsCancellationRequested)
            return;
        if (_serving is not null || !serving)
            Log.Changed(logger, serving ? "is there again" : "is away");
        _serving = new StrongBox<bool>(serving);
        SetAll(serving ? ServingStatus.Serving : ServingStatus.NotServing);
        // The stop may have come in between; it has the last word.
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            SetAll(ServingStatus.NotServing);
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_interval);
        try
        {
            await pool.PingAsync(limit.Token);
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private void SetAll(ServingStatus status)
    {
        statuses.Set("", status);
        foreach (var service in services)
            statuses.Set(service, status);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The store {Change}.")]
        public static partial void Changed(ILogger logger, string change);
    }
}
