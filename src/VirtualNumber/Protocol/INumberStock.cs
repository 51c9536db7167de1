using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// The other half of the seam to a store: the registry of pools and blocks, and the stock of numbers. A number is in one pool
/// at most. The conditions of <see cref="INumberPool"/> hold for every method here too.
/// </summary>
internal interface INumberStock
{
    /// <summary>Makes a pool, or answers the one that stands; the second value tells whether it has the properties asked for.</summary>
    ValueTask<(Pool Pool, bool SameProperties)> CreatePoolAsync(Pool pool, CancellationToken cancellation);

    /// <summary>Changes a pool; null when there is none. With <paramref name="expectedVersion"/> nothing is changed unless it matches.</summary>
    ValueTask<(Pool Pool, bool Changed)?> UpdatePoolAsync(
        string tenantId, string poolId, PoolUpdate update, int? expectedVersion, CancellationToken cancellation);

    /// <summary>Finds a pool; null when there is none.</summary>
    ValueTask<Pool?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation);

    /// <summary>The tenant's pools after <paramref name="afterPoolId"/> in ordinal order of their ids, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<Pool>> ListPoolsAsync(string tenantId, string? afterPoolId, int limit, CancellationToken cancellation);

    /// <summary>The pool of a number, of whichever tenant and in whatever state it is; null when it is in none.</summary>
    ValueTask<Pool?> FindOwnerAsync(PhoneNumber number, CancellationToken cancellation);

    /// <summary>Whether the number is in some pool.</summary>
    /// <param name="number">The number.</param>
    /// <param name="age">What was read so long ago will do for a "no"; whatever is older is read anew, which the store may be unable to.</param>
    /// <param name="cancellation">The caller's.</param>
    ValueTask<bool> IsStockedAsync(PhoneNumber number, TimeSpan age, CancellationToken cancellation);

    /// <summary>Adds blocks and single numbers to a pool: all of them, or none when one overlaps.</summary>
    ValueTask<AddNumbersAnswer> AddNumbersAsync(Pool pool, NumberSelection numbers, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Suspends, restores or retires numbers: all of them, or none when one is not in the pool.</summary>
    ValueTask<ChangeNumbersAnswer> ChangeNumbersAsync(
        Pool pool, NumberSelection numbers, StockChange change, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Counts the pool, and up to <paramref name="limit"/> of its blocks after the first <paramref name="skip"/>, in the order of their adding.</summary>
    ValueTask<PoolStats> GetStatsAsync(Pool pool, int skip, int limit, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// What a lease can be had of now: in the whole pool, or in one of its areas; for a pair, also where its parties are. A read, and dear:
    /// asked only when a lease found nothing.
    /// </summary>
    ValueTask<PoolRoom> GetRoomAsync(Pool pool, string? area, PairParties? parties, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Lists records from <paramref name="from"/> on, block after block. At most <paramref name="limit"/> records and a bounded
    /// number of slots are looked at; the answer says where to go on.
    /// </summary>
    ValueTask<RecordPage> ListRecordsAsync(
        Pool pool, bool? live, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Lists calls from <paramref name="from"/> on, block after block, in each the oldest first. At most <paramref name="limit"/> calls, of at
    /// most <paramref name="looked"/> that are looked at; the answer says where to go on.
    /// </summary>
    ValueTask<CallPage> ListCallsAsync(Pool pool, CallFilter filter, CallCursor from, int limit, int looked, CancellationToken cancellation);

    /// <summary>
    /// Lists the numbers of a pool that a gateway found faulty, whatever an operator has done with them, and those on probation, from
    /// <paramref name="from"/> on, block after block in the order of the numbers. At most <paramref name="limit"/>, and a bounded number of blocks is looked
    /// at; the answer says where to go on.
    /// </summary>
    ValueTask<FaultyPage> ListFaultyNumbersAsync(Pool pool, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// The barred blocks of a pool, in the order of their adding. A store bars a block that is not what it was: then every step on it, or every
    /// take, throws <see cref="StoreUnavailableException"/>, and takes elsewhere pass it over.
    /// </summary>
    ValueTask<IReadOnlyList<BarredBlock>> ListBarredBlocksAsync(Pool pool, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Lifts the bars of blocks of a pool: from now on what the store has counts, and no slot of a lease that may have been forgotten is
    /// leased before its aging. What is barred from leasing alone stays so unless the confirmation says otherwise. Answers how many
    /// bars were lifted, whole or in part.
    /// </summary>
    ValueTask<int> ConfirmBlocksAsync(Pool pool, BlockConfirmation confirmation, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>The block of a pool that has a name (<see cref="BlockEntry.Name"/>), or the number; null when it has none.</summary>
    ValueTask<BlockEntry?> FindBlockAsync(Pool pool, string prefix, PhoneNumber? number, CancellationToken cancellation);
}

/// <summary>Blocks and single numbers of one pool.</summary>
/// <param name="Blocks">Blocks by the digits that their numbers share.</param>
/// <param name="Numbers">Single numbers.</param>
/// <param name="Area">The area code of all of them when they are added; empty: none.</param>
internal sealed record NumberSelection(IReadOnlyList<string> Blocks, IReadOnlyList<PhoneNumber> Numbers, string Area = "");

/// <summary>What to change of a pool; null: leave as it is.</summary>
internal sealed record PoolUpdate(
    TimeSpan? Aging = null, bool? WithheldCallersAllowed = null, LeaseQuota? Quota = null, string? EndedAnnouncement = null, string? EndedHotline = null)
{
    /// <summary>The new rules, which replace all of the old ones.</summary>
    public CallRules? Rules { get; init; }

    /// <summary>The kinds of numbers that may be bound.</summary>
    public PhoneNumberKindSet? AllowedKinds { get; init; }

    /// <summary>Who joins or leaves the callers that alone are connected. Who joins where anybody's calls were connected is the only one.</summary>
    public CallerChanges? AllowedCallers { get; init; }

    /// <summary>Who joins or leaves the blocked callers.</summary>
    public CallerChanges? BlockedCallers { get; init; }

    /// <summary>The pool with the changes.</summary>
    public Pool On(Pool pool) => pool with
    {
        Aging = Aging ?? pool.Aging,
        WithheldCallersAllowed = WithheldCallersAllowed ?? pool.WithheldCallersAllowed,
        Quota = Quota ?? pool.Quota,
        EndedAnnouncement = EndedAnnouncement ?? pool.EndedAnnouncement,
        EndedHotline = EndedHotline ?? pool.EndedHotline,
        Rules = On(Rules ?? pool.Rules),
        AllowedKinds = AllowedKinds ?? pool.AllowedKinds,
    };

    /// <summary>The change of the registry that makes the pool what it is with these changes.</summary>
    public RegistryChange ToChange(Pool changed) => this with { AllowedCallers = null, BlockedCallers = null } == new PoolUpdate()
        ? new(Callers: new(changed.TenantId, changed.PoolId, changed.Version, AllowedCallers, BlockedCallers))
        : RegistryChange.Of(changed);

    private CallRules On(CallRules rules) => rules with
    {
        Allowed = AllowedCallers is { } allowed && (rules.Allowed is not null || allowed.Added.Count > 0)
            ? allowed.On(rules.Allowed ?? CallerSet.Empty)
            : rules.Allowed,
        Blocked = BlockedCallers?.On(rules.Blocked) ?? rules.Blocked,
    };
}

/// <summary>The two parties of a pair, by the keyed digests of their numbers.</summary>
/// <param name="Holder">Whose role the lease is for.</param>
/// <param name="Peer">The other one; null while it is not known.</param>
internal readonly record struct PairParties(Digest Holder, Digest? Peer);

/// <summary>What a lease can be had of.</summary>
/// <param name="Counts">The places.</param>
/// <param name="NextAvailableTime">When the next place frees up; null where one is free or none will by itself.</param>
/// <param name="Pair">Where a pair's parties are; null when none was asked about.</param>
internal sealed record PoolRoom(NumberCounts Counts, DateTimeOffset? NextAvailableTime, PairRoom? Pair);

/// <summary>Where a pair's parties are among the numbers in stock. A party is on a number while it is on a lease there and until it has rested.</summary>
/// <param name="Numbers">How many numbers are in stock.</param>
/// <param name="WithRoom">How many of them have a place.</param>
/// <param name="Fitting">How many of those have neither party on them.</param>
/// <param name="Unoccupied">How many, with a place or without, have neither party on them.</param>
/// <param name="OfHolder">How many the holder is on.</param>
/// <param name="OfPeer">How many the peer is on.</param>
/// <param name="NextTime">When neither party is on some number any more, as things stand; null when one is so now or there are none.</param>
internal readonly record struct PairRoom(
    int Numbers, int WithRoom, int Fitting, int Unoccupied, int OfHolder, int OfPeer, DateTimeOffset? NextTime)
{
    /// <summary>Adds up two sets of numbers.</summary>
    public static PairRoom operator +(PairRoom left, PairRoom right)
    {
        var unoccupied = left.Unoccupied + right.Unoccupied;
        var next = unoccupied > 0 ? null
            : left.NextTime is { } one && right.NextTime is { } other ? (one < other ? one : other)
            : left.NextTime ?? right.NextTime;
        return new(
            left.Numbers + right.Numbers, left.WithRoom + right.WithRoom, left.Fitting + right.Fitting, unoccupied,
            left.OfHolder + right.OfHolder, left.OfPeer + right.OfPeer, next);
    }
}

/// <summary>What to do with numbers of the stock.</summary>
internal enum StockChange
{
    /// <summary>Take out for a while.</summary>
    Suspend,

    /// <summary>Put back what was suspended or retired.</summary>
    Restore,

    /// <summary>Take out for good.</summary>
    Retire,
}

/// <summary>The answer of AddNumbers.</summary>
/// <param name="Added">Numbers that the pool had not.</param>
/// <param name="Present">Numbers that it had.</param>
/// <param name="OverlappingBlocks">Positions of blocks that overlap with another block or number; when any, nothing was added.</param>
/// <param name="OverlappingNumbers">Positions of single numbers that do.</param>
internal sealed record AddNumbersAnswer(
    int Added, int Present, IReadOnlyList<int> OverlappingBlocks, IReadOnlyList<int> OverlappingNumbers);

/// <summary>The answer of SuspendNumbers, RestoreNumbers and RetireNumbers.</summary>
/// <param name="Changed">Numbers whose state changed.</param>
/// <param name="Leased">Numbers of the selection with a live lease.</param>
/// <param name="LastExpireTime">When the last of those leases expires, as things stand.</param>
/// <param name="UnknownBlocks">Positions of blocks that the pool has not; when any, nothing was changed.</param>
/// <param name="UnknownNumbers">Positions of single numbers that it has not.</param>
internal sealed record ChangeNumbersAnswer(
    int Changed, int Leased, DateTimeOffset? LastExpireTime, IReadOnlyList<int> UnknownBlocks, IReadOnlyList<int> UnknownNumbers);

/// <summary>The counts of a pool.</summary>
/// <param name="Counts">The whole pool.</param>
/// <param name="NextAvailableTime">When its next number frees up; null where one is free or none will by itself.</param>
/// <param name="Blocks">Some of its blocks.</param>
/// <param name="BlockCount">How many blocks it has.</param>
internal sealed record PoolStats(
    NumberCounts Counts, DateTimeOffset? NextAvailableTime, IReadOnlyList<BlockStats> Blocks, int BlockCount);

/// <summary>The counts of a block.</summary>
/// <param name="Prefix">The digits that its numbers share; empty for a bucket of single numbers.</param>
/// <param name="Counts">Its counts.</param>
/// <param name="NextAvailableTime">When its next place frees up; null where one is free or none will by itself.</param>
/// <param name="Area">The area code of its numbers; empty: none.</param>
internal sealed record BlockStats(string Prefix, NumberCounts Counts, DateTimeOffset? NextAvailableTime, string Area = "");

/// <summary>A place in a pool's walk: the position of a block in the order of adding, and a slot in it.</summary>
internal readonly record struct RecordCursor(int Block, int Slot);

/// <summary>A page of records.</summary>
/// <param name="Records">The records.</param>
/// <param name="Next">Where to go on; null at the end.</param>
internal sealed record RecordPage(IReadOnlyList<LeaseRecord> Records, RecordCursor? Next);

/// <summary>A number that a gateway found faulty, or that is on probation after that.</summary>
/// <param name="Number">The number.</param>
/// <param name="Since">Since when it is faulty; null: it is well again.</param>
/// <param name="Cause">Why, as the gateway says; empty: not told.</param>
/// <param name="ReturnTime">When it is back in allocation; null: nobody can tell.</param>
internal sealed record FaultyNumber(PhoneNumber Number, DateTimeOffset? Since, string Cause, DateTimeOffset? ReturnTime);

/// <summary>A page of such numbers.</summary>
/// <param name="Numbers">The numbers.</param>
/// <param name="Next">Where to go on: a block, and the place of a number there; null at the end.</param>
internal sealed record FaultyPage(IReadOnlyList<FaultyNumber> Numbers, RecordCursor? Next)
{
    /// <summary>How many blocks one page looks at.</summary>
    public const int MostBlocks = 200;

    /// <summary>By what is in it.</summary>
    public bool Equals(FaultyPage? other) => other is not null && Next == other.Next && Numbers.SequenceEqual(other.Numbers);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Numbers.Count, Next);

    /// <summary>Walks over blocks, each of which tells of its numbers by their places, in order.</summary>
    public static async ValueTask<FaultyPage> WalkAsync(
        int blocks, RecordCursor from, int limit, Func<int, ValueTask<IReadOnlyList<(uint Index, FaultyNumber Number)>>> read)
    {
        var numbers = new List<FaultyNumber>();
        for (var at = from; at.Block < blocks; at = new RecordCursor(at.Block + 1, 0))
        {
            if (at.Block - from.Block == MostBlocks)
                return new(numbers, at);
            foreach (var (index, number) in (await read(at.Block)).Where(faulty => faulty.Index >= at.Slot))
            {
                if (numbers.Count == limit)
                    return new(numbers, at with { Slot = (int)index });
                numbers.Add(number);
            }
        }

        return new(numbers, null);
    }
}
