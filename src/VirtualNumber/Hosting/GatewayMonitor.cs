using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Hosting;

/// <summary>
/// Looks three times within the time after which a gateway counts as silent whether all are heard still, and says each change once in the
/// log. Each instance of the service does: none of them may be the one that is asked.
/// </summary>
internal sealed partial class GatewayMonitor(
    GatewayWatch watch, CallerDirectory callers, TimeProvider time, ILogger<GatewayMonitor> logger) : BackgroundService
{
    private readonly HashSet<(string GatewayId, string InstanceId)> _silent = [];
    private Type? _fault;

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

    /// <summary>Looks at all gateways once.</summary>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        try
        {
            foreach (var gateway in callers.Gateways)
                Tell(gateway.Id, await watch.LookAsync(gateway.Id, cancellation));
            _fault = null;
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            // Whatever it was: an exception that left a hosted service would stop the whole service, calls and all.
            if (fault.GetType() != _fault)
                Log.NotLooked(logger, fault);
            _fault = fault.GetType();
        }
    }

    private void Tell(string gatewayId, IReadOnlyList<InstanceHealth> instances)
    {
        var alive = instances.Count(instance => instance.IsAlive);
        foreach (var (last, isAlive) in instances)
        {
            var place = (gatewayId, last.InstanceId);
            if (isAlive ? _silent.Remove(place) : _silent.Add(place))
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

        [LoggerMessage(3, LogLevel.Warning, "The gateways' heart-beats could not be looked at; each next look tries again.")]
        public static partial void NotLooked(ILogger logger, Exception exception);
    }
}
