namespace VirtualNumber.Protocol;

/// <summary>Work in the background, cycle after cycle at a pace of its own, until the service stops. A cycle sees to its faults itself.</summary>
/// <param name="interval">How long it rests between two cycles.</param>
/// <param name="time">The clock of its rests.</param>
internal abstract class CyclicService(TimeSpan interval, TimeProvider time) : BackgroundService
{
    protected TimeProvider Time => time;

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await CycleAsync(stoppingToken);
                await Task.Delay(interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    protected abstract Task CycleAsync(CancellationToken stopping);
}
