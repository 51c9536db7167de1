using VirtualNumber.Api;
using VirtualNumber.Protocol;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Hosting;

/// <summary>
/// Asks the store once a second whether it is there and what it finds wrong with this instance, and says so in gRPC health, in /readyz
/// and, at each change, in the log. A service that stops says NOT_SERVING first, so that nobody sends it new calls.
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

    /// <summary>What was said of a store that is away; null while it is there.</summary>
    private string? _away;
    private IReadOnlyList<StoreFinding> _findings = [];

    /// <summary>Null until the store was asked the first time. A reference, so that it is read and written whole.</summary>
    private volatile State? _state;

    /// <summary>Whether the store answered the last time and lets this instance work, and the service is not stopping.</summary>
    public bool IsServing => _state?.Serving == true && !lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Why the instance does not serve, or what is wrong although it does; empty when nothing is.</summary>
    public string Reason => _state is { } state && !lifetime.ApplicationStopping.IsCancellationRequested ? state.Reason : "the service is stopping";

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
        var (findings, fault) = await AskAsync(cancellation);
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return;
        var barring = findings?.FirstOrDefault(finding => finding.Bars);
        var state = new State(
            findings is not null && barring is null,
            findings is null ? $"the store is away: {Describe(fault)}" : barring?.Text ?? string.Join('\n', findings.Select(finding => finding.Text)));
        Tell(findings, fault);

        var before = _state;
        _state = state;
        if (before?.Serving == state.Serving)
            return;
        SetAll(state.Serving ? ServingStatus.Serving : ServingStatus.NotServing);
        // The stop may have come in between; it has the last word.
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            SetAll(ServingStatus.NotServing);
    }

    /// <summary>Findings are null when the store does not answer.</summary>
    private async Task<(IReadOnlyList<StoreFinding>? Findings, Exception? Fault)> AskAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_interval);
        try
        {
            return (await pool.PingAsync(limit.Token), null);
        }
        // Whatever it is: a check that fails as nobody foresaw would end a service that could go on.
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return (null, exception);
        }
    }

    /// <summary>Once per change: what is away or wrong would fill the log otherwise.</summary>
    private void Tell(IReadOnlyList<StoreFinding>? findings, Exception? fault)
    {
        // Another cause is another change: a Redis that is started again with a wrong certificate, say.
        var away = findings is null ? Describe(fault) : null;
        if (away is not null && away != _away)
            Log.Away(logger, away, fault);
        else if (away is null && _away is not null)
            Log.There(logger);
        _away = away;
        if (findings is null)
            return;

        foreach (var finding in findings.ExceptBy(_findings.Select(known => known.Key), finding => finding.Key))
        {
            if (finding.Bars)
                Log.Barred(logger, finding.Text);
            else
                Log.Found(logger, finding.Text);
        }

        foreach (var finding in findings)
            Telemetry.StoreFinding(finding.Kind, found: true);
        foreach (var gone in _findings.ExceptBy(findings.Select(finding => finding.Kind), finding => finding.Kind))
        {
            Log.Gone(logger, gone.Kind);
            Telemetry.StoreFinding(gone.Kind, found: false);
        }

        _findings = findings;
    }

    private static string Describe(Exception? fault) =>
        fault is StoreUnavailableException { Finding: { } finding } ? finding : fault is OperationCanceledException ? "It does not answer." : "See the log.";

    private void SetAll(ServingStatus status)
    {
        statuses.Set("", status);
        foreach (var service in services)
            statuses.Set(service, status);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The store is away. {Finding}")]
        public static partial void Away(ILogger logger, string finding, Exception? cause);

        [LoggerMessage(2, LogLevel.Warning, "The store is there again.")]
        public static partial void There(ILogger logger);

        [LoggerMessage(3, LogLevel.Error, "This instance does not serve. {Finding}")]
        public static partial void Barred(ILogger logger, string finding);

        [LoggerMessage(4, LogLevel.Warning, "{Finding}")]
        public static partial void Found(ILogger logger, string finding);

        [LoggerMessage(5, LogLevel.Warning, "This is over: {Kind}.")]
        public static partial void Gone(ILogger logger, StoreFindingKind kind);
    }

    private sealed record State(bool Serving, string Reason);
}
