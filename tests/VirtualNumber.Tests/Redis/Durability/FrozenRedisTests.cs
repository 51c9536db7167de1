using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using VirtualNumber.Memory;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Faults;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>
/// Redis stands still for ten seconds, or half a minute: its sockets stay open and nothing answers (SIGSTOP). What was sent meanwhile it does when it goes
/// on, long after the callers have given up and, not knowing, asked again. VN_FREEZE_SECONDS asks for another time.
/// </summary>
[TestFixture]
public sealed class FrozenRedisTests
{
    private const int Rounds = 20;

    /// <summary>Callers that never stop asking, for the load; their calls are look-ups.</summary>
    private const int Loops = 16;

    /// <summary>What the process may grow by while nothing is answered: a fraction of what would pile up if calls were kept.</summary>
    private const long MemoryGrowthLimit = 100L << 20;

    private static readonly TimeSpan s_freeze = Freeze(10);
    private static readonly TimeSpan s_longFreeze = Freeze(30);

    private static readonly TimeSpan s_fullSpeedWithin = TimeSpan.FromSeconds(2);

    /// <summary>How long a new process takes to have its code compiled.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan s_loopDeadline = TimeSpan.FromSeconds(1);

    /// <summary>How long calls are counted at a time.</summary>
    private static readonly TimeSpan s_counted = TimeSpan.FromMilliseconds(200);

    /// <summary>What a busy machine may add to a deadline before the caller's own code runs again.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1.5);

    /// <summary>The callers' deadlines by turns; without one the service's own bound for a call to Redis holds (2 s by default).</summary>
    private static readonly TimeSpan?[] s_deadlines = [TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), null];

    private static readonly TimeSpan s_withoutDeadline = TimeSpan.FromSeconds(3);

    private readonly ConcurrentQueue<(string Call, StatusCode Status, TimeSpan Took, TimeSpan Allowed)> _ended = [];

    [Test]
    public async Task Every_call_ends_in_time_readiness_tells_and_nothing_happens_twice()
    {
        await using var service = await ServiceOnRedis.StartAsync();
        await service.StockAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        using var watch = service.Health.Watch(new HealthCheckRequest { Service = "virtualnumber.v1.LeaseService" }, cancellationToken: patience.Token);
        var plans = new List<Plan>();
        for (var round = 0; round < Rounds; round++)
            plans.Add(await PlanAsync(service, round));
        Assert.That(await NextAsync(watch, patience.Token), Is.EqualTo(ServingStatus.Serving));

        await service.Redis.FreezeAsync();
        var frozen = Stopwatch.GetTimestamp();
        var calls = new List<Task>();
        using (var timer = new PeriodicTimer(s_freeze / Rounds))
        {
            foreach (var plan in plans)
            {
                calls.AddRange(plan.Sends.Select((send, index) => EndAsync(send, s_deadlines[index % s_deadlines.Length])));
                await timer.WaitForNextTickAsync(patience.Token);
            }
        }

        await Task.WhenAll(calls).Soon();
        Assert.That(await NextAsync(watch, patience.Token), Is.EqualTo(ServingStatus.NotServing));
        Assert.That(await ReadyAsync(service), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(Stopwatch.GetElapsedTime(frozen), Is.GreaterThanOrEqualTo(s_freeze));
        await service.Redis.ThawAsync();
        var again = await service.UntilAnsweringAsync();
        Assert.That(await NextAsync(watch, patience.Token), Is.EqualTo(ServingStatus.Serving));
        Assert.That(await ReadyAsync(service), Is.EqualTo(HttpStatusCode.OK));
        await TestContext.Out.WriteLineAsync(
            $"{_ended.Count} calls ended while Redis was frozen: " +
            string.Join(", ", _ended.GroupBy(call => call.Status).Select(group => $"{group.Count()} {group.Key}")) +
            $"; the latest {_ended.Max(call => (call.Took - call.Allowed).TotalMilliseconds):0} ms after its deadline; answering again {again.TotalMilliseconds:0} ms after SIGCONT");

        Assert.That(_ended.Where(call => call.Status is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded)), Is.Empty);
        Assert.That(_ended.Where(call => call.Took > call.Allowed + s_margin), Is.Empty);

        // Nobody knows what became of the calls, so each is repeated, and once more.
        foreach (var plan in plans)
        {
            await plan.RepeatAsync();
            await plan.RepeatAsync();
        }

        await CheckLogAsync(service);
        var counts = (await service.Ops.GetStatsAsync(Requests.GetStats())).Counts;
        Assert.That((counts.LeasedCount, counts.AgingCount), Is.EqualTo((4L * Rounds, (long)Rounds)));
    }

    /// <summary>
    /// Callers in a loop, as fast as they are answered. Speed is compared within one run, and half of it passes for all of it, in the best part
    /// of those two seconds: the machine may be busy with other things.
    /// </summary>
    [Test]
    public async Task Calls_end_in_time_memory_stays_flat_and_full_speed_is_back_within_two_seconds()
    {
        await using var service = await ServiceOnRedis.StartAsync();
        await service.StockAsync();
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        using var over = new CancellationTokenSource();
        var (answered, refused, wrong) = (0L, 0L, 0L);
        var longest = new long[Loops];
        var loops = Enumerable.Range(0, Loops).Select(loop => Task.Run(() => LoopAsync(loop))).ToList();
        await AfterAsync(s_warmUp);
        var before = (await SpeedsAsync(s_fullSpeedWithin)).Average();
        var memory = service.Service.Process.Memory;

        await service.Redis.FreezeAsync();
        await Task.WhenAny(Task.WhenAll(loops), AfterAsync(s_longFreeze));
        var grown = service.Service.Process.Memory - memory;
        await service.Redis.ThawAsync();
        var after = (await SpeedsAsync(s_fullSpeedWithin)).Max();
        var later = (await SpeedsAsync(s_fullSpeedWithin)).Average();
        await over.CancelAsync();
        await Task.WhenAll(loops).Soon();
        await TestContext.Out.WriteLineAsync(
            $"frozen for {s_longFreeze.TotalSeconds:0} s: {refused} look-ups refused, the longest after {TimeSpan.FromTicks(longest.Max()).TotalMilliseconds:0} ms, memory {grown / 1048576.0:+0;-0;0} MB; " +
            $"{before:0} look-ups a second before, up to {after:0} within two seconds of SIGCONT, {later:0} in the two after those");

        Assert.That(wrong, Is.Zero);
        Assert.That(refused, Is.GreaterThan(Loops));
        Assert.That(TimeSpan.FromTicks(longest.Max()), Is.LessThan(s_loopDeadline + s_margin));
        Assert.That(grown, Is.LessThan(MemoryGrowthLimit));
        Assert.That(after, Is.GreaterThan(Math.Max(before, later) / 2));

        async Task LoopAsync(int loop)
        {
            while (!over.IsCancellationRequested)
            {
                var start = Stopwatch.GetTimestamp();
                try
                {
                    var deadline = TimeProvider.System.GetUtcNow().Add(s_loopDeadline).UtcDateTime;
                    var route = await service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber), deadline: deadline);
                    Interlocked.Increment(ref route.ConnectNumber == Requests.Real ? ref answered : ref wrong);
                }
                catch (RpcException fault) when (fault.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
                {
                    Interlocked.Increment(ref refused);
                }

                longest[loop] = Math.Max(longest[loop], Stopwatch.GetElapsedTime(start).Ticks);
            }
        }

        // Look-ups answered a second, in one short time after the other.
        async Task<List<double>> SpeedsAsync(TimeSpan span)
        {
            var (start, speeds) = (Stopwatch.GetTimestamp(), new List<double>());
            while (Stopwatch.GetElapsedTime(start) < span)
            {
                var (from, count) = (Stopwatch.GetTimestamp(), Interlocked.Read(ref answered));
                await AfterAsync(s_counted);
                speeds.Add((Interlocked.Read(ref answered) - count) / Stopwatch.GetElapsedTime(from).TotalSeconds);
            }

            return speeds;
        }

        // The time itself is what is asked for: so long it is frozen, so long calls are counted.
        static async Task AfterAsync(TimeSpan span)
        {
            using var timer = new PeriodicTimer(span);
            await timer.WaitForNextTickAsync();
        }
    }

    [Test]
    public async Task A_stop_does_not_wait_for_a_Redis_that_does_not_answer([Values] bool told)
    {
        await using var service = await ServiceOnRedis.StartAsync();
        await service.StockAsync();
        await service.Redis.FreezeAsync();

        // From then on the store is being asked nearly all of the time.
        using var readiness = new Readiness(service.Service);
        if (told)
            await readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, "the store is away");

        // Well below the half minute after which service managers kill.
        Assert.That(await service.Service.StopAsync().WaitAsync(TimeSpan.FromSeconds(10)), Is.Zero);
        Assert.That(service.Service.Output, Does.Not.Contain("BackgroundService"), "To be asked to stop is no failure of what watches the store.");
        Assert.That(service.Service.Output, Does.Not.Contain("Unhandled exception"));
    }

    /// <summary>One extension, reassignment, report and release, each of a lease of its own that stands already, one new lease and one look-up.</summary>
    private static async Task<Plan> PlanAsync(ServiceOnRedis service, int round)
    {
        async Task<Lease> LeaseAsync(string name) =>
            (await service.Leases.CreateLeaseAsync(Requests.CreateLease($"{name}{round}", requestId: "r"))).Lease;

        var (extended, reassigned, reported, released) = (
            await LeaseAsync("EXTENDED"), await LeaseAsync("REASSIGNED"), await LeaseAsync("REPORTED"), await LeaseAsync("RELEASED"));
        var extension = Requests.ExtendLease(extended.LeaseId);
        var reassignment = Requests.ReassignLease(reassigned.LeaseId);
        var report = Requests.Report(DeliveryStatus.Delivered, DateTimeOffset.FromUnixTimeMilliseconds(reported.Epoch), $"REPORTED{round}");
        var release = Requests.ReleaseLease(released.LeaseId);
        var create = Requests.CreateLease($"CREATED{round}", requestId: "r");
        var resolve = Requests.Resolve(extended.VirtualNumber);
        string? created = null;

        async Task RepeatAsync()
        {
            var longer = (await service.Leases.ExtendLeaseAsync(extension)).Lease;
            Assert.That(
                (longer.ExtensionCount, longer.ExpireTime.ToDateTimeOffset()), Is.EqualTo((1, extended.ExpireTime.ToDateTimeOffset().AddDays(7))));
            await service.Leases.ReassignLeaseAsync(reassignment);
            Assert.That((await service.Routing.ResolveAsync(Requests.Resolve(reassigned.VirtualNumber))).ConnectNumber, Is.EqualTo(Requests.OtherReal));
            await service.Leases.ReportDeliveryStatusAsync(report);
            Assert.That((await service.Leases.ReportDeliveryStatusAsync(report)).Outcome, Is.EqualTo(ReportOutcome.Repeated));
            var told = (await service.Leases.GetLeaseAsync(Requests.GetLease(reported.LeaseId))).Lease;
            Assert.That(told.ExpireTime.ToDateTimeOffset(), Is.EqualTo(report.EventTime.ToDateTimeOffset().AddDays(7)));
            Assert.That((await service.Leases.ReleaseLeaseAsync(release)).Lease.EndReason, Is.EqualTo(EndReason.Released));
            var lease = (await service.Leases.CreateLeaseAsync(create)).Lease;
            Assert.That(lease.LeaseId, Is.EqualTo(created ??= lease.LeaseId));
            Assert.That((await service.Routing.ResolveAsync(resolve)).ConnectNumber, Is.EqualTo(Requests.Real));
        }

        return new Plan(
            [
                Send(service.Leases.CreateLeaseAsync, create),
                Send(service.Leases.ExtendLeaseAsync, extension),
                Send(service.Leases.ReassignLeaseAsync, reassignment),
                Send(service.Leases.ReportDeliveryStatusAsync, report),
                Send(service.Leases.ReleaseLeaseAsync, release),
                Send(service.Routing.ResolveAsync, resolve),
                // The deadlines come by turns; these two make every second round meet the others.
                .. round % 2 == 0 ? [Send(service.Leases.GetLeaseAsync, Requests.GetLease(extended.LeaseId))] : Array.Empty<Call>(),
                .. round % 2 == 0 ? [Send(service.Leases.ListDeliveryLeasesAsync, Requests.ListDeliveryLeases($"EXTENDED{round}"))] : Array.Empty<Call>(),
            ],
            RepeatAsync);
    }

    private static Call Send<TRequest, TResponse>(Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> call, TRequest request)
        where TRequest : IMessage<TRequest> => new(request.Descriptor.Name, async options => await call(request, options));

    private async Task EndAsync(Call call, TimeSpan? deadline)
    {
        var start = Stopwatch.GetTimestamp();
        var status = StatusCode.OK;
        try
        {
            await call.SendAsync(new CallOptions(deadline: deadline is { } limit ? TimeProvider.System.GetUtcNow().Add(limit).UtcDateTime : null));
        }
        catch (RpcException fault)
        {
            status = fault.StatusCode;
        }

        _ended.Enqueue((call.Name, status, Stopwatch.GetElapsedTime(start), deadline ?? s_withoutDeadline));
    }

    private static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch, CancellationToken cancellation) =>
        await watch.ResponseStream.MoveNext(cancellation) ? watch.ResponseStream.Current.Status : ServingStatus.Unknown;

    private static TimeSpan Freeze(int seconds) => TimeSpan.FromSeconds(
        Environment.GetEnvironmentVariable("VN_FREEZE_SECONDS") is { Length: > 0 } asked ? int.Parse(asked, CultureInfo.InvariantCulture) : seconds);

    private static async Task<HttpStatusCode> ReadyAsync(ServiceOnRedis service)
    {
        using var http = new HttpClient { BaseAddress = service.Service.HttpAddress };
        using var response = await http.GetAsync(new Uri("/readyz", UriKind.Relative));
        return response.StatusCode;
    }

    /// <summary>Each change of each lease was made once, as the block's own log tells.</summary>
    private static async Task CheckLogAsync(ServiceOnRedis service)
    {
        using var connection = await service.Redis.ConnectAsync();
        var log = (await RedisLog.ReadAsync(connection.GetDatabase(), block: 1, after: 0)).Where(entry => entry.Slot is not null).ToList();
        Assert.That(log.Select(entry => (entry.Kind, entry.Slot, entry.LeaseTime)), Is.Unique);
        Assert.That(
            log.GroupBy(entry => entry.Kind).ToDictionary(group => group.Key, group => group.Count()),
            Is.EquivalentTo(new Dictionary<LogKind, int>
            {
                [LogKind.Leased] = 5 * Rounds,
                [LogKind.Extended] = Rounds,
                [LogKind.Reassigned] = Rounds,
                [LogKind.Reported] = Rounds,
                [LogKind.Released] = Rounds,
            }));
    }

    private sealed record Call(string Name, Func<CallOptions, Task> SendAsync);

    private sealed record Plan(IReadOnlyList<Call> Sends, Func<Task> RepeatAsync);
}
