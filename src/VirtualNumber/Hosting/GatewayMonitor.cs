using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Hosting;

/// <summary>
/// Looks three times within the time after which a gateway counts as silent whether all are heard still, and says each change once in the
/// log. Each instance of the service does: none of them may be the one that is asked. A silence is told only where all looks have succeeded
/// for as long: gateways could not be heard while the store or this service was away.
/// </summary>
internal sealed partial class GatewayMonitor(
    GatewayWatch watch, CallerDirectory callers, TimeProvider time, ILogger<GatewayMonitor> logger) : BackgroundService
{
    private readonly HashSet<(string GatewayId, string InstanceId)> _silent = [];
    private readonly Dictionary<string, DateTimeOffset> _heardSince = [];
    private readonly DateTimeOffset _start = time.GetNow();
    private string? _trouble;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(watch.SilentAfter / 3, time);
        try
        {
            do
                await CheckAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    /// <summary>Looks at all gateways once; one that cannot be looked at keeps no other from being looked at.</summary>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        var failed = new List<string>();
        var cause = default(Exception);
        foreach (var gateway in callers.Gateways)
        {
            try
            {
                Tell(gateway.Id, await watch.LookAsync(gateway.Id, cancellation));
            }
            catch (Exception fault) when (!cancellation.IsCancellationRequested)
            {
                // Whatever it was: an exception that left a hosted service would stop the whole service, calls and all.
                _heardSince[gateway.Id] = time.GetNow();
                failed.Add(gateway.Id);
                cause = fault;
            }
        }

        var names = string.Join(", ", failed);
        var trouble = cause is null ? null : $"{cause.GetType()} {names}";
        if (trouble is not null && trouble != _trouble)
            Log.NotLooked(logger, cause!, names);
        _trouble = trouble;
    }

    private void Tell(string gatewayId, IReadOnlyList<InstanceHealth> instances)
    {
        var alive = instances.Count(instance => instance.IsAlive);
        var mayBeSilent = time.GetNow() - _heardSince.GetValueOrDefault(gatewayId, _start) >= watch.SilentAfter;
        foreach (var (last, isAlive) in instances)
        {
            var place = (gatewayId, last.InstanceId);
            if (isAlive ? _silent.Remove(place) : mayBeSilent && _silent.Add(place))
            {
                if (isAlive)
                    Log.Heard(logger, gatewayId, RunsOfDigits.Hide(last.InstanceId));
                else
                    Log.Silent(logger, gatewayId, RunsOfDigits.Hide(last.InstanceId), last.Time, last.CallsInProgress, alive);
            }
        }

        // What the store has forgotten is silent no more.
        _silent.RemoveWhere(place => place.GatewayId == gatewayId && instances.All(instance => instance.Last.InstanceId != place.InstanceId));
        Telemetry.Gateway(
            gatewayId, alive, instances.Count - alive, instances.Where(instance => instance.IsAlive).Sum(instance => (long)instance.Last.CallsInProgress));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Gateway {GatewayId}, instance {Instance}, is silent: its last heart-beat was at {Time:O}, with {Calls} calls in progress. Instances of the gateway that are heard: {Alive}.")]
        public static partial void Silent(ILogger logger, string gatewayId, string instance, DateTimeOffset time, int calls, int alive);

        [LoggerMessage(2, LogLevel.Warning, "Gateway {GatewayId}, instance {Instance}, is heard again.")]
        public static partial void Heard(ILogger logger, string gatewayId, string instance);

        [LoggerMessage(3, LogLevel.Warning, "Heart-beats could not be looked at, of the gateways {Gateways}; each next look tries again.")]
        public static partial void NotLooked(ILogger logger, Exception exception, string gateways);
    }
}
