using VirtualNumber.Leasing;

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
        string tenantId, string poolId, TimeSpan? aging, bool? withheldCallersAllowed, int? expectedVersion, CancellationToken cancellation);

    /// <summary>Finds a pool; null when there is none.</summary>
    ValueTask<Pool?> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation);

    /// <summary>The tenant's pools after <paramref name="afterPoolId"/> in ordinal order of their ids, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<Pool>> ListPoolsAsync(string tenantId, string? afterPoolId, int limit, CancellationToken cancellation);

    /// <summary>Whether the number is in some pool, of whichever tenant, in whatever state.</summary>
    ValueTask<bool> IsStockedAsync(PhoneNumber number, CancellationToken cancellation);

    /// <summary>Adds blocks and single numbers to a pool: all of them, or none when one overlaps.</summary>
    ValueTask<AddNumbersAnswer> AddNumbersAsync(Pool pool, NumberSelection numbers, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Suspends, restores or retires numbers: all of them, or none when one is not in the pool.</summary>
    ValueTask<ChangeNumbersAnswer> ChangeNumbersAsync(
        Pool pool, NumberSelection numbers, StockChange change, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Counts the pool, and up to <paramref name="limit"/> of its blocks after the first <paramref name="skip"/>, in the order of their adding.</summary>
    ValueTask<PoolStats> GetStatsAsync(Pool pool, int skip, int limit, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Lists records from <paramref name="from"/> on, block after block. At most <paramref name="limit"/> records and a bounded
    /// number of slots are looked at; the answer says where to go on.
    /// </summary>
    ValueTask<RecordPage> ListRecordsAsync(
        Pool pool, bool? live, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation);
}

/// <summary>Blocks and single numbers of one pool.</summary>
/// <param name="Blocks">Blocks by the digits that their numbers share.</param>
/// <param name="Numbers">Single numbers.</param>
internal sealed record NumberSelection(IReadOnlyList<string> Blocks, IReadOnlyList<PhoneNumber> Numbers);

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
/// <param name="NextAvailableTime">When its next number frees up; null where one is free or none will by itself.</param>
internal sealed record BlockStats(string Prefix, NumberCounts Counts, DateTimeOffset? NextAvailableTime);

/// <summary>A place in a pool's walk: the position of a block in the order of adding, and a slot in it.</summary>
internal readonly record struct RecordCursor(int Block, int Slot);

/// <summary>A page of records.</summary>
/// <param name="Records">The records.</param>
/// <param name="Next">Where to go on; null at the end.</param>
internal sealed record RecordPage(IReadOnlyList<LeaseRecord> Records, RecordCursor? Next);
