using System.Collections.Immutable;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>
/// The embedded store: everything in the memory of one process, forgotten on exit. It is the readable specification that other
/// stores are checked against, step by step, so it favours plain statements over speed.
/// </summary>
internal sealed partial class EmbeddedStore(ProtocolBounds bounds, LogBounds? logBounds = null) : INumberPool, INumberStock
{
    /// <summary>How many slots one page of a walk looks at.</summary>
    private const int MostSlotsPerPage = 20_000;

    private readonly LogBounds _logBounds = logBounds ?? LogBounds.WithoutEvents;
    private readonly Lock _gate = new();
    private readonly StockRegistry _registry = new();
    private readonly Ledgers _ledgers = new();
    private readonly Counters _counters = new();
    private readonly Beats _beats = new();
    private ImmutableArray<Block> _blocks = [];
    private int _reclaimRound;

    /// <summary>The log of a block, oldest entry first.</summary>
    public IReadOnlyList<LogEntry> ReadLog(uint block) => BlockOf(block).ReadLog();

    /// <summary>How many blocks there are; their ids count from 1.</summary>
    public int BlockCount => _blocks.Length;

    public ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation) => Do<IReadOnlyList<StoreFinding>>(() => [], cancellation);

    public ValueTask<uint?> ChooseBlockAsync(BlockChoice choice, DateTimeOffset now, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_registry.FindPool(choice.TenantId, choice.PoolId) is not { } owner)
            return new((uint?)null);

        // Each block knows for sure, so a pool that runs dry costs no claim and leaves no ledger behind.
        var (best, bestRoom) = (default(uint?), long.MaxValue);
        foreach (var entry in owner.Blocks)
        {
            if ((choice.Area is null || choice.Area == entry.Area) && !choice.Tried.Contains(entry.Id)
                && FindBlock(entry.Id)?.FindRoom(choice.Parties, now) is { } room && room < bestRoom)
                (best, bestRoom) = (entry.Id, room);
            if (bestRoom == 0)
                break;
        }

        return new(best);
    }

    public ValueTask<ClaimAnswer> ClaimAsync(ClaimStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _ledgers.Claim(step, now), cancellation);

    public ValueTask<ClaimAnswer> ReplaceAsync(ReplaceStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _ledgers.Replace(step, now), cancellation);

    public ValueTask<bool> BindAsync(
        Digest delivery, RequestMark request, Claim claim, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _ledgers.Bind(delivery, request, claim, now), cancellation);

    public ValueTask<(ReportOutcome Outcome, LedgerView View)> DecideAsync(
        DecideStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _ledgers.Decide(step, now), cancellation);

    public ValueTask<LedgerView?> ReadLedgerAsync(Digest delivery, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _ledgers.Read(delivery, now), cancellation);

    public ValueTask<TakeAnswer> TakeAsync(TakeStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => BlockOf(step.Claim.Block).Take(step, now), cancellation);

    public ValueTask<ApplyAnswer> ApplyAsync(
        Claim claim, int reportNumber, Terms terms, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => BlockOf(claim.Block).Apply(claim, reportNumber, terms, cap, now), cancellation);

    public ValueTask<LeaseRecord?> FindAsync(Claim claim, CancellationToken cancellation) =>
        Do(() => BlockOf(claim.Block).Find(claim), cancellation);

    public ValueTask<LeaseRecord?> GetAsync(HolderKey holder, CancellationToken cancellation) =>
        Do(() => FindBlock(holder.Block)?.Get(holder), cancellation);

    public ValueTask<HolderAnswer> ExtendAsync(
        HolderKey holder, RequestMark request, TimeSpan span, int limit, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => FindBlock(holder.Block)?.Extend(holder, request, span, limit, cap, now) ?? Gone, cancellation);

    public ValueTask<HolderAnswer> ReassignAsync(ReassignStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => FindBlock(step.Holder.Block)?.Reassign(step, now) ?? Gone, cancellation);

    public ValueTask<HolderAnswer> ReleaseAsync(HolderKey holder, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => FindBlock(holder.Block)?.Release(holder, now) ?? Gone, cancellation);

    public ValueTask<RouteAnswer> ResolveAsync(RouteStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(_registry.Locate(step.Called) is var (entry, index)
            ? FindBlock(entry.Id)?.Resolve(index, step, now) ?? new RouteAnswer(RouteOutcome.NotLeased)
            : new RouteAnswer(RouteOutcome.NotStocked));
    }

    public ValueTask<RecordCallOutcome> RecordCallAsync(CallStep step, DateTimeOffset now, CancellationToken cancellation) => Do(
        () => _registry.Locate(step.Called) is var (entry, _) ? FindBlock(entry.Id)?.RecordCall(step, now) ?? RecordCallOutcome.NoBlock : RecordCallOutcome.NoBlock,
        cancellation);

    public ValueTask<CallEventsAnswer> ReportCallEventsAsync(CallEventsStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => FindBlock(step.Block)?.ReportCallEvents(step, now) ?? new(CallEventsOutcome.LeaseUnknown), cancellation);

    public ValueTask<DateTimeOffset?> FindBarAsync(Digest counter, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _counters.FindBar(counter, now), cancellation);

    public ValueTask<CountAnswer> CountAsync(CountStep step, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _counters.Count(step, now), cancellation);

    public ValueTask<HealthAnswer> ReportHealthAsync(HealthStep step, DateTimeOffset now, CancellationToken cancellation) => Do(
        () => _registry.Locate(step.Number) is var (entry, index) ? BlockOf(entry.Id).Report(index, step, now) : new(HealthOutcome.NotStocked),
        cancellation);

    public ValueTask<bool> BeatAsync(string gatewayId, InstanceBeat beat, CancellationToken cancellation) =>
        Do(() => _beats.Note(gatewayId, beat), cancellation);

    public ValueTask<IReadOnlyList<InstanceBeat>> ListBeatsAsync(string gatewayId, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => _beats.List(gatewayId, now), cancellation);

    public ValueTask<ReclaimAnswer> ReclaimAsync(int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        _counters.Reclaim(now);

        // Each call starts one place further, the ledgers being one of the places, so that a backlog in one starves no other.
        var blocks = _blocks;
        var places = blocks.Length + 1;
        var first = (int)((uint)Interlocked.Increment(ref _reclaimRound) % places);
        var (expired, removed) = (0, 0);
        for (var i = 0; i < places; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var place = (first + i) % places;
            var rest = limit - expired - removed;
            var answer = place < blocks.Length ? blocks[place].Reclaim(rest, now) : _ledgers.Reclaim(rest, now);
            (expired, removed) = (expired + answer.Expired, removed + answer.Removed);
            if (answer.Backlog)
                return new(new ReclaimAnswer(expired, removed, Backlog: true));
        }

        return new(new ReclaimAnswer(expired, removed, Backlog: false));
    }

    public ValueTask<(Pool Pool, bool SameProperties)> CreatePoolAsync(Pool pool, CancellationToken cancellation) => Do(
        () =>
        {
            lock (_gate)
            {
                if (_registry.FindPool(pool.TenantId, pool.PoolId) is null)
                    _registry.Apply(RegistryChange.Of(pool));
                var standing = _registry.FindPool(pool.TenantId, pool.PoolId)!.Pool;
                return (standing, standing.HasPropertiesOf(pool));
            }
        },
        cancellation);

    public ValueTask<(Pool Pool, bool Changed)?> UpdatePoolAsync(
        string tenantId, string poolId, PoolUpdate update, int? expectedVersion, CancellationToken cancellation) => Do(
        () =>
        {
            lock (_gate)
            {
                var plan = _registry.PlanUpdate(tenantId, poolId, update, expectedVersion);
                if (plan is { Changed: true } changed)
                    _registry.Apply(update.ToChange(changed.Pool));
                return plan;
            }
        },
        cancellation);

    public ValueTask<Pool?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation) =>
        Do(() => _registry.FindPool(tenantId, poolId)?.Pool, cancellation);

    public ValueTask<IReadOnlyList<Pool>> ListPoolsAsync(
        string tenantId, string? afterPoolId, int limit, CancellationToken cancellation) =>
        Do(() => _registry.ListPools(tenantId, afterPoolId, limit), cancellation);

    public ValueTask<Pool?> FindOwnerAsync(PhoneNumber number, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(_registry.Locate(number)?.Block.Owner.Pool);
    }

    public ValueTask<bool> IsStockedAsync(PhoneNumber number, TimeSpan age, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(_registry.Locate(number) is not null);
    }

    public ValueTask<AddNumbersAnswer> AddNumbersAsync(
        Pool pool, NumberSelection numbers, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => AddNumbers(OwnerOf(pool), numbers, now), cancellation);

    public ValueTask<ChangeNumbersAnswer> ChangeNumbersAsync(
        Pool pool, NumberSelection numbers, StockChange change, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => ChangeNumbers(OwnerOf(pool), numbers, change, now), cancellation);

    public ValueTask<PoolStats> GetStatsAsync(Pool pool, int skip, int limit, DateTimeOffset now, CancellationToken cancellation) => Do(
        () =>
        {
            var blocks = BlocksOf(pool);
            var counted = blocks.Select(block => (block.Entry, Stats: block.Count(now))).ToList();
            var total = counted.Aggregate(default(NumberCounts), (sum, block) => sum + block.Stats.Counts);
            var next = total.Available > 0 ? null : counted.Min(block => block.Stats.NextAvailableTime);
            var page = counted.Skip(skip).Take(limit)
                .Select(block => new BlockStats(block.Entry.Prefix, block.Stats.Counts, block.Stats.NextAvailableTime, block.Entry.Area))
                .ToList();
            return new PoolStats(total, next, page, blocks.Count);
        },
        cancellation);

    public ValueTask<PoolRoom> GetRoomAsync(Pool pool, string? area, PairParties? parties, DateTimeOffset now, CancellationToken cancellation) => Do(
        () =>
        {
            var blocks = BlocksOf(pool).Where(block => area is null || block.Entry.Area == area).ToList();
            var counted = blocks.Select(block => block.Count(now)).ToList();
            var total = counted.Aggregate(default(NumberCounts), (sum, block) => sum + block.Counts);
            var pair = parties is { } both
                ? blocks.OfType<PairBlock>().Aggregate(default(PairRoom), (sum, block) => sum + block.FindRoomOf(both, now))
                : default(PairRoom?);
            return new PoolRoom(total, total.Available > 0 ? null : counted.Min(block => block.NextAvailableTime), pair);
        },
        cancellation);

    public ValueTask<RecordPage> ListRecordsAsync(
        Pool pool, bool? live, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation) => Do(
        () =>
        {
            var blocks = BlocksOf(pool);
            var records = new List<LeaseRecord>();
            var budget = MostSlotsPerPage;
            for (var at = from; at.Block < blocks.Count; at = new RecordCursor(at.Block + 1, 0))
            {
                if (blocks[at.Block].CollectRecords(at.Slot, live, limit, ref budget, now, records) is { } rest)
                    return new RecordPage(records, at with { Slot = rest });
            }

            return new RecordPage(records, null);
        },
        cancellation);

    public ValueTask<CallPage> ListCallsAsync(
        Pool pool, CallFilter filter, CallCursor from, int limit, int looked, CancellationToken cancellation) => Do(
        () =>
        {
            var blocks = BlocksOf(pool);
            var calls = new List<(uint Block, CallRecord Call)>();
            for (var at = from; at.Block < blocks.Count; at = new CallCursor(at.Block + 1))
            {
                if (filter.Block is { } only && blocks[at.Block].Id != only)
                    continue;
                if (blocks[at.Block].CollectCalls(filter, at, limit, ref looked, calls) is { } rest)
                    return new CallPage(calls, rest);
            }

            return new CallPage(calls, null);
        },
        cancellation);

    /// <inheritdoc/>
    public ValueTask<FaultyPage> ListFaultyNumbersAsync(Pool pool, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var blocks = BlocksOf(pool);
        return FaultyPage.WalkAsync(blocks.Count, from, limit, at => new(blocks[at].ListFaulty(now)));
    }

    /// <inheritdoc/>
    /// <remarks>What is in memory does not come back older.</remarks>
    public ValueTask<IReadOnlyList<BarredBlock>> ListBarredBlocksAsync(Pool pool, DateTimeOffset now, CancellationToken cancellation) =>
        Do<IReadOnlyList<BarredBlock>>(() => [], cancellation);

    public ValueTask<int> ConfirmBlocksAsync(Pool pool, BlockConfirmation confirmation, DateTimeOffset now, CancellationToken cancellation) =>
        Do(() => 0, cancellation);

    public ValueTask<BlockEntry?> FindBlockAsync(Pool pool, string prefix, PhoneNumber? number, CancellationToken cancellation) =>
        Do(() => _registry.FindBlock(OwnerOf(pool), prefix, number), cancellation);

    private static HolderAnswer Gone => new(HolderOutcome.Gone, null);

    private Block? FindBlock(uint id)
    {
        var blocks = _blocks;
        return id >= 1 && id <= blocks.Length ? blocks[(int)id - 1] : null;
    }

    private List<Block> BlocksOf(Pool pool) => [.. OwnerOf(pool).Blocks.Select(entry => FindBlock(entry.Id)).OfType<Block>()];

    private Block BlockOf(uint id) =>
        FindBlock(id) ?? throw new InvalidOperationException($"Block {id} is not in the registry.");

    private PoolEntry OwnerOf(Pool pool) =>
        _registry.FindPool(pool.TenantId, pool.PoolId) ?? throw new InvalidOperationException($"Pool {pool.PoolId} is not in the registry.");

    private AddNumbersAnswer AddNumbers(PoolEntry owner, NumberSelection numbers, DateTimeOffset now)
    {
        lock (_gate)
        {
            var plan = _registry.Plan(owner, numbers);
            if (plan.OverlappingBlocks.Count + plan.OverlappingNumbers.Count > 0)
                return new(0, 0, plan.OverlappingBlocks, plan.OverlappingNumbers);

            var added = 0;
            foreach (var change in plan.Changes)
            {
                var (entry, _, count) = _registry.Apply(change)!.Value;
                if (entry.Id > _blocks.Length)
                    _blocks = _blocks.Add(Block.Create(entry, bounds, _logBounds));
                BlockOf(entry.Id).Add(count, now);
                added += count;
            }

            var asked = (numbers.Blocks.Count * BlockEntry.SizeOf(owner.Pool)) + numbers.Numbers.Count;
            return new(added, asked - added, [], []);
        }
    }

    private ChangeNumbersAnswer ChangeNumbers(PoolEntry owner, NumberSelection numbers, StockChange change, DateTimeOffset now)
    {
        var selection = _registry.Select(owner, numbers);
        if (!selection.IsKnown)
            return new(0, 0, null, selection.UnknownBlocks, selection.UnknownNumbers);

        var results = selection.Whole.Select(block => BlockOf(block.Id).Change(null, change, now))
            .Concat(selection.Parts.Select(part => BlockOf(part.Block.Id).Change(part.Indices, change, now)))
            .ToList();
        return new(results.Sum(r => r.Changed), results.Sum(r => r.Leased), results.Max(r => r.LastExpireTime), [], []);
    }

    private static ValueTask<T> Do<T>(Func<T> step, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(step());
    }
}
