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
    /// <summary>How much of what is due one take tidies up at a time.</summary>
    const int MostDuePerTake = 1_000;

    /// <summary>How many records of calls go at most for one that comes, where a block has more than it may keep.</summary>
    const int MostEvictedPerCall = 10;

    /// <summary>
    /// Whether the store answers, and what it finds wrong with this instance: nothing, as a rule. After a finding that bars it, every
    /// other call throws <see cref="StoreUnavailableException"/> until a later ping finds it gone.
    /// </summary>
    ValueTask<IReadOnlyList<StoreFinding>> PingAsync(CancellationToken cancellation);

    /// <summary>
    /// The block of the pool to try next: one that probably has room, the longest rested first; for a pair the first one, in the order of
    /// their adding, in which both parties fit. Null when none is left that was not tried, or when it is sure that none has room. Only a
    /// hint: the take decides.
    /// </summary>
    ValueTask<uint?> ChooseBlockAsync(BlockChoice choice, DateTimeOffset now, CancellationToken cancellation);

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
    /// take: a claim that holds a slot answers it (Live, Ended); a closed one, one older than the take window, or one in a block of
    /// another pool than the step's, is Closed; an expire time that is not in the future closes it (Over); no slot to be had closes
    /// it (Full); else it takes one (Live, New).
    /// </summary>
    /// <remarks>
    /// Which one? In direct mode the longest rested number. Where numbers are shared, first all that is due in the block is written down
    /// and removed, as by Reclaim, at most <see cref="MostDuePerTake"/> entries at a time and again while nothing is to be had; then the
    /// number is, of those in stock whose live leases are fewer than the density and of whose slots one is neither live nor aging: in
    /// extension mode the one with the fewest live and aging slots, the first of equals; in pair mode the first on which neither party is,
    /// its aging there included. The slot is the first of the candidates that is neither live nor aging on it, else the n-th of all such,
    /// in ascending order, n being the pick modulo their count.
    /// </remarks>
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

    /// <summary>
    /// reassign: writes other sealed numbers, once per request, only while live. In pair mode whoever joins must not be on the number, its
    /// aging there included, and whoever leaves rests there from now on; else Busy, or Moved where the step asks for it: then the lease
    /// is ended (released) in the same step, and a repeat answers Moved again.
    /// </summary>
    ValueTask<HolderAnswer> ReassignAsync(ReassignStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>release: ends the lease now. One that is over already stays as it is (Ended).</summary>
    ValueTask<HolderAnswer> ReleaseAsync(HolderKey holder, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// resolve: the route of a called number. The ended mark and the expire time decide, not the presence of a record. In pair mode only who
    /// was a party there and has not rested since finds the record: Route while that lives and the party is still on it, else Ended.
    /// </summary>
    ValueTask<RouteAnswer> ResolveAsync(RouteStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Until when a counter is barred; null: it is not.</summary>
    ValueTask<DateTimeOffset?> FindBarAsync(Digest counter, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// count: adds one to a counter that is not barred. A count begins with its first event and is over after the window; with the
    /// event that makes it reach the limit the counter is barred.
    /// </summary>
    ValueTask<CountAnswer> CountAsync(CountStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Notes what a gateway says of a number, unless it is older than what is known (at one time faulty outranks well). A faulty number leaves
    /// allocation, and its leases go on; once it is well it is back after its probation, by the time alone. What an operator has taken out
    /// stays out, and what he restores is not faulty any more.
    /// </summary>
    ValueTask<HealthAnswer> ReportHealthAsync(HealthStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Notes that an instance of a gateway was heard, unless a later time of it is known: then it answers false. What is kept of a gateway is
    /// bounded (<see cref="GatewayBeats"/>).
    /// </summary>
    ValueTask<bool> BeatAsync(string gatewayId, InstanceBeat beat, CancellationToken cancellation);

    /// <summary>What is known of a gateway's instances, in any order.</summary>
    ValueTask<IReadOnlyList<InstanceBeat>> ListBeatsAsync(string gatewayId, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// record call: writes what a look-up came to into the record of its call, in the block of the called number; a call that is to be
    /// connected is counted, or refused where a limit is reached. For <see cref="CallFrequency.SameCallWithin"/> after it was
    /// counted a second look-up of a call neither counts nor is refused. A look-up that reached no lease changes nothing of a record that has one; one that reached another lease than the record
    /// has is another call, and its record takes the place of the first, whose events must not be told of this holder.
    /// </summary>
    /// <remarks>
    /// Records of calls and what is counted are no state of the block: nothing is logged. Throws <see cref="StoreUnavailableException"/> with
    /// <see cref="StoreTrouble.ChangesRefused"/> or <see cref="StoreTrouble.Moving"/> where the store takes no changes for now; then nothing was
    /// recorded or counted.
    /// </remarks>
    ValueTask<RecordCallOutcome> RecordCallAsync(CallStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// report call events: adds to the record of a call what it has not, all of it or nothing, and makes the record where there is none. Whether
    /// the lease still lives, or its slot has another holder by now, does not matter: the epoch tells them apart.
    /// </summary>
    ValueTask<CallEventsAnswer> ReportCallEventsAsync(CallEventsStep step, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// reclaim: writes down expiries, removes records whose rest is over, closed claims, ledgers and records of calls whose time is over; at
    /// most <paramref name="limit"/> in all. Correct answers never wait for it.
    /// </summary>
    ValueTask<ReclaimAnswer> ReclaimAsync(int limit, DateTimeOffset now, CancellationToken cancellation);
}
