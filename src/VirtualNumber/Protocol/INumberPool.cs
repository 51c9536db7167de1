using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// The seam between the service and its stores: the steps of the lease protocol, each atomic on one delivery's ledger or on one
/// block. <see cref="LeaseVerbs"/> makes the verbs of them; README.md beside Program.cs tells why each step is as it is.
/// </summary>
/// <remarks>
/// Every method:
/// <list type="bullet">
/// <item>takes <c>now</c>, every limit and every random choice as an argument and reads no clock of its own; instants are whole
/// milliseconds;</item>
/// <item>is all or nothing, and may be repeated: a step that is cut off and sent again does no harm;</item>
/// <item>answers expected results as values and throws <see cref="StoreUnavailableException"/> when the store cannot be
/// reached or is in trouble; then the step may or may not have happened, and nothing is guessed;</item>
/// <item>ends with <see cref="OperationCanceledException"/> within the token's life; then, too, it may have happened.</item>
/// </list>
/// Each change of a block's state writes exactly one entry to the block's log, in the same step.
/// </remarks>
internal interface INumberPool
{
    /// <summary>
    /// Whether the store answers, and what it finds wrong with this instance: nothing, as a rule. After a finding that bars it, every
    /// other call throws <see cref="StoreUnavailableException"/> until a later ping finds it gone.
    /// </summary>
    ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation);

    /// <summary>
    /// The block of the pool to try next: one that probably has room, the longest rested first; null when none is left that is
    /// not in <paramref name="tried"/>, or when it is sure that no block has room. Only a hint: the take decides.
    /// </summary>
    ValueTask<uint?> ChooseBlockAsync(string tenantId, string poolId, IReadOnlyCollection<uint> tried, DateTimeOffset now, CancellationToken cancellation);

    // On a delivery's ledger.

    /// <summary>
    /// claim: a request that is bound gets its claim (Bound); else a claim that the role has (Standing); else the proposed one is
    /// written and the request bound to it (Created), or nothing is proposed (None).
    /// </summary>
    ValueTask<ClaimAnswer> ClaimAsync(ClaimStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// replace: writes the proposed claim and binds the request (Created), unless the role's claim is not the old one any more,
    /// or the request is bound and the old lease ended, or it is bound to a third claim (Moved).
    /// </summary>
    ValueTask<ClaimAnswer> ReplaceAsync(ReplaceStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>bind: binds the request to the claim; false when it is bound to another one.</summary>
    ValueTask<bool> BindAsync(Digest delivery, RequestMark request, Claim claim, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// decide: stores the event and counts up the report number when it is newer, by (event time, rank), and may follow the
    /// present status (Applied). The view is always what is stored afterwards.
    /// </summary>
    ValueTask<(ReportOutcome Outcome, LedgerView View)> DecideAsync(DecideStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Reads a ledger; null when there is none.</summary>
    ValueTask<LedgerView?> ReadLedgerAsync(Digest delivery, DateTimeOffset now, CancellationToken cancellation);

    // On a block.

    /// <summary>
    /// take: a claim that holds a slot answers it (Live, Ended); a closed one, or one older than the take window, is Closed; an
    /// expire time that is not in the future closes it (Over); no slot whose rest is over closes it (Full); else it takes the
    /// longest rested one (Live, New).
    /// </summary>
    ValueTask<TakeAnswer> TakeAsync(TakeStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// apply: sets the expire time to max(instant, floor), or to the instant alone where the terms are final, but never before
    /// <paramref name="now"/> and never past lease time + <paramref name="cap"/>. What ends now is marked as ended. A claim that the
    /// block does not know is closed.
    /// </summary>
    ValueTask<ApplyAnswer> ApplyAsync(Claim claim, int reportNumber, Terms terms, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Finds a claim's record; null when the block does not have it.</summary>
    ValueTask<LeaseRecord?> FindAsync(Claim claim, CancellationToken cancellation);

    /// <summary>Finds a holder's record; null when gone.</summary>
    ValueTask<LeaseRecord?> GetAsync(HolderKey holder, CancellationToken cancellation);

    /// <summary>extend: moves expire time and floor by <paramref name="span"/>, once per request, only while live, at most to the cap.</summary>
    ValueTask<HolderAnswer> ExtendAsync(
        HolderKey holder, RequestMark request, TimeSpan span, int limit, TimeSpan cap, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>reassign: writes another sealed number, once per request, only while live.</summary>
    ValueTask<HolderAnswer> ReassignAsync(
        HolderKey holder, RequestMark request, ReadOnlyMemory<byte> sealedNumber, Digest numberDigest, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>release: ends the lease now. One that is over already stays as it is (Ended).</summary>
    ValueTask<HolderAnswer> ReleaseAsync(HolderKey holder, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>resolve: the route of a called number. The ended mark and the expire time decide, not the presence of a record.</summary>
    ValueTask<RouteAnswer> ResolveAsync(PhoneNumber called, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// reclaim: writes down expiries, removes records whose rest is over, closed claims and ledgers whose time is over; at most
    /// <paramref name="limit"/> in all. Correct answers never wait for it.
    /// </summary>
    ValueTask<ReclaimAnswer> ReclaimAsync(int limit, DateTimeOffset now, CancellationToken cancellation);
}
