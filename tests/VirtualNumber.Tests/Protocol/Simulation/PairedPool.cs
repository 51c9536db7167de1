using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Takes every step on a store and on its model and compares the answers.</summary>
internal sealed class PairedPool(INumberPool subject, INumberPool model, PairedStock stock) : INumberPool
{
    private readonly HashSet<Digest> _ledgers = [];

    /// <summary>
    /// When a ledger was found gone. Whether a clock that is behind still sees it is free, so that no step on it is taken earlier again.
    /// </summary>
    private readonly Dictionary<Digest, DateTimeOffset> _gone = [];

    private DateTimeOffset _reclaimed = DateTimeOffset.MinValue;

    public ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation) => subject.PingAsync(cancellation);

    /// <summary>
    /// Which block comes first is free, and only a store that knows for sure may say that none has room; the take decides, in the block
    /// that the store under test chose.
    /// </summary>
    public async ValueTask<uint?> ChooseBlockAsync(BlockChoice choice, DateTimeOffset now, CancellationToken cancellation)
    {
        var chosen = await subject.ChooseBlockAsync(choice, now, cancellation);
        var expected = await model.ChooseBlockAsync(choice, now, cancellation);
        Unless(chosen is not null || expected is null, () => $"choose {choice.PoolId}: no block is chosen where {expected} has room.");
        // Pairs stay close together: none is sent past a block in which both parties fit.
        Unless(
            choice.Parties is null || expected is null || chosen <= expected,
            () => $"choose {choice.PoolId}: block {chosen} is chosen before {expected}, where both parties fit.");
        Unless(
            chosen is not { } block || (!choice.Tried.Contains(block) && stock.OwnerOf(block) == (choice.TenantId, choice.PoolId)),
            () => $"choose {choice.PoolId}: block {chosen} was tried, or is another pool's.");
        return chosen;
    }

    public ValueTask<ClaimAnswer> ClaimAsync(ClaimStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnLedgerAsync("claim", step.Delivery, now, step, (pool, at) => pool.ClaimAsync(step, at, cancellation));

    public ValueTask<ClaimAnswer> ReplaceAsync(ReplaceStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnLedgerAsync("replace", step.Delivery, now, step, (pool, at) => pool.ReplaceAsync(step, at, cancellation));

    public ValueTask<bool> BindAsync(Digest delivery, RequestMark request, Claim claim, DateTimeOffset now, CancellationToken cancellation) =>
        OnLedgerAsync("bind", delivery, now, (delivery, request, claim), (pool, at) => pool.BindAsync(delivery, request, claim, at, cancellation));

    public ValueTask<(ReportOutcome Outcome, LedgerView View)> DecideAsync(DecideStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnLedgerAsync("decide", step.Delivery, now, step, (pool, at) => pool.DecideAsync(step, at, cancellation));

    public async ValueTask<LedgerView?> ReadLedgerAsync(Digest delivery, DateTimeOffset now, CancellationToken cancellation)
    {
        var at = Latest(delivery, now);
        var view = await OnBothAsync("read", (delivery, at), pool => pool.ReadLedgerAsync(delivery, at, cancellation));
        if (view is null)
            _gone[delivery] = at;
        return view;
    }

    public ValueTask<TakeAnswer> TakeAsync(TakeStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("take", (step, now), pool => pool.TakeAsync(step, now, cancellation));

    public ValueTask<ApplyAnswer> ApplyAsync(
        Claim claim, int reportNumber, Terms terms, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("apply", (claim, reportNumber, terms, cap, now), pool => pool.ApplyAsync(claim, reportNumber, terms, cap, now, cancellation));

    public ValueTask<LeaseRecord?> FindAsync(Claim claim, CancellationToken cancellation) =>
        OnBothAsync("find", claim, pool => pool.FindAsync(claim, cancellation));

    public ValueTask<LeaseRecord?> GetAsync(HolderKey holder, CancellationToken cancellation) =>
        OnBothAsync("get", holder, pool => pool.GetAsync(holder, cancellation));

    public ValueTask<HolderAnswer> ExtendAsync(
        HolderKey holder, RequestMark request, TimeSpan span, int limit, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("extend", (holder, request, span, limit, cap, now), pool => pool.ExtendAsync(holder, request, span, limit, cap, now, cancellation));

    public ValueTask<HolderAnswer> ReassignAsync(ReassignStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("reassign", (step, now), pool => pool.ReassignAsync(step, now, cancellation));

    public ValueTask<HolderAnswer> ReleaseAsync(HolderKey holder, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("release", (holder, now), pool => pool.ReleaseAsync(holder, now, cancellation));

    public ValueTask<RouteAnswer> ResolveAsync(RouteStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("resolve", (step.Called.Canonical, step, now), pool => pool.ResolveAsync(step, now, cancellation));

    public ValueTask<DateTimeOffset?> FindBarAsync(Digest counter, DateTimeOffset now, CancellationToken cancellation)
    {
        var at = Latest(now);
        return OnBothAsync("find bar", (counter, at), pool => pool.FindBarAsync(counter, at, cancellation));
    }

    public ValueTask<CountAnswer> CountAsync(CountStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        var at = Latest(now);
        return OnBothAsync("count", (step, at), pool => pool.CountAsync(step, at, cancellation));
    }

    public ValueTask<HealthAnswer> ReportHealthAsync(HealthStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("health", (step, now), pool => pool.ReportHealthAsync(step, now, cancellation));

    public ValueTask<bool> BeatAsync(string gatewayId, InstanceBeat beat, CancellationToken cancellation) =>
        OnBothAsync("beat", (gatewayId, beat), pool => pool.BeatAsync(gatewayId, beat, cancellation));

    public ValueTask<IReadOnlyList<InstanceBeat>> ListBeatsAsync(string gatewayId, DateTimeOffset now, CancellationToken cancellation) =>
        subject.ListBeatsAsync(gatewayId, now, cancellation);

    public ValueTask<RecordCallOutcome> RecordCallAsync(CallStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        var at = Latest(now);
        return OnBothAsync("record call", (step, at), pool => pool.RecordCallAsync(step, at, cancellation));
    }

    public ValueTask<CallEventsAnswer> ReportCallEventsAsync(CallEventsStep step, DateTimeOffset now, CancellationToken cancellation) =>
        OnBothAsync("report call events", (step, now), pool => pool.ReportCallEventsAsync(step, now, cancellation));

    /// <summary>
    /// What comes first when only some of it is done is free, so it is done to its end in steps of the given size, and then must have come
    /// to the same. Whether it is Reclaim that removes ledgers is free too: each is looked at first, and what is over is gone for both.
    /// </summary>
    public async ValueTask<ReclaimAnswer> ReclaimAsync(int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var delivery in _ledgers.ToList())
        {
            if (await ReadLedgerAsync(delivery, now, cancellation) is null)
                _ledgers.Remove(delivery);
        }

        _reclaimed = Latest(now);
        var first = await subject.ReclaimAsync(limit, now, cancellation);
        var (expired, removed) = (first.Expired, first.Removed);
        // A cycle may begin anywhere; after two with nothing to do nothing is left.
        for (var idle = 0; idle < 2;)
        {
            var next = await subject.ReclaimAsync(limit, now, cancellation);
            Unless(next.Expired + next.Removed <= limit, () => $"Reclaim did {next} where {limit} was allowed.");
            (expired, removed) = (expired + next.Expired, removed + next.Removed);
            idle = next is { Expired: 0, Removed: 0, Backlog: false } ? idle + 1 : 0;
        }

        var expected = await model.ReclaimAsync(int.MaxValue, now, cancellation);
        Agreement.On($"reclaim {now}", (expired, removed), (expected.Expired, expected.Removed));
        return first;
    }

    private async ValueTask<T> OnLedgerAsync<T>(
        string name, Digest delivery, DateTimeOffset now, object argument, Func<INumberPool, DateTimeOffset, ValueTask<T>> step)
    {
        var at = Latest(delivery, now);
        var answer = await OnBothAsync(name, (argument, at), pool => step(pool, at));
        _ledgers.Add(delivery);
        await ReadLedgerAsync(delivery, at, CancellationToken.None);
        return answer;
    }

    /// <summary>Whether a clock that is behind still sees a count that Reclaim found over is free.</summary>
    private DateTimeOffset Latest(DateTimeOffset now) => _reclaimed > now ? _reclaimed : now;

    private DateTimeOffset Latest(Digest delivery, DateTimeOffset now) =>
        _gone.TryGetValue(delivery, out var gone) && gone > now ? gone : now;

    private ValueTask<T> OnBothAsync<T>(string name, object argument, Func<INumberPool, ValueTask<T>> step) =>
        Agreement.OnAsync(name, argument, subject, model, step);
}
