using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace VirtualNumber;

/// <summary>
/// The one place that names every metric of the service, and the tag that it adds to traces. A histogram's own count is the count
/// of its outcome. No tag ever holds a telephone number, a waybill number or a lease id.
/// </summary>
internal static class Telemetry
{
    /// <summary>The name of the meter and of the source of spans.</summary>
    public const string Name = "VirtualNumber";

    private static readonly Meter s_meter = new(Name);

    private static readonly ActivitySource s_spans = new(Name);

    private static readonly Histogram<double> s_lease = Seconds(
        "virtualnumber.lease.duration", "Verbs on leases (create, get, extend, reassign, release), by verb and outcome.");

    private static readonly Histogram<double> s_report = Seconds(
        "virtualnumber.report.duration", "Delivery status reports, by outcome.");

    private static readonly Histogram<double> s_resolve = Seconds(
        "virtualnumber.resolve.duration", "Routing look-ups, by outcome.");

    private static readonly Histogram<double> s_reclaim = Seconds(
        "virtualnumber.reclaim.duration", "Cycles of Reclaim.");

    private static readonly Counter<long> s_reclaimed = s_meter.CreateCounter<long>(
        "virtualnumber.reclaim.entries", "{entry}", "What Reclaim tidied up, by kind: expired or removed.");

    private static readonly Gauge<int> s_reclaimBacklog = s_meter.CreateGauge<int>(
        "virtualnumber.reclaim.backlog_cycles", "{cycle}", "Cycles of Reclaim in a row that left something for the next; 0: it keeps up.");

    private static readonly Counter<long> s_unknownVendorCodes = s_meter.CreateCounter<long>(
        "virtualnumber.report.unknown_vendor_codes", "{report}", "Reports with a vendor code that the mapping table lacks, by vendor.");

    private static readonly Counter<long> s_unreadable = s_meter.CreateCounter<long>(
        "virtualnumber.seal.unreadable", "{lease}", "Sealed numbers that did not open, and lease ids of a key that the ring has not, by cause.");

    private static readonly Counter<long> s_lockOuts = s_meter.CreateCounter<long>(
        "virtualnumber.guess.lock_outs", "{lock_out}", "Lock-outs after too many extensions that reach nobody, by scope: caller or number.");

    private static readonly Counter<long> s_callsUnrecorded = s_meter.CreateCounter<long>(
        "virtualnumber.calls.unrecorded", "{look_up}", "Look-ups that were neither recorded nor counted, as the store took no changes.");

    private static readonly Counter<long> s_callReports = s_meter.CreateCounter<long>(
        "virtualnumber.calls.reports", "{report}", "Reports on calls, by outcome.");

    private static readonly Counter<long> s_callEvents = s_meter.CreateCounter<long>(
        "virtualnumber.calls.events", "{event}", "Events of calls that were not known before.");

    private static readonly Counter<long> s_storeFaults = s_meter.CreateCounter<long>(
        "virtualnumber.store.faults", "{call}", "Calls answered UNAVAILABLE because of the store, by trouble: its kind.");

    private static readonly Gauge<int> s_storeFindings = s_meter.CreateGauge<int>(
        "virtualnumber.store.findings", "{finding}", "What the store finds wrong with itself or this instance, by kind: 1 while it is so, 0 afterwards.");

    private static readonly UpDownCounter<long> s_requestsInProgress = s_meter.CreateUpDownCounter<long>(
        "virtualnumber.requests.in_progress", "{call}", "Calls that hold a place of those there are, by share: look-up, heart-beat, verb, event, watch or reflection.");

    private static readonly Counter<long> s_requestsRefused = s_meter.CreateCounter<long>(
        "virtualnumber.requests.refused", "{call}", "Calls answered OVERLOADED, by share; event-of-tenant: the tenant had all streams of events that one tenant may have.");

    private static readonly Counter<long> s_unobserved = s_meter.CreateCounter<long>(
        "virtualnumber.tasks.unobserved", "{task}", "Tasks that failed and that nobody looked at: each is a fault of this service.");

    private static readonly Counter<long> s_numberHealth = s_meter.CreateCounter<long>(
        "virtualnumber.number.health_reports", "{report}", "What gateways report of numbers, by health and outcome.");

    private static readonly Gauge<int> s_gatewayInstances = s_meter.CreateGauge<int>(
        "virtualnumber.gateway.instances", "{instance}", "Instances of gateways by their heart-beats, by gateway and state: alive or silent.");

    private static readonly Gauge<long> s_gatewayCalls = s_meter.CreateGauge<long>(
        "virtualnumber.gateway.calls_in_progress", "{call}", "Calls in progress as the instances that are alive told last, by gateway.");

    private static readonly Counter<long> s_gatewayClocksAhead = s_meter.CreateCounter<long>(
        "virtualnumber.gateway.clocks_ahead", "{look_up}", "Look-ups whose call time was more than 10 minutes ahead, by gateway.");

    private static readonly Gauge<double> s_clockOffset = s_meter.CreateGauge<double>(
        "virtualnumber.store.clock_offset", "s", "By how much the store's clock is ahead of this instance's, as far as it is certain; negative: behind.");

    private static readonly Gauge<long> s_blocksBarred = s_meter.CreateGauge<long>(
        "virtualnumber.store.barred_blocks", "{block}", "Blocks that answer or lease nothing until an operator has looked.");

    private static readonly Histogram<double> s_redis = Seconds(
        "virtualnumber.redis.duration", "Calls to Redis with their repeats, by step and outcome: ok, the code of an error, or what went wrong.");

    private static readonly Counter<long> s_redisRepeats = s_meter.CreateCounter<long>(
        "virtualnumber.redis.repeats", "{call}", "Repeated calls to Redis, by step and cause.");

    private static readonly UpDownCounter<long> s_redisInFlight = s_meter.CreateUpDownCounter<long>(
        "virtualnumber.redis.in_flight", "{call}", "Calls that Redis has not answered yet, those that were given up included.");

    private static readonly Counter<long> s_redisBreaker = s_meter.CreateCounter<long>(
        "virtualnumber.redis.breaker_changes", "{change}", "What the circuit breaker went over to, by state: open, half-open or closed.");

    private static readonly Histogram<double> s_redisConfirmations = Seconds(
        "virtualnumber.redis.confirmation.duration",
        "Groups of writes that waited for the replicas, from sending them on, by outcome: confirmed, unconfirmed, or lost with the connection.");

    private static readonly Counter<long> s_redisUnconfirmed = s_meter.CreateCounter<long>(
        "virtualnumber.redis.unconfirmed", "{call}", "Writes that no or too few replicas confirmed in time, by outcome: unconfirmed or lost.");

    private static readonly Counter<long> s_eventsForwarded = s_meter.CreateCounter<long>(
        "virtualnumber.events.forwarded", "{event}", "Events that this instance has put into the streams of tenants.");

    private static readonly Counter<long> s_eventsLost = s_meter.CreateCounter<long>(
        "virtualnumber.events.gaps", "{gap}", "Logs of blocks that were cut before all was forwarded: events may be lost. Each is told to the tenant by EVENTS_LOST.");

    private static readonly Counter<long> s_pushes = s_meter.CreateCounter<long>(
        "virtualnumber.webhook.pushes", "{push}", "Pushes that were sent, by tenant, webhook and outcome: taken, refused, or parked after the last try.");

    private static readonly Gauge<int> s_pushesOutstanding = s_meter.CreateGauge<int>(
        "virtualnumber.webhook.outstanding", "{push}", "Pushes that are neither taken nor parked, by tenant and webhook.");

    private static readonly Gauge<int> s_pushesParked = s_meter.CreateGauge<int>(
        "virtualnumber.webhook.parked", "{push}", "Pushes that wait for an operator, by tenant and webhook.");

    public static void Leased(string verb, Enum outcome, long startedAt) =>
        s_lease.Record(SecondsSince(startedAt), new("verb", verb), Outcome(outcome));

    public static void Reported(Enum outcome, long startedAt) => s_report.Record(SecondsSince(startedAt), Outcome(outcome));

    public static void Resolved(Enum outcome, long startedAt) => s_resolve.Record(SecondsSince(startedAt), Outcome(outcome));

    public static void Reclaimed(int expired, int removed, TimeSpan duration)
    {
        s_reclaim.Record(duration.TotalSeconds);
        s_reclaimed.Add(expired, new KeyValuePair<string, object?>("kind", "expired"));
        s_reclaimed.Add(removed, new KeyValuePair<string, object?>("kind", "removed"));
    }

    public static void ReclaimBacklog(int cycles) => s_reclaimBacklog.Record(cycles);

    public static void UnknownVendorCode(Enum vendor) =>
        s_unknownVendorCodes.Add(1, new KeyValuePair<string, object?>("vendor", vendor.ToString()));

    public static void Unreadable(Enum cause) => s_unreadable.Add(1, new KeyValuePair<string, object?>("cause", cause.ToString()));

    public static void LockedOut(string scope) => s_lockOuts.Add(1, new KeyValuePair<string, object?>("scope", scope));

    public static void NumberHealth(Enum health, Enum outcome) =>
        s_numberHealth.Add(1, new("health", health.ToString()), Outcome(outcome));

    public static void GatewayClockAhead(string gatewayId) =>
        s_gatewayClocksAhead.Add(1, new KeyValuePair<string, object?>("gateway", gatewayId));

    public static void Gateway(string gatewayId, int alive, int silent, long calls)
    {
        s_gatewayInstances.Record(alive, new("gateway", gatewayId), new("state", "alive"));
        s_gatewayInstances.Record(silent, new("gateway", gatewayId), new("state", "silent"));
        s_gatewayCalls.Record(calls, new KeyValuePair<string, object?>("gateway", gatewayId));
    }

    public static void CallUnrecorded() => s_callsUnrecorded.Add(1);

    public static void CallReported(Enum outcome, int events)
    {
        s_callReports.Add(1, Outcome(outcome));
        s_callEvents.Add(events);
    }

    public static void ClockOffset(TimeSpan offset) => s_clockOffset.Record(offset.TotalSeconds);

    public static void StoreFault(Enum trouble) => s_storeFaults.Add(1, new KeyValuePair<string, object?>("trouble", trouble.ToString()));

    public static void StoreFinding(Enum kind, bool found) =>
        s_storeFindings.Record(found ? 1 : 0, new KeyValuePair<string, object?>("kind", kind.ToString()));

    public static void RequestsInProgress(string share, int change) =>
        s_requestsInProgress.Add(change, new KeyValuePair<string, object?>("share", share));

    public static void RequestRefused(string share) => s_requestsRefused.Add(1, new KeyValuePair<string, object?>("share", share));

    public static void UnobservedTask() => s_unobserved.Add(1);

    public static void EventsForwarded(int count) => s_eventsForwarded.Add(count);

    public static void EventsLost() => s_eventsLost.Add(1);

    public static void Pushed(string tenant, string webhook, string outcome) => s_pushes.Add(1, new("tenant", tenant), new("webhook", webhook), new("outcome", outcome));

    public static void WebhookStands(string tenant, string webhook, int outstanding, int parked)
    {
        s_pushesOutstanding.Record(outstanding, new("tenant", tenant), new("webhook", webhook));
        s_pushesParked.Record(parked, new("tenant", tenant), new("webhook", webhook));
    }

    public static void BlocksBarred(int count) => s_blocksBarred.Record(count);

    /// <summary>The span of a call to Redis; null when nobody listens. Names of keys stay out of it.</summary>
    public static Activity? StartRedisCall(string step) => s_spans.HasListeners()
        ? s_spans.StartActivity(
            ActivityKind.Client,
            name: $"redis {NameOf(step)}",
            tags: [new("db.system.name", "redis"), new("db.operation.name", NameOf(step))])
        : null;

    public static void RedisCalled(Activity? span, string step, string outcome, TimeProvider time, long startedAt)
    {
        if (s_redis.Enabled)
            s_redis.Record(time.GetElapsedTime(startedAt).TotalSeconds, new("step", NameOf(step)), new("outcome", outcome));
        if (span is not null && outcome != "ok")
            span.SetTag("error.type", outcome).SetStatus(ActivityStatusCode.Error);
    }

    public static void RedisRepeated(string step, string cause) => s_redisRepeats.Add(1, new("step", NameOf(step)), new("cause", cause));

    public static void RedisInFlight(int change) => s_redisInFlight.Add(change);

    public static void RedisConfirmed(string outcome, int writes, TimeProvider time, long startedAt)
    {
        if (s_redisConfirmations.Enabled)
            s_redisConfirmations.Record(time.GetElapsedTime(startedAt).TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
        if (outcome != "confirmed")
            s_redisUnconfirmed.Add(writes, new KeyValuePair<string, object?>("outcome", outcome));
    }

    public static void RedisBreaker(string state) => s_redisBreaker.Add(1, new KeyValuePair<string, object?>("state", state));

    /// <summary>Some steps are named by the method that takes them.</summary>
    private static string NameOf(string step) =>
        step.EndsWith("Async", StringComparison.Ordinal) ? step[..^"Async".Length] : step;

    private static Histogram<double> Seconds(string name, string description) => s_meter.CreateHistogram<double>(
        name,
        "s",
        description,
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10] });

    /// <summary>Tags the call's own span too, where one is recorded.</summary>
    private static KeyValuePair<string, object?> Outcome(Enum outcome)
    {
        var name = outcome.ToString();
        Activity.Current?.SetTag("virtualnumber.outcome", name);
        return new("outcome", name);
    }

    private static double SecondsSince(long startedAt) => Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
}
