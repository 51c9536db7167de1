using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// Keeps the registry of this instance up with the others': by the message that each change is announced with, and by a timer for
/// messages that are lost.
/// </summary>
internal sealed class RegistryNews(IConnectionMultiplexer connection, RedisRegistry registry, RedisOptions options, TimeProvider time)
{
    private bool _listens;

    /// <summary>Goes on until it is cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.RegistryInterval, time);
        try
        {
            do
            {
                await ListenAsync(cancellation);
                await ReadAsync(cancellation);
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        finally
        {
            // Nobody tells of news from here on.
            registry.Doubt();
            StopListening();
        }
    }

    /// <summary>
    /// Starts to listen, if it has not. A subscription that stands is renewed by the client itself whenever it connects again, to
    /// whichever node of a cluster: a message reaches all of them.
    /// </summary>
    public async Task ListenAsync(CancellationToken cancellation)
    {
        if (_listens)
            return;
        try
        {
            // The client waits for the answer as long as it takes, a frozen Redis's too; the service's stop does not.
            var listening = connection.GetSubscriber().SubscribeAsync(Keys.RegistryChannel, Heard);
            _ = listening.ContinueWith(
                static late => _ = late.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            await listening.WaitAsync(cancellation);
            _listens = true;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // Redis is away; the next tick tries again.
        }
    }

    /// <summary>Nobody waits for the answer: Redis may be frozen, and the service stops.</summary>
    private void StopListening()
    {
        try
        {
            _ = connection.GetSubscriber().UnsubscribeAsync(Keys.RegistryChannel, Heard, CommandFlags.FireAndForget);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or ObjectDisposedException)
        {
            // It ends with the connection.
        }
    }

    private void Heard(RedisChannel channel, RedisValue version)
    {
        // What this instance has changed itself it knows.
        if (long.TryParse((string?)version, CultureInfo.InvariantCulture, out var announced) && announced > registry.Version)
        {
            registry.Doubt();
            _ = HearAsync();
        }
    }

    /// <summary>Nobody waits for this one. What it cannot read the timer meets as well, and that is heard of.</summary>
    private async Task HearAsync() =>
        await ReadAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task ReadAsync(CancellationToken cancellation)
    {
        try
        {
            await registry.RefreshAsync(cancellation);
        }
        catch (StoreUnavailableException)
        {
            // Whoever needs it asks again; readiness tells that the store is away.
        }
    }
}
