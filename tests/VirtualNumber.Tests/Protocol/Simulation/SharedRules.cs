using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// What shared numbers promise, written down a second time, from the records that the oracle sees before and after each step: which slot a
/// take must get, who is on which number, who is connected, what is counted. Plain and slow: there are few records.
/// </summary>
internal sealed class SharedRules(StepOracle oracle, SimulatedWorld world)
{
    private readonly Dictionary<(PhoneNumber Number, Digest Party), Stay> _stays = [];

    /// <summary>The instants at which somebody who was reassigned away has rested.</summary>
    internal IEnumerable<DateTimeOffset> Turns =>
        _stays.Where(stay => stay.Value.LeftAt is not null).Select(stay => stay.Value.LeftAt!.Value + AgingOf(stay.Key.Number));

    /// <summary>A take that decided its claim has tidied up, and got the very slot that the rules name; or there was none.</summary>
    internal void CheckTake(TakeStep take, DateTimeOffset now, TakeAnswer answer)
    {
        var (pool, aging) = (world.PoolOfBlock(take.Claim.Block)!, world.AgingOfBlock(take.Claim.Block));
        Unless(
            oracle.RecordsOf(take.Claim.Block).All(record => record.ExpireTime > now - aging && (record.End != EndReason.None || record.ExpireTime > now)),
            () => "A take left behind what was due.");
        var slots = new[] { false, true }.Select(forgotten => ExpectedSlot(take, pool, now, forgotten)).ToList();
        Unless(
            slots.Contains(answer.Record?.Slot), () => $"A take got slot {answer.Record?.Slot} where {string.Join(" or ", slots)} was its due.");
        var live = oracle.RecordsOf(take.Claim.Block).Where(record => record.End == EndReason.None).GroupBy(record => record.Number);
        Unless(live.All(number => number.Count() <= pool.Density), () => "A number has more live leases than its density.");
    }

    /// <summary>A block is chosen in the order of the blocks, and none that has room is passed over.</summary>
    internal void CheckChoice(BlockChoice choice, DateTimeOffset now, uint? chosen)
    {
        if (world.FindPool(choice.TenantId, choice.PoolId) is not { Mode: not PoolMode.Direct } pool)
            return;
        var eligible = world.BlocksOf(pool).Where(block => !choice.Tried.Contains(block) && (choice.Area is null || choice.Area == world.AreaOf(block))).ToList();
        Unless(chosen is not { } block || eligible.Contains(block), () => $"Block {chosen} was tried, or is another pool's or area's.");
        var passedOver = eligible.Where(other => pool.Mode == PoolMode.Pair || chosen is null)
            .TakeWhile(other => other != chosen).Where(other => FindNumber(other, pool, choice.Parties, now, asIfForgotten: false) is not null).ToList();
        Unless(passedOver.Count == 0, () => $"Block {passedOver[0]} has room, and {chosen?.ToString() ?? "none"} was chosen.");
    }

    /// <summary>Who joins must not be on the number; and nobody is refused or moved who is not.</summary>
    internal void CheckReassigned(ReassignStep step, DateTimeOffset now, HolderAnswer answer, RecordChange? change)
    {
        if (answer.Outcome is HolderOutcome.Moved && change is null)
        {
            Unless(
                answer.Record is { Pair.Moved: true, End: EndReason.Released } moved && moved.Reassignments[^1] == step.Request,
                () => "A request is said to have moved a lease that it has not moved.");
            return;
        }

        if (answer.Outcome is not (HolderOutcome.Done or HolderOutcome.Busy or HolderOutcome.Moved) || answer.Record!.Pair is null)
            return;
        var before = oracle.BeforeOf(answer.Record.Block).Single(record => record.Slot == answer.Record.Slot);
        var (holder, peer) = (step.Number?.Digest ?? before.NumberDigest, step.Peer?.Digest ?? before.Pair!.Peer);
        var joining = PartiesOf(holder, peer).Except(PartiesOf(before)).ToList();
        bool IsBusy(bool forgotten) => holder == peer || joining.Any(party => IsOn(before.Number, party, now, forgotten));
        Unless(answer.Outcome != HolderOutcome.Done || !IsBusy(forgotten: true), () => "Somebody joined who was on the number.");
        Unless(answer.Outcome == HolderOutcome.Done || IsBusy(forgotten: false), () => "Nobody who would join was on the number.");
        Unless(answer.Outcome != HolderOutcome.Busy || change is null, () => "What was refused changed something.");
        Unless(answer.Outcome != HolderOutcome.Moved || step.EndIfBusy, () => "A lease was moved that should not be.");
    }

    /// <summary>What a look-up may come to, and with which lease.</summary>
    internal IReadOnlyList<(RouteOutcome Outcome, LeaseRecord? Record)> ExpectedRoutes(RouteStep step, DateTimeOffset now)
    {
        var pool = oracle.Slots.PoolOf(step.Called);
        if (pool.Mode == PoolMode.Extension)
            return [RouteOf(step.Called, RecordAt(step.Called, pool, step.Part), now, isParty: true)];

        (RouteOutcome, LeaseRecord?) nobody = (RouteOutcome.NotLeased, null);
        if (step.Party is not { } party || !IsOn(step.Called, party, now, asIfForgotten: false))
            return [nobody];
        var stay = _stays[(step.Called, party)];
        var record = oracle.RecordsOf(stay.Block).FirstOrDefault(record => record.Slot == stay.Slot);
        var found = RouteOf(step.Called, record, now, record is not null && PartiesOf(record).Contains(party));
        return stay.MayBeForgotten ? [found, nobody] : [found];
    }

    /// <summary>The counts of a pool whose numbers are shared, and when its next place frees up.</summary>
    internal (NumberCounts Counts, DateTimeOffset? NextAvailableTime) Count(Pool pool, DateTimeOffset now)
    {
        var (inStock, suspended, retired) = oracle.Slots.StatesOf(pool);
        var (available, leased, draining) = ((long)inStock * pool.Density, 0L, 0L);
        var next = new List<DateTimeOffset>();
        var numbers = oracle.RecordsOf(pool).GroupBy(record => record.Number).ToList();
        foreach (var number in numbers)
        {
            var places = PlacesOf(number, pool, now);
            if (oracle.Slots.IsRetired(number.Key))
                draining += places.Live;
            if (!oracle.Slots.IsInStock(number.Key))
                continue;
            (available, leased) = (available - pool.Density + places.Available, leased + places.Live);
            next.Add(places.NextTime);
        }

        var counts = new NumberCounts(
            available, leased, ((long)inStock * pool.Density) - available - leased, (long)suspended * pool.Density, (long)retired * pool.Density, draining);
        return (counts, available > 0 || next.Count == 0 ? null : next.Min());
    }

    /// <summary>Where the parties of a pair are in its whole pool; null where that cannot be known from outside.</summary>
    internal PairRoom? RoomOf(Pool pool, PairParties parties, DateTimeOffset now)
    {
        var numbers = oracle.Slots.NumbersOf(pool).Where(oracle.Slots.IsInStock).ToList();
        var both = PartiesOf(parties.Holder, parties.Peer);
        if (numbers.Any(number => both.Any(party => IsOn(number, party, now, false) != IsOn(number, party, now, true))))
            return null;

        bool OfHolder(PhoneNumber number) => IsOn(number, parties.Holder, now, false);
        bool OfPeer(PhoneNumber number) => parties.Peer is { } peer && IsOn(number, peer, now, false);
        bool HasRoom(PhoneNumber number) => PlacesOf(oracle.RecordsOf(number), pool, now).Available > 0;
        var unoccupied = numbers.Where(number => !OfHolder(number) && !OfPeer(number)).ToList();
        DateTimeOffset? next = unoccupied.Count > 0 || numbers.Count == 0 ? null
            : numbers.Min(number => both.Where(party => IsOn(number, party, now, false)).Max(party => EndOf(number, party)!.Value)) + AgingOf(numbers[0]);
        return new(
            numbers.Count, numbers.Count(HasRoom), unoccupied.Count(HasRoom), unoccupied.Count, numbers.Count(OfHolder), numbers.Count(OfPeer), next);
    }

    /// <summary>Keeps the oracle's own books of who is where.</summary>
    internal void Follow(IReadOnlyList<RecordChange> changes, DateTimeOffset? now)
    {
        // Whoever leaves a record that is removed does so before the same step puts others in its place.
        foreach (var change in changes.Where(change => (change.IsRemoved || change.IsLeased) && change.Before?.Pair is not null))
        {
            foreach (var party in PartiesOf(change.Before!))
            {
                if (_stays.TryGetValue((change.Before!.Number, party), out var stay) && stay.IsIn(change.Before) && stay.LeftAt is null)
                    _stays.Remove((change.Before.Number, party));
            }
        }

        foreach (var change in changes.Where(change => change.After?.Pair is not null))
        {
            var (after, past) = (change.After!, change.IsLeased ? [] : PartiesOf(change.Before!));
            foreach (var party in past.Except(PartiesOf(after)))
                _stays[(after.Number, party)] = new Stay(after.Block, after.Slot) { LeftAt = now };
            foreach (var party in PartiesOf(after).Except(past))
                _stays[(after.Number, party)] = new Stay(after.Block, after.Slot);
        }

        foreach (var (key, stay) in _stays)
            stay.MayBeForgotten |= stay.LeftAt <= world.FastestNow - AgingOf(key.Number);
    }

    /// <summary>A party is on a number once; each record is where its slot says.</summary>
    internal void CheckRecords(IReadOnlyCollection<LeaseRecord> records)
    {
        foreach (var record in records.Where(record => world.FindPool(record.TenantId, record.PoolId)!.Mode != PoolMode.Direct))
        {
            var slots = world.FindPool(record.TenantId, record.PoolId)!.SlotsPerNumber();
            Unless(
                oracle.Slots.PlaceOf(record.Number) == (record.Block, record.Slot / slots), () => $"{record.Number.Canonical} is not the number of slot {record.Slot}.");
        }

        var parties = new HashSet<(PhoneNumber, Digest)>();
        foreach (var record in records.Where(record => record.Pair is not null && record.IsLive(world.SlowestNow)))
        {
            foreach (var party in PartiesOf(record))
                Unless(parties.Add((record.Number, party)), () => $"A party is on {record.Number.Canonical} twice.");
        }
    }

    private (RouteOutcome Outcome, LeaseRecord? Record) RouteOf(PhoneNumber called, LeaseRecord? record, DateTimeOffset now, bool isParty) =>
        record is null ? (RouteOutcome.NotLeased, null)
        : oracle.Slots.IsSuspended(called) ? (RouteOutcome.Suspended, null)
        : (record.IsLive(now) && isParty ? RouteOutcome.Route : RouteOutcome.Ended, record);

    private LeaseRecord? RecordAt(PhoneNumber called, Pool pool, uint part) => part >= pool.SlotsPerNumber() ? null
        : oracle.RecordsOf(oracle.Slots.PlaceOf(called).Block).FirstOrDefault(
            record => record.Number.Equals(called) && record.Slot % pool.SlotsPerNumber() == part);

    private uint? ExpectedSlot(TakeStep take, Pool pool, DateTimeOffset now, bool asIfForgotten)
    {
        var block = take.Claim.Block;
        PairParties? parties = take.Pair is { } pair ? new(take.NumberDigest, pair.Peer) : null;
        if (FindNumber(block, pool, parties, now, asIfForgotten) is not { } number)
            return null;

        var slots = pool.SlotsPerNumber();
        var taken = PresentOf(block, number, now).Select(record => record.Slot % slots).ToHashSet();
        var candidate = take.Choice!.Candidates.Select(slot => (uint?)slot).FirstOrDefault(slot => !taken.Contains(slot!.Value));
        var free = candidate is null ? Enumerable.Range(0, (int)slots).Select(slot => (uint)slot).Except(taken).ToList() : [];
        return (oracle.Slots.PlaceOf(number).Index * slots) + (candidate ?? free[(int)(take.Choice.Pick % (uint)free.Count)]);
    }

    /// <summary>The number that a take gets: of those with a place and a free slot, the emptiest; for a pair the first on which nobody of it is.</summary>
    private PhoneNumber? FindNumber(uint block, Pool pool, PairParties? parties, DateTimeOffset now, bool asIfForgotten)
    {
        var open = oracle.Slots.InStockOf(block).Select(number => (Number: number, Present: PresentOf(block, number, now)))
            .Where(of => of.Present.Count < pool.SlotsPerNumber() && of.Present.Count(record => record.IsLive(now)) < pool.Density);
        return parties is not { } pair ? open.OrderBy(of => of.Present.Count).Select(of => of.Number).FirstOrDefault()
            : pair.Holder == pair.Peer ? null
            : open.Select(of => of.Number)
                .FirstOrDefault(number => PartiesOf(pair.Holder, pair.Peer).All(party => !IsOn(number, party, now, asIfForgotten)));
    }

    /// <summary>What is left of a number's records, as they were before the step, once all that is due is tidied up.</summary>
    private List<LeaseRecord> PresentOf(uint block, PhoneNumber number, DateTimeOffset now) =>
        [.. oracle.BeforeOf(block).Where(record => record.Number.Equals(number) && record.ExpireTime > now - AgingOf(number))];

    /// <summary>The places of one number, by all its records.</summary>
    private (int Available, int Live, DateTimeOffset NextTime) PlacesOf(IEnumerable<LeaseRecord> all, Pool pool, DateTimeOffset now)
    {
        var aging = world.AgingOf(pool.TenantId, pool.PoolId);
        var records = all.Where(record => record.IsLive(now) || record.ExpireTime > now - aging).ToList();
        var live = records.Where(record => record.IsLive(now)).ToList();
        var available = Math.Max(0, Math.Min(pool.Density - live.Count, (int)pool.SlotsPerNumber() - records.Count));
        var next = available > 0 ? DateTimeOffset.MaxValue
            : live.Count >= pool.Density ? live.Min(record => record.ExpireTime)
            : records.Except(live).Min(record => record.ExpireTime) + aging;
        return (available, live.Count, next);
    }

    private bool IsOn(PhoneNumber number, Digest party, DateTimeOffset now, bool asIfForgotten) =>
        EndOf(number, party) is { } end && end > now - AgingOf(number) && !(asIfForgotten && _stays[(number, party)].MayBeForgotten);

    /// <summary>The end of a party's stay, as things were before the step.</summary>
    private DateTimeOffset? EndOf(PhoneNumber number, Digest party) => !_stays.TryGetValue((number, party), out var stay) ? null
        : stay.LeftAt ?? oracle.BeforeOf(stay.Block).Single(stay.IsIn).ExpireTime;

    private TimeSpan AgingOf(PhoneNumber number) => oracle.Slots.PoolOf(number) is var pool ? world.AgingOf(pool.TenantId, pool.PoolId) : default;

    private static List<Digest> PartiesOf(LeaseRecord record) => PartiesOf(record.NumberDigest, record.Pair!.Peer);

    private static List<Digest> PartiesOf(Digest holder, Digest? peer) => peer is { } other ? [holder, other] : [holder];

    /// <summary>Where a party came to a number last.</summary>
    private sealed class Stay(uint block, uint slot)
    {
        internal uint Block { get; } = block;

        internal uint Slot { get; } = slot;

        /// <summary>When it was reassigned away; null: its stay ends as the lease does.</summary>
        internal DateTimeOffset? LeftAt { get; init; }

        /// <summary>
        /// It has left, and has rested by some clock: that nobody can see from outside whether it is still remembered matters only to slower
        /// clocks, and when the aging grows.
        /// </summary>
        internal bool MayBeForgotten { get; set; }

        internal bool IsIn(LeaseRecord record) => (record.Block, record.Slot) == (Block, Slot);
    }
}
