using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load.Replay;

/// <summary>The verbs over a store, in this process, on a clock that the replay moves.</summary>
internal sealed class InProcessTarget : IReplayTarget, IDisposable
{
    private const int EntriesPerCycle = 5_000;

    private static readonly PhoneNumber s_stranger = Parse("+9990000000000");

    private readonly KeyRing _keys = KeyRing.CreateThrowAway();
    private readonly INumberPool _pool;
    private readonly INumberStock _stock;
    private readonly TimeProvider _time;
    private readonly LeaseVerbs _verbs;

    public InProcessTarget(INumberPool pool, INumberStock stock, ReplayPolicy policy, int seed, TimeProvider time)
    {
        (_pool, _stock, _time) = (pool, stock, time);
        _verbs = InProcessVerbs.Create(pool, stock, policy.Terms, _keys, new SeededRandom((ulong)seed), time);
    }

    public async Task StockAsync(ReplayPool pool, ReplayNumbers numbers, TimeSpan aging)
    {
        var wanted = new Pool(
            ReplayPolicy.TenantId, IdOf(pool), PoolMode.Direct, PhoneNumber.China, numbers.BlockDigits, aging, WithheldCallersAllowed: false, _time.GetUtcNow(), Version: 1);
        var (made, _) = await _stock.CreatePoolAsync(wanted, CancellationToken.None);
        var selection = new NumberSelection(numbers.Blocks, [.. numbers.Numbers.Select(Parse)]);
        var added = await _stock.AddNumbersAsync(made, selection, _time.GetUtcNow(), CancellationToken.None);
        if (added.Added != numbers.Count)
            throw new InvalidOperationException($"{added.Added} of {numbers.Count} numbers were added to {made.PoolId}.");
    }

    public async Task<SeenCreation> LeaseAsync(ParcelPlan plan)
    {
        var command = new CreateLeaseCommand(
            KeyOf(plan), DeliveryRole.Recipient, IdOf(plan.Pool), Parse(plan.RealNumber), RequestId: "lease", ExpireTime: null);
        var answer = await _verbs.CreateLeaseAsync(command, CancellationToken.None);
        return new(answer.Outcome, answer.Lease is { } lease ? See(lease) : null, answer.Existing);
    }

    public async Task<SeenReport> ReportAsync(ParcelPlan plan, ParcelEvent e)
    {
        var answer = await _verbs.ReportDeliveryStatusAsync(KeyOf(plan), e.Status, e.Time, deliveredTerm: null, CancellationToken.None);
        return new(answer.Outcome, answer.Status, answer.EventTime, [.. answer.Leases.Select(See)]);
    }

    public async Task<SeenLease?> ReleaseAsync(string leaseId) =>
        See(await _verbs.ReleaseLeaseAsync(ReplayPolicy.TenantId, leaseId, CancellationToken.None));

    public async Task<SeenLease?> GetAsync(string leaseId) =>
        See(await _verbs.GetLeaseAsync(ReplayPolicy.TenantId, leaseId, CancellationToken.None));

    public async Task<SeenRoute> ResolveAsync(string number)
    {
        var answer = await _verbs.ResolveAsync(new CallQuery(Parse(number), Digits: null, s_stranger), CancellationToken.None);
        return answer.Outcome == ResolveOutcome.Connect ? new(answer.RealNumber!.E164, answer.LeaseId) : new(null, null);
    }

    public async Task<SeenCounts> CountAsync(ReplayPool pool)
    {
        var found = await _stock.FindPoolAsync(ReplayPolicy.TenantId, IdOf(pool), CancellationToken.None);
        var counts = (await _stock.GetStatsAsync(found!, skip: 0, limit: 0, _time.GetUtcNow(), CancellationToken.None)).Counts;
        return new(counts.Stocked, counts.Available, counts.Leased, counts.Aging, counts.Suspended + counts.Retired + counts.Faulty);
    }

    public async Task TidyAsync() => await _pool.ReclaimAsync(EntriesPerCycle, _time.GetUtcNow(), CancellationToken.None);

    public void Dispose() => _keys.Dispose();

    private static string IdOf(ReplayPool pool) => pool == ReplayPool.Mobile ? "mobile" : "protected";

    private static SeenLease? See(LeaseAnswer answer) => answer.Lease is { } lease ? See(lease) : null;

    private static SeenLease See(Lease lease) =>
        new(lease.LeaseId, lease.Number.National, lease.LeaseTime, lease.ExpireTime, lease.End == EndReason.None);

    private static PhoneNumber Parse(string text) =>
        PhoneNumber.TryParse(text, PhoneNumber.China, out var number, out var fault)
            ? number
            : throw new FormatException($"A number of the replay does not parse: {fault}.");

    private static DeliveryKey KeyOf(ParcelPlan plan) =>
        DeliveryKey.TryCreate(ReplayPolicy.TenantId, plan.Carrier, plan.Waybill, out var key, out var faults)
            ? key
            : throw new FormatException($"A delivery of the replay is malformed: {faults}.");
}
