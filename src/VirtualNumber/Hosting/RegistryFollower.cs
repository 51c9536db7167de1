using VirtualNumber.Redis;

namespace VirtualNumber.Hosting;

/// <summary>Follows the registry that several instances share, as long as the service runs.</summary>
internal sealed partial class RegistryFollower(RegistryNews news, ILogger<RegistryFollower> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await news.FollowAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
        catch (Exception exception)
        {
            // A change that cannot be read would stop the service otherwise, look-ups of what is known and all.
            Log.Failed(logger, exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The registry of pools and blocks cannot be followed any more; what others change is read only when it is asked for, and calls wait for that.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
