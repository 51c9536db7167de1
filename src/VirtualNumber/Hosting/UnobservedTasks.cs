namespace VirtualNumber.Hosting;

/// <summary>
/// Tells of tasks whose failure nobody has looked at: each is a fault of this service, since whoever starts something has to know how it
/// ended. The runtime would pass over them in silence.
/// </summary>
internal sealed partial class UnobservedTasks(ILogger<UnobservedTasks> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException += Tell;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException -= Tell;
        return Task.CompletedTask;
    }

    private void Tell(object? sender, UnobservedTaskExceptionEventArgs unobserved)
    {
        Telemetry.UnobservedTask();
        Log.Unobserved(logger, unobserved.Exception);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A task failed and nobody looked at it.")]
        public static partial void Unobserved(ILogger logger, Exception exception);
    }
}
