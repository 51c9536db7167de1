using Grpc.Core;
using VirtualNumber.Hosting;

namespace VirtualNumber.Api;

internal sealed partial class LeaseService
{
    /// <summary>So long before its deadline a watch ends by itself, so that its end looks like none of a broken one.</summary>
    private static readonly TimeSpan s_endsEarlier = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public override async Task WatchEvents(
        V1.WatchEventsRequest request, IServerStreamWriter<V1.WatchEventsResponse> responseStream, ServerCallContext context)
    {
        var faults = new FieldFaults();
        var tenant = rules.Tenant(request.TenantId, faults);
        RequestRules.Cursor(request, faults);
        faults.ThrowIfAny();
        using var place = streams.TryEnter(tenant.Id);
        if (place is null)
        {
            Telemetry.RequestRefused("event-of-tenant");
            throw StatusMap.Overloaded();
        }

        var watch = events.Open(tenant.Id, request.Cursor, request.FromOldest) ?? throw StatusMap.CursorInvalid();

        using var timer = new CancellationTokenSource();
        if (context.UserState.TryGetValue(CallDeadline.StreamTime, out var lasts) && (TimeSpan)lasts is var time)
            timer.CancelAfter(time > s_endsEarlier ? time - s_endsEarlier : TimeSpan.Zero);
        // The first message comes whatever the deadline.
        using var begin = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping, timer.Token);
        try
        {
            for (var token = begin.Token; ; token = end.Token)
            {
                var message = new V1.WatchEventsResponse();
                message.Events.AddRange((await watch.ReadAsync(token) ?? throw StatusMap.EventsGone()).Select(each => each.ToMessage(events)));
                message.Cursor = watch.Cursor;
                await responseStream.WriteAsync(message);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested)
                throw StatusMap.Stopping();
        }
    }
}
