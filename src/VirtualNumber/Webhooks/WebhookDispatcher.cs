using System.Collections.Concurrent;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Webhooks;

/// <summary>
/// Pushes events to webhooks, each for itself, so that a slow one keeps no other waiting. Every instance does so: whoever claims a push sends it,
/// and if he does not end it, somebody else claims it when its time is over.
/// </summary>
internal sealed partial class WebhookDispatcher(
    WebhookList webhooks, IPushStore store, EventOptions options, TimeProvider time, ILogger<WebhookDispatcher> logger) : BackgroundService
{
    /// <summary>So many pushes to one webhook are sent at once.</summary>
    private const int MostAtOnce = 4;

    /// <summary>Beyond the time in which an answer is waited for.</summary>
    private static readonly TimeSpan s_endsWithin = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Webhook, State> _states = new();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(webhooks.All.Select(webhook => DispatchAsync(webhook, stoppingToken)));

    private async Task DispatchAsync(Webhook webhook, CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                if (await RunRoundAsync(webhook, stopping) == 0)
                    await Task.Delay(options.Interval, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    /// <summary>One round for one webhook; answers how many pushes were sent. It may run at any time beside others.</summary>
    public async Task<int> RunRoundAsync(Webhook webhook, CancellationToken stopping)
    {
        var state = _states.GetOrAdd(webhook, _ => new State());
        try
        {
            var sent = await RunRoundAsync(webhook, state, stopping);
            Tell(webhook.Options, state, null);
            return sent;
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            // Whatever it was: an exception that left a hosted service would stop the whole service, calls and all.
            Tell(webhook.Options, state, fault);
            return 0;
        }
    }

    private async Task<int> RunRoundAsync(Webhook webhook, State state, CancellationToken stopping)
    {
        var about = webhook.Options;
        var claimed = await store.ClaimPushesAsync(
            new(webhook.Queue, about.MostOutstanding, about.MostParked, about.MostPerPush, MostAtOnce, about.Timeout + s_endsWithin), time.GetNow(), stopping);
        Telemetry.WebhookStands(about.TenantId, about.Id, claimed.Outstanding, claimed.Parked);
        if (claimed.Lost)
            Log.Lost(logger, about.Id, about.TenantId);
        var isFull = claimed.Waiting && (claimed.Outstanding >= about.MostOutstanding || claimed.Parked >= about.MostParked);
        if (isFull && !state.IsFull)
            Log.Full(logger, about.Id, about.TenantId, claimed.Outstanding, claimed.Parked, options.Kept);
        state.IsFull = isFull;
        await Task.WhenAll(claimed.Pushes.Select(push => SendAsync(webhook, push, stopping)));
        return claimed.Pushes.Count;
    }

    private async Task SendAsync(Webhook webhook, Push push, CancellationToken stopping)
    {
        var (id, tenant) = (webhook.Options.Id, webhook.Options.TenantId);
        var fault = await webhook.SendAsync(push, stopping);
        var now = time.GetNow();
        var retries = webhook.Options.Retries;
        DateTimeOffset? retry = push.Failures < retries.Count ? now + retries[push.Failures] : null;
        var ended = await store.EndPushAsync(new(webhook.Queue, push.Id, push.Claim, fault, retry), now, stopping);
        var isParked = fault != PushFault.None && retry is null && ended;
        Telemetry.Pushed(tenant, id, fault == PushFault.None ? "taken" : isParked ? "parked" : "refused");
        if (isParked)
            Log.Parked(logger, id, tenant, push.Id, push.Failures + 1, fault.Describe());
        else if (fault != PushFault.None)
            Log.Refused(logger, id, tenant, push.Id, fault.Describe());
    }

    private void Tell(WebhookOptions webhook, State state, Exception? fault)
    {
        if (!state.News.IsNews(fault))
            return;
        if (fault is null)
            Log.Works(logger, webhook.Id, webhook.TenantId);
        else
            Log.Failed(logger, webhook.Id, webhook.TenantId, fault);
    }

    /// <summary>What was told of a webhook.</summary>
    private sealed class State
    {
        public FaultNews News { get; } = new();

        public bool IsFull { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Push {Push} to webhook {Webhook} of tenant {TenantId} is parked after {Attempts} tries, the last one: {Fault}. OpsService.ListParkedPushes lists what is parked, RetryParkedPushes sends it again.")]
        public static partial void Parked(ILogger logger, string webhook, string tenantId, string push, int attempts, string fault);

        [LoggerMessage(2, LogLevel.Information, "Push {Push} to webhook {Webhook} of tenant {TenantId} was not taken: {Fault}. It is tried again later.")]
        public static partial void Refused(ILogger logger, string webhook, string tenantId, string push, string fault);

        [LoggerMessage(3, LogLevel.Warning, "No push to webhook {Webhook} of tenant {TenantId} is made for now: {Outstanding} are not taken, {Parked} are parked. Events wait in the stream, and are kept there for {Kept} at most.")]
        public static partial void Full(ILogger logger, string webhook, string tenantId, int outstanding, int parked, TimeSpan kept);

        [LoggerMessage(4, LogLevel.Error, "Events went out of the stream before a push to webhook {Webhook} of tenant {TenantId} was made of them; EVENTS_LOST tells it.")]
        public static partial void Lost(ILogger logger, string webhook, string tenantId);

        [LoggerMessage(5, LogLevel.Warning, "Pushes to webhook {Webhook} of tenant {TenantId} cannot be made for now; none is lost, it is tried again, and it is said when it works.")]
        public static partial void Failed(ILogger logger, string webhook, string tenantId, Exception exception);

        [LoggerMessage(6, LogLevel.Warning, "Pushes to webhook {Webhook} of tenant {TenantId} are made again.")]
        public static partial void Works(ILogger logger, string webhook, string tenantId);
    }
}
