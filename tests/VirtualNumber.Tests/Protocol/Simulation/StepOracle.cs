using System.Text;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// Looks at the whole store after every step and compares it with how it was before: whatever changed must be what that step may
/// change, by the rules as the design note states them, and the logs must tell exactly that.
/// </summary>
internal sealed class StepOracle
{
    private readonly RunningStore _store;
    private readonly SimulatedWorld _world;
    private readonly Dictionary<(uint Block, uint Slot), LeaseRecord> _records = [];
    private List<LeaseRecord> _before = [];
    private readonly Dictionary<uint, long> _sequences = [];
    private readonly Queue<string> _trace = new();
    private ulong _transcript = 14695981039346656037;
    private readonly HashSet<VirtualNumber.Sealing.Digest> _connected = [];
    private Claim? _latestClaim;

    internal StepOracle(RunningStore store, SimulatedWorld world)
    {
        (_store, _world) = (store, world);
        (Ledgers, Shared) = (new LedgerOracle(store), new SharedRules(this, world));
    }

    internal Slots Slots { get; } = new();

    internal LedgerOracle Ledgers { get; }

    internal SharedRules Shared { get; }

    internal long Steps { get; private set; }

    /// <summary>A digest of everything that happened: two runs of one seed have the same.</summary>
    internal ulong Transcript => _transcript;

    /// <summary>The last steps, for a failure.</summary>
    internal string Trace => string.Join(Environment.NewLine, _trace);

    /// <summary>What a verb wants to know of the record that its step took, reassigned or found the route in, at that very step.</summary>
    internal Dictionary<InFlight, Action<LeaseRecord>> Binding { get; } = [];

    /// <summary>The route that a verb was answered last.</summary>
    internal Dictionary<InFlight, RouteAnswer> Routes { get; } = [];

    /// <summary>When a verb had judged a call last, before it had it recorded, and how many numbers were stocked then.</summary>
    internal Dictionary<InFlight, (DateTimeOffset Time, int Stocked)> Judged { get; } = [];

    /// <summary>What a verb had recorded last of a call.</summary>
    internal Dictionary<InFlight, (CallStep Step, RecordCallOutcome Outcome)> Recorded { get; } = [];

    /// <summary>How often each step came to each outcome.</summary>
    internal SortedDictionary<string, int> Outcomes { get; } = new(StringComparer.Ordinal);

    /// <summary>The instants at which something turns: a lease expires, a number has rested, the latest claim is too old.</summary>
    internal IReadOnlyList<DateTimeOffset> Turns =>
    [
        .. _records.Values.SelectMany(record => new[] { record.ExpireTime, record.ExpireTime + AgingOf(record) }),
        .. Shared.Turns,
        .. _latestClaim is { } claim ? [claim.Time + ProtocolTestBounds.TakeWindow] : Array.Empty<DateTimeOffset>(),
    ];

    internal LeaseRecord? Find(HolderKey holder) =>
        _records.TryGetValue((holder.Block, holder.Slot), out var record) && record.LeaseTime == holder.LeaseTime
            && record.TenantId == holder.TenantId ? record : null;

    /// <summary>Whether a record must be kept still, by every clock. After that it may be there or not, and so may its ledger.</summary>
    internal bool Rests(LeaseRecord record) => record.ExpireTime + AgingOf(record) > _world.FastestNow;

    internal void Note(string what)
    {
        _trace.Enqueue(what);
        if (_trace.Count > 80)
            _trace.Dequeue();
        foreach (var c in what)
            _transcript = (_transcript ^ c) * 1099511628211;
    }

    /// <summary>Looks at the store after a step of a verb.</summary>
    internal async Task AfterStepAsync(InFlight verb, string name, DateTimeOffset? now, object? argument, object? answer)
    {
        Steps++;
        if (answer is ClaimAnswer { Kind: ClaimKind.Created, Claim: { } created })
        {
            _latestClaim = created;
            verb.Claims.Add(created.Id);
        }

        Count($"{name} {OutcomeOf(answer)}");
        Note($"{_world.Time.Now:MM-dd HH:mm:ss.fff} {verb.Name}: {name} {OutcomeOf(answer)} (now {now:dd HH:mm:ss.fff})");
        var changes = await ReadChangesAsync();
        Unless(
            changes.Count <= 1 || name == "reclaim" || (argument is TakeStep { Choice: not null } take && changes.All(change => change.Record.Block == take.Claim.Block)),
            () => $"{name} changed {changes.Count} records.");
        foreach (var change in changes)
            StepRules.Check(name, now, argument, change, AgingOf(change.Record), Slots);
        StepRules.CheckAnswer(name, now, argument, answer, this, changes, _world);
        TellBinding(verb, argument, answer);
        CheckFrequency(argument, answer);
        await CheckLogsAsync(changes);
        foreach (var change in changes)
            Slots.SetEnd(change.Record.Number, change.Record.ExpireTime);
        Shared.Follow(changes, now);
        Settle();
        await CheckRoomAsync(now, argument, answer);
        await Ledgers.AfterStepAsync(verb, name, now, argument, answer, _records.Values);
        CheckRecords();
        await CheckCountsAsync();
    }

    /// <summary>Looks at the store after an operator's change, which touches no record.</summary>
    internal async Task AfterStockChangeAsync(string name)
    {
        Note($"{_world.Time.Now:MM-dd HH:mm:ss.fff} {name}");
        Unless((await ReadChangesAsync()).Count == 0, () => $"{name} changed records.");
        await CheckLogsAsync([]);
        Shared.Follow([], null);
        Settle();
        await CheckCountsAsync();
    }

    internal void Count(string outcome) => Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + 1;

    /// <summary>What a count and a bar may say by themselves; what they come to the contract tests know.</summary>
    internal static void CheckCounted(DateTimeOffset now, object? answer)
    {
        if (answer is DateTimeOffset bar)
            Unless(bar > now, () => "A bar that is over is told.");
        if (answer is CountAnswer count)
            Unless(count.BarredUntil is { } until ? until > now : count.Counted, () => "What is not barred was not counted, or is barred until before now.");
    }

    /// <summary>A block's records as they are.</summary>
    internal IEnumerable<LeaseRecord> RecordsOf(uint block) => _records.Values.Where(record => record.Block == block);

    /// <summary>A block's records as they were before the step that is looked at.</summary>
    internal IEnumerable<LeaseRecord> BeforeOf(uint block) => _before.Where(record => record.Block == block);

    /// <summary>A pool's records.</summary>
    internal IEnumerable<LeaseRecord> RecordsOf(Pool pool) =>
        _records.Values.Where(record => (record.TenantId, record.PoolId) == (pool.TenantId, pool.PoolId));

    /// <summary>A number's records.</summary>
    internal IEnumerable<LeaseRecord> RecordsOf(PhoneNumber number) => _records.Values.Where(record => record.Number.Equals(number));

    internal LeaseRecord? RecordOf(PhoneNumber number) => _records.Values.FirstOrDefault(record => record.Number.Equals(number));

    internal LeaseRecord? RecordOf(Claim claim) => _records.Values.FirstOrDefault(record => record.Claim == claim.Id);

    /// <summary>Nobody is too frequent who was not connected before; what that comes to the contract tests know.</summary>
    private void CheckFrequency(object? argument, object? answer)
    {
        if ((argument, answer) is not (CallStep { Frequency.Counter: var counter }, RecordCallOutcome outcome))
            return;
        if (outcome == RecordCallOutcome.Recorded)
            _connected.Add(counter);
        Unless(outcome != RecordCallOutcome.TooFrequent || _connected.Contains(counter), () => "A caller is too frequent who was never connected.");
    }

    private void TellBinding(InFlight verb, object? argument, object? answer)
    {
        if (answer is RouteAnswer answered)
            Routes[verb] = answered;
        if ((argument, answer) is (CallStep call, RecordCallOutcome outcome))
            Recorded[verb] = (call, outcome);
        var record = answer switch
        {
            TakeAnswer { New: true, Record: { } taken } => taken,
            HolderAnswer { Outcome: HolderOutcome.Done, Record: { } changed } => changed,
            RouteAnswer { Outcome: RouteOutcome.Route, Record: { } route } => route,
            _ => null,
        };
        if (record is not null && Binding.TryGetValue(verb, out var tell))
            tell(record);
    }

    /// <summary>What is looked at from now on is the next step.</summary>
    private void Settle() => _before = [.. _records.Values];

    /// <summary>Where somebody was refused a number, the reasons that are told must be the right ones.</summary>
    private async Task CheckRoomAsync(DateTimeOffset? now, object? argument, object? answer)
    {
        if ((argument, answer) is not (TakeStep { Pair: { } pair } take, TakeAnswer { Outcome: TakeOutcome.Full }))
            return;
        var (pool, parties) = (_world.PoolOfBlock(take.Claim.Block)!, new PairParties(take.NumberDigest, pair.Peer));
        var room = await _store.Stock.GetRoomAsync(pool, null, parties, now!.Value, CancellationToken.None);
        if (Shared.RoomOf(pool, parties, now.Value) is { } expected)
            Unless(room.Pair == expected, () => $"The parties are said to be {room.Pair} where they are {expected}.");
    }

    private TimeSpan AgingOf(LeaseRecord record) => _world.AgingOf(record.TenantId, record.PoolId);

    private async Task<List<RecordChange>> ReadChangesAsync()
    {
        var present = new Dictionary<(uint Block, uint Slot), LeaseRecord>();
        var pages = await Task.WhenAll(_world.Pools.Select(
            pool => _store.Stock.ListRecordsAsync(pool, null, default, int.MaxValue, _world.Time.Now, CancellationToken.None).AsTask()));
        foreach (var record in pages.SelectMany(page => page.Records))
            Unless(present.TryAdd((record.Block, record.Slot), record), () => "A slot has two records.");

        var changes = new List<RecordChange>();
        foreach (var (place, before) in _records)
        {
            if (!present.TryGetValue(place, out var after))
                changes.Add(new(before, null));
            else if (before != after)
                changes.Add(new(before, after));
        }

        changes.AddRange(present.Where(pair => !_records.ContainsKey(pair.Key)).Select(pair => new RecordChange(null, pair.Value)));
        _records.Clear();
        foreach (var (place, record) in present)
            _records.Add(place, record);
        return changes;
    }

    /// <summary>Exactly one log entry for each change, in order, numbered without a gap.</summary>
    private async Task CheckLogsAsync(List<RecordChange> changes)
    {
        var expected = changes.SelectMany(change => change.Entries()).GroupBy(entry => entry.Block)
            .ToDictionary(group => group.Key, group => group.Select(entry => (entry.Kind, entry.Slot, entry.LeaseTime)).ToHashSet());
        var logs = await Task.WhenAll(Enumerable.Range(1, _store.BlockCount).Select(
            block => _store.ReadLogAsync((uint)block, after: _sequences.GetValueOrDefault((uint)block)).AsTask()));
        for (var block = 1u; block <= logs.Length; block++)
        {
            var last = _sequences.GetValueOrDefault(block);
            var entries = logs[block - 1];
            Unless(
                entries.Select(entry => entry.Sequence).SequenceEqual(Enumerable.Range(1, entries.Count).Select(i => last + i)),
                () => $"The log of block {block} has a gap.");
            if (entries.Count > 0)
                _sequences[block] = entries[^1].Sequence;
            var told = entries.Where(entry => entry.Slot is not null)
                .Select(entry => (entry.Kind, entry.Slot!.Value, entry.LeaseTime!.Value)).ToList();
            var due = expected.GetValueOrDefault(block) ?? [];
            Unless(
                told.Count == due.Count && due.SetEquals(told),
                () => $"The log of block {block} tells {string.Join(", ", told)} where {string.Join(", ", due)} happened.");
            var (ended, leased) = (told.FindLastIndex(e => e.Kind == LogKind.Expired), told.FindIndex(e => e.Kind == LogKind.Leased));
            Unless(leased < 0 || ended < leased, () => "A lease is logged before the ends that made room for it.");
        }
    }

    private void CheckRecords()
    {
        var claims = new HashSet<VirtualNumber.Sealing.ClaimId>();
        var roles = new HashSet<(VirtualNumber.Sealing.Digest, DeliveryRole)>();
        foreach (var record in _records.Values)
        {
            Unless(claims.Add(record.Claim), () => $"Claim {record.Claim} holds two slots.");
            if (record.IsLive(_world.SlowestNow))
                Unless(roles.Add((record.Delivery, record.Role)), () => $"Two leases of one {record.Role} live.");
        }

        Shared.CheckRecords(_records.Values);
    }

    /// <summary>Available, leased, aging, suspended and retired add up to what was stocked, and each is what the oracle counts.</summary>
    private async Task CheckCountsAsync()
    {
        var now = _world.Time.Now;
        var counted = await Task.WhenAll(_world.Pools.Select(
            pool => _store.Stock.GetStatsAsync(pool, skip: 0, limit: int.MaxValue, now, CancellationToken.None).AsTask()));
        foreach (var (pool, stats) in _world.Pools.Zip(counted))
        {
            var isDirect = pool.Mode == PoolMode.Direct;
            var (expected, next) = isDirect ? (Slots.CountOf(pool, _world.AgingOf(pool.TenantId, pool.PoolId), now), null) : Shared.Count(pool, now);
            Unless(stats.Counts == expected, () => $"{pool.PoolId} counts {stats.Counts} where there are {expected}.");
            Unless(isDirect || stats.NextAvailableTime == next, () => $"{pool.PoolId} has a place {stats.NextAvailableTime:O} where {next:O} is right.");
        }
    }

    private static string OutcomeOf(object? answer) => answer switch
    {
        null => "none",
        ClaimAnswer claim => claim.Kind + (claim.SameContent ? "" : " other content"),
        TakeAnswer take => take.Outcome + (take.New ? " new" : ""),
        ApplyAnswer apply => apply.Outcome.ToString(),
        HolderAnswer holder => holder.Outcome.ToString(),
        RouteAnswer route => route.Outcome.ToString(),
        ValueTuple<ReportOutcome, LedgerView> decided => decided.Item1.ToString(),
        bool bound => bound.ToString(),
        RecordCallOutcome recorded => recorded.ToString(),
        ReclaimAnswer reclaim => new StringBuilder("e").Append(Math.Min(reclaim.Expired, 1)).Append('r').Append(Math.Min(reclaim.Removed, 1)).ToString(),
        _ => "some",
    };
}
