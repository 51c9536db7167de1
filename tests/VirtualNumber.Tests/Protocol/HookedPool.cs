using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>
/// A real store, with something before and after each step: another client's steps, a pause, or an exception that cuts the step off
/// before (it did not happen) or after (it did).
/// </summary>
internal class HookedPool(INumberPool inner) : INumberPool
{
    /// <summary>Runs before a step; gets the step's name.</summary>
    internal Func<string, Task>? Before { get; set; }

    /// <summary>Runs after a step.</summary>
    internal Func<string, Task>? After { get; set; }

    /// <summary>How a store in trouble ends a step.</summary>
    internal static StoreUnavailableException Cut() => new("Cut off by the test.");

    public ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation) => inner.PingAsync(cancellation);

    public ValueTask<uint?> ChooseBlockAsync(BlockChoice choice, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("choose", now, choice, () => inner.ChooseBlockAsync(choice, now, cancellation));

    public ValueTask<ClaimAnswer> ClaimAsync(ClaimStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("claim", now, step, () => inner.ClaimAsync(step, now, cancellation));

    public ValueTask<ClaimAnswer> ReplaceAsync(ReplaceStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("replace", now, step, () => inner.ReplaceAsync(step, now, cancellation));

    public ValueTask<bool> BindAsync(
        Digest delivery, RequestMark request, Claim claim, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("bind", now, delivery, () => inner.BindAsync(delivery, request, claim, now, cancellation));

    public ValueTask<(ReportOutcome Outcome, LedgerView View)> DecideAsync(
        DecideStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("decide", now, step, () => inner.DecideAsync(step, now, cancellation));

    public ValueTask<LedgerView?> ReadLedgerAsync(Digest delivery, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("read", now, delivery, () => inner.ReadLedgerAsync(delivery, now, cancellation));

    public ValueTask<TakeAnswer> TakeAsync(TakeStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("take", now, step, () => inner.TakeAsync(step, now, cancellation));

    public ValueTask<ApplyAnswer> ApplyAsync(
        Claim claim, int reportNumber, Terms terms, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("apply", now, new ApplyCall(claim, reportNumber, terms, cap), () => inner.ApplyAsync(claim, reportNumber, terms, cap, now, cancellation));

    public ValueTask<LeaseRecord?> FindAsync(Claim claim, CancellationToken cancellation) =>
        StepAsync("find", null, claim, () => inner.FindAsync(claim, cancellation));

    public ValueTask<LeaseRecord?> GetAsync(HolderKey holder, CancellationToken cancellation) =>
        StepAsync("get", null, holder, () => inner.GetAsync(holder, cancellation));

    public ValueTask<HolderAnswer> ExtendAsync(
        HolderKey holder, RequestMark request, TimeSpan span, int limit, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("extend", now, new ExtendCall(holder, span, cap), () => inner.ExtendAsync(holder, request, span, limit, cap, now, cancellation));

    public ValueTask<HolderAnswer> ReassignAsync(ReassignStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("reassign", now, step, () => inner.ReassignAsync(step, now, cancellation));

    public ValueTask<HolderAnswer> ReleaseAsync(HolderKey holder, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("release", now, holder, () => inner.ReleaseAsync(holder, now, cancellation));

    public ValueTask<RouteAnswer> ResolveAsync(RouteStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("resolve", now, step, () => inner.ResolveAsync(step, now, cancellation));

    public ValueTask<DateTimeOffset?> FindBarAsync(Digest counter, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("find bar", now, counter, () => inner.FindBarAsync(counter, now, cancellation));

    public ValueTask<CountAnswer> CountAsync(CountStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("count", now, step, () => inner.CountAsync(step, now, cancellation));

    public ValueTask<HealthAnswer> ReportHealthAsync(HealthStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("health", now, step, () => inner.ReportHealthAsync(step, now, cancellation));

    public ValueTask<bool> BeatAsync(string gatewayId, InstanceBeat beat, CancellationToken cancellation) =>
        StepAsync("beat", null, beat, () => inner.BeatAsync(gatewayId, beat, cancellation));

    public ValueTask<IReadOnlyList<InstanceBeat>> ListBeatsAsync(string gatewayId, DateTimeOffset now, CancellationToken cancellation) =>
        inner.ListBeatsAsync(gatewayId, now, cancellation);

    public ValueTask<RecordCallOutcome> RecordCallAsync(CallStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("record call", now, step, () => inner.RecordCallAsync(step, now, cancellation));

    public ValueTask<CallEventsAnswer> ReportCallEventsAsync(CallEventsStep step, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("report call events", now, step, () => inner.ReportCallEventsAsync(step, now, cancellation));

    public ValueTask<ReclaimAnswer> ReclaimAsync(int limit, DateTimeOffset now, CancellationToken cancellation) =>
        StepAsync("reclaim", now, limit, () => inner.ReclaimAsync(limit, now, cancellation));

    /// <summary>Every step goes through here.</summary>
    /// <param name="name">The step's name in the protocol.</param>
    /// <param name="now">Its <c>now</c>; null for a plain read.</param>
    /// <param name="argument">What it is about.</param>
    /// <param name="step">The step of the real store.</param>
    protected virtual async ValueTask<T> StepAsync<T>(string name, DateTimeOffset? now, object? argument, Func<ValueTask<T>> step)
    {
        if (Before is { } before)
            await before(name);
        var answer = await step();
        if (After is { } after)
            await after(name);
        return answer;
    }
}

/// <summary>What apply is called with.</summary>
internal sealed record ApplyCall(Claim Claim, int ReportNumber, Terms Terms, TimeSpan Cap);

/// <summary>What extend is called with.</summary>
internal sealed record ExtendCall(HolderKey Holder, TimeSpan Span, TimeSpan Cap);
