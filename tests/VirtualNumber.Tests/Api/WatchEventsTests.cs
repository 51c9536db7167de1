using System.Diagnostics;
using Grpc.Core;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class WatchEventsTests : ApiTests
{
    /// <summary>More than any other test here opens: a watch that was closed holds its place a moment longer.</summary>
    private const int PlacesOfTenant = 8;

    private const int Places = PlacesOfTenant + 1;

    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(settings:
    [
        ("Events:Interval", "00:00:00.02"), ("Events:HeartBeat", "00:00:01"),
        ("Overload:Streams", $"{Places}"), ("Overload:StreamsPerTenant", $"{PlacesOfTenant}"),
    ]);

    [Test]
    public async Task What_happens_to_a_lease_is_told_with_its_id_and_epoch_and_no_number()
    {
        using var watch = Leases.WatchEvents(Request());
        Assert.That((await NextAsync(watch)).Events, Is.Empty);

        var lease = await LeaseAsync();
        Service.Time.Advance(TimeSpan.FromSeconds(1));
        await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId));
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId));
        await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.PickedUp, Now));
        await Leases.ReleaseLeaseAsync(new ReleaseLeaseRequest { TenantId = TestService.Alpha, LeaseId = lease.LeaseId });

        var (events, text) = await ReadAsync(watch, 5);
        Assert.That(
            events.Select(each => each.Kind),
            Is.EqualTo(new[] { LeaseEventKind.Leased, LeaseEventKind.Extended, LeaseEventKind.Reassigned, LeaseEventKind.StatusReported, LeaseEventKind.Released }));
        Assert.That(events.Select(each => (each.LeaseId, each.Epoch)), Has.All.EqualTo((lease.LeaseId, lease.Epoch)));
        Assert.That(events.Select(each => each.EventTime.ToDateTimeOffset()), Is.EqualTo(new[] { Now.AddSeconds(-1), Now, Now, Now, Now }));
        Assert.That(events.Select(each => each.EventId), Is.Unique.And.All.Not.Empty);
        foreach (var secret in new[] { lease.VirtualNumber, "13800138", "13800139", "SF1000200030" })
            Assert.That(text, Does.Not.Contain(secret));
    }

    [Test]
    public async Task A_lease_whose_time_is_over_expires()
    {
        var lease = await LeaseAsync();
        using var watch = Leases.WatchEvents(Request(fromOldest: true));
        Service.Time.Advance(TimeSpan.FromDays(31));
        await ReclaimAsync();

        var (events, _) = await ReadAsync(watch, 2);
        Assert.That(events.Select(each => (each.Kind, each.LeaseId)), Is.EqualTo(new[] { (LeaseEventKind.Leased, lease.LeaseId), (LeaseEventKind.Expired, lease.LeaseId) }));
    }

    [Test]
    public async Task A_watch_goes_on_from_the_cursor_of_any_message()
    {
        var begin = await OpenAsync(Request());
        for (var i = 0; i < 5; i++)
            await LeaseAsync(Requests.CreateLease($"SF{i}"));
        using var all = Leases.WatchEvents(Request(begin.Cursor));
        var messages = new List<WatchEventsResponse>();
        while (messages.Sum(message => message.Events.Count) < 5)
            messages.Add(await NextAsync(all));
        var events = messages.SelectMany(message => message.Events).ToList();

        for (var i = 0; i < messages.Count; i++)
        {
            var rest = events.Skip(messages.Take(i + 1).Sum(message => message.Events.Count)).ToList();
            using var again = Leases.WatchEvents(Request(messages[i].Cursor));
            Assert.That((await ReadAsync(again, rest.Count)).Events, Is.EqualTo(rest));
        }
    }

    [Test]
    public async Task From_now_on_means_what_comes_and_from_the_oldest_all_that_is_kept()
    {
        var before = await LeaseAsync(Requests.CreateLease("SF1"));
        using var oldest = Leases.WatchEvents(Request(fromOldest: true));
        Assert.That((await ReadAsync(oldest, 1)).Events.Single().LeaseId, Is.EqualTo(before.LeaseId));
        using var now = Leases.WatchEvents(Request());
        Assert.That((await NextAsync(now)).Events, Is.Empty);

        var after = await LeaseAsync(Requests.CreateLease("SF2"));

        Assert.That((await ReadAsync(now, 1)).Events.Single().LeaseId, Is.EqualTo(after.LeaseId));
        Assert.That((await ReadAsync(oldest, 1)).Events.Single().LeaseId, Is.EqualTo(after.LeaseId));
    }

    [Test]
    public async Task Nobody_hears_of_another_tenants_leases()
    {
        using var watch = Leases.WatchEvents(new WatchEventsRequest { TenantId = TestService.Beta, FromOldest = true });
        var first = await NextAsync(watch);
        await LeaseAsync();
        await OpenAsync(Request(fromOldest: true), until: 1);

        Assert.That(first.Events, Is.Empty);
        Assert.That((await NextAsync(watch)).Events, Is.Empty, "a heart-beat");
        var refused = await FaultAsync(Request(first.Cursor));
        refused.Expect(StatusCode.InvalidArgument, ErrorReason.CursorInvalid, "cursor");
    }

    [Test]
    public async Task Bad_requests_are_refused()
    {
        (await FaultAsync(new WatchEventsRequest { TenantId = "nobody" })).Expect(StatusCode.NotFound, ErrorReason.TenantUnknown);
        (await FaultAsync(new WatchEventsRequest { TenantId = "no id", Cursor = new string('c', 2_000), FromOldest = true }))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "cursor", "from_oldest");
        (await FaultAsync(Request("made-up"))).Expect(StatusCode.InvalidArgument, ErrorReason.CursorInvalid, "cursor");
    }

    [Test]
    public async Task Events_that_are_gone_are_told_of_and_not_passed_over()
    {
        var begin = await OpenAsync(Request());
        await LeaseAsync();
        await OpenAsync(Request(fromOldest: true), until: 1);
        // Eight days later the next event takes the first one with it.
        Service.Time.Advance(TimeSpan.FromDays(8));
        using var watch = Leases.WatchEvents(Request());
        await NextAsync(watch);
        var later = await LeaseAsync(Requests.CreateLease("SF2"));
        await ReadAsync(watch, 1);
        var (kept, _) = await OpenAndReadAsync(Request(fromOldest: true), 1);

        Assert.That(kept.Single().LeaseId, Is.EqualTo(later.LeaseId));
        (await FaultAsync(Request(begin.Cursor))).Expect(StatusCode.OutOfRange, ErrorReason.EventsGone);
    }

    [Test]
    public async Task Heart_beats_come_while_nothing_happens_with_the_same_cursor()
    {
        using var watch = Leases.WatchEvents(Request());
        var (first, start) = (await NextAsync(watch), Stopwatch.GetTimestamp());
        var beat = await NextAsync(watch);

        Assert.That(beat.Events, Is.Empty);
        Assert.That(beat.Cursor, Is.EqualTo(first.Cursor));
        Assert.That(Stopwatch.GetElapsedTime(start), Is.GreaterThan(TimeSpan.FromMilliseconds(500)));
    }

    [Test]
    public async Task It_ends_with_OK_before_its_deadline()
    {
        using var watch = Leases.WatchEvents(Request(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2));
        var messages = 0;
        while (await watch.ResponseStream.MoveNext().Soon())
            messages++;
        Assert.That(messages, Is.GreaterThan(0));
        Assert.That(watch.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task A_stop_ends_it_with_UNAVAILABLE()
    {
        using var watch = Leases.WatchEvents(Request());
        await NextAsync(watch);
        var stop = Service.StopAsync();

        var fault = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.ResponseStream.MoveNext().Soon())
            {
                // Heart-beats.
            }
        });
        Assert.That(fault!.StatusCode, Is.EqualTo(StatusCode.Unavailable), fault.Message);
        await stop.Soon();
    }

    [Test]
    public async Task Watches_take_places_of_their_own_and_no_more_than_there_are()
    {
        var watches = new List<AsyncServerStreamingCall<WatchEventsResponse>>();
        try
        {
            await FillAsync(watches);
            watches.Add(await WatchAsync(TestService.Beta));

            (await FaultAsync(new() { TenantId = TestService.Beta })).Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
            Assert.That(await LeaseAsync(), Is.Not.Null);
        }
        finally
        {
            watches.ForEach(watch => watch.Dispose());
        }
    }

    [Test]
    public async Task One_tenant_s_watches_leave_places_for_others()
    {
        var watches = new List<AsyncServerStreamingCall<WatchEventsResponse>>();
        try
        {
            await FillAsync(watches);
            (await FaultAsync(Request())).Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
            watches.Add(await WatchAsync(TestService.Beta));

            watches[0].Dispose();
            await TakenAtMostAsync(Places - 1);
            watches.Add(await WatchAsync(TestService.Alpha));
        }
        finally
        {
            watches.ForEach(watch => watch.Dispose());
        }
    }

    [Test]
    public async Task Watches_that_end_by_themselves_give_their_places_back()
    {
        var watches = new List<AsyncServerStreamingCall<WatchEventsResponse>>();
        try
        {
            await FillAsync(watches, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(3));
            foreach (var watch in watches)
            {
                while (await watch.ResponseStream.MoveNext().Soon())
                {
                    // Heart-beats.
                }
            }

            await TakenAtMostAsync(0);
            await FillAsync(watches);
        }
        finally
        {
            watches.ForEach(watch => watch.Dispose());
        }
    }

    /// <summary>As many watches of one tenant as it may have.</summary>
    private async Task FillAsync(List<AsyncServerStreamingCall<WatchEventsResponse>> watches, DateTime? deadline = null)
    {
        for (var i = 0; i < PlacesOfTenant; i++)
            watches.Add(await WatchAsync(TestService.Alpha, deadline));
    }

    /// <summary>One that has begun.</summary>
    private async Task<AsyncServerStreamingCall<WatchEventsResponse>> WatchAsync(string tenant, DateTime? deadline = null)
    {
        var watch = Leases.WatchEvents(new WatchEventsRequest { TenantId = tenant }, deadline: deadline);
        await NextAsync(watch);
        return watch;
    }

    private async Task TakenAtMostAsync(int places)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (Service.Get<VirtualNumber.Hosting.CallShares>().Events.Taken > places)
            await timer.WaitForNextTickAsync(patience.Token);
    }

    private static WatchEventsRequest Request(string cursor = "", bool fromOldest = false) =>
        new() { TenantId = TestService.Alpha, Cursor = cursor, FromOldest = fromOldest };

    private static async Task<WatchEventsResponse> NextAsync(AsyncServerStreamingCall<WatchEventsResponse> watch)
    {
        Assert.That(await watch.ResponseStream.MoveNext().Soon(), Is.True);
        return watch.ResponseStream.Current;
    }

    /// <summary>So many events, whatever messages they come in; and all messages as text.</summary>
    private static async Task<(List<LeaseEvent> Events, string Text)> ReadAsync(AsyncServerStreamingCall<WatchEventsResponse> watch, int count)
    {
        var (events, text) = (new List<LeaseEvent>(), "");
        while (events.Count < count)
        {
            var message = await NextAsync(watch);
            events.AddRange(message.Events);
            text += message;
        }

        return (events, text);
    }

    private async Task<(List<LeaseEvent> Events, string Text)> OpenAndReadAsync(WatchEventsRequest request, int count)
    {
        using var watch = Leases.WatchEvents(request);
        return await ReadAsync(watch, count);
    }

    /// <summary>The first message of a watch that has had so many events.</summary>
    private async Task<WatchEventsResponse> OpenAsync(WatchEventsRequest request, int until = 0)
    {
        using var watch = Leases.WatchEvents(request);
        var (message, seen) = (await NextAsync(watch), 0);
        while ((seen += message.Events.Count) < until)
            message = await NextAsync(watch);
        return message;
    }

    private Task<RefusedCall> FaultAsync(WatchEventsRequest request) => RefusedCall.OfAsync(
        (WatchEventsRequest message, CallOptions options) =>
        {
            var call = Leases.WatchEvents(message, options);
            var answer = FirstAsync(call);
            return new AsyncUnaryCall<WatchEventsResponse>(answer, Task.FromResult(new Metadata()), call.GetStatus, call.GetTrailers, call.Dispose);
        },
        request);

    private static async Task<WatchEventsResponse> FirstAsync(AsyncServerStreamingCall<WatchEventsResponse> call)
    {
        while (await call.ResponseStream.MoveNext().Soon() && call.ResponseStream.Current.Events.Count == 0)
        {
            // Until something is told, or the error.
        }

        return call.ResponseStream.Current;
    }
}
