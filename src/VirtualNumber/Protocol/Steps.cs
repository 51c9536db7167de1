using System.Buffers.Binary;
using System.Collections.Immutable;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>How a claim came out of the ledger.</summary>
internal enum ClaimKind
{
    /// <summary>The role has no claim, and no block was proposed for one.</summary>
    None,

    /// <summary>The request is bound to this claim: it is this request's lease, or would have been.</summary>
    Bound,

    /// <summary>The role has this claim from another request; whether it lives is not known yet. The request is not bound.</summary>
    Standing,

    /// <summary>The claim was written now, and the request bound to it.</summary>
    Created,

    /// <summary>Somebody else changed the role's claim in between (replace only); nothing was written.</summary>
    Moved,
}

/// <summary>The answer of claim and replace.</summary>
/// <param name="Kind">How the claim came out.</param>
/// <param name="Claim">The claim; null when <see cref="ClaimKind.None"/> or <see cref="ClaimKind.Moved"/>.</param>
/// <param name="SameContent">False when the request was bound with other content.</param>
/// <param name="ReportNumber">The delivery's report number, read in the same step that wrote the claim.</param>
/// <param name="Terms">What the latest report means; null when there was none.</param>
internal readonly record struct ClaimAnswer(ClaimKind Kind, Claim? Claim, bool SameContent, int ReportNumber, Terms? Terms);

/// <summary>Proposes a claim for a role.</summary>
/// <param name="Delivery">The ledger.</param>
/// <param name="Role">The role.</param>
/// <param name="Request">The request; null without a request id.</param>
/// <param name="ProposedId">The claim's id, should one be written.</param>
/// <param name="ProposedBlock">Its block; null: write none.</param>
/// <param name="KeepUntil">The ledger is kept at least until then.</param>
/// <param name="Forget">A closed claim to which the request may be bound: that binding is removed.</param>
internal readonly record struct ClaimStep(
    Digest Delivery, DeliveryRole Role, RequestMark? Request, ClaimId ProposedId, uint? ProposedBlock, DateTimeOffset KeepUntil, ClaimId? Forget);

/// <summary>Puts another claim in the place of one that ended or was closed.</summary>
/// <param name="Delivery">The ledger.</param>
/// <param name="Role">The role.</param>
/// <param name="Request">The request; null without a request id.</param>
/// <param name="Old">The claim to replace.</param>
/// <param name="Ended">True: the old claim's lease has ended. False: it was closed and never took a slot.</param>
/// <param name="ProposedId">The new claim's id.</param>
/// <param name="ProposedBlock">The new claim's block.</param>
/// <param name="KeepUntil">The ledger is kept at least until then.</param>
internal readonly record struct ReplaceStep(
    Digest Delivery, DeliveryRole Role, RequestMark? Request, ClaimId Old, bool Ended, ClaimId ProposedId, uint ProposedBlock, DateTimeOffset KeepUntil);

/// <summary>Which block to try.</summary>
/// <param name="TenantId">Whose pool.</param>
/// <param name="PoolId">Which pool.</param>
/// <param name="Tried">Blocks not to be named again.</param>
/// <param name="Area">Only blocks of this area; null: of any.</param>
/// <param name="Parties">The parties of a pair; null in the other modes.</param>
internal readonly record struct BlockChoice(
    string TenantId, string PoolId, IReadOnlyCollection<uint> Tried, string? Area = null, PairParties? Parties = null);

/// <summary>Takes a slot for a claim.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Delivery">Written to the record.</param>
/// <param name="Role">Written to the record.</param>
/// <param name="ReportNumber">As the ledger answered with the claim.</param>
/// <param name="ExpireTime">The first expire time.</param>
/// <param name="SealedNumber">The real number, sealed.</param>
/// <param name="NumberDigest">Keyed digest of it.</param>
internal readonly record struct TakeStep(
    Claim Claim, Digest Delivery, DeliveryRole Role, int ReportNumber, DateTimeOffset ExpireTime, ReadOnlyMemory<byte> SealedNumber, Digest NumberDigest)
{
    /// <summary>
    /// The pool that the lease is asked of; null: whichever the claim's block is of. An earlier request may have claimed in another one, whose
    /// numbers are shared in another way: that claim is closed.
    /// </summary>
    public string? PoolId { get; init; }

    /// <summary>Which slot of a shared number to prefer; null in direct mode.</summary>
    public SlotChoice? Choice { get; init; }

    /// <summary>The other side of a pair; null in the other modes.</summary>
    public PairSide? Pair { get; init; }

    /// <summary>Keyed digest of all that the lease stands for; null: of the one number.</summary>
    public Digest? LeasedDigest { get; init; }

    /// <summary>When calls are connected, and whose, besides the pool's rules.</summary>
    public CallRules Rules { get; init; } = CallRules.None;

    /// <summary>What extensions of the lease that it takes the place of promised; null: nothing.</summary>
    public DateTimeOffset? Floor { get; init; }

    /// <summary>Those extensions.</summary>
    public ImmutableArray<RequestMark> Extensions { get; init; } = [];

    /// <summary>The record of the slot that was taken.</summary>
    public LeaseRecord ToRecord(Pool pool, uint slot, PhoneNumber number, DateTimeOffset now, string area = "") => new()
    {
        Extension = pool.ExtensionOf(slot),
        Area = area,
        TenantId = pool.TenantId,
        PoolId = pool.PoolId,
        Block = Claim.Block,
        Slot = slot,
        Number = number,
        Claim = Claim.Id,
        Delivery = Delivery,
        Role = Role,
        LeaseTime = now,
        ExpireTime = ExpireTime,
        ReportNumber = ReportNumber,
        SealedNumber = SealedNumber,
        NumberDigest = NumberDigest,
        LeasedDigest = LeasedDigest ?? NumberDigest,
        Pair = Pair,
        Rules = Rules,
        Floor = Floor,
        Extensions = Extensions,
    };
}

/// <summary>The random choices by which a take finds a slot of a shared number: drawn by the caller, so that a seed replays them.</summary>
/// <param name="Candidates">Slots within a number, each below the count of its slots, in order of preference.</param>
/// <param name="Pick">Chooses among all that is left when no candidate is free.</param>
internal sealed record SlotChoice(ImmutableArray<uint> Candidates, uint Pick)
{
    private const int Count = 16;

    /// <summary>How many values two bytes have.</summary>
    private const uint Words = ushort.MaxValue + 1;

    /// <summary>Draws a choice among so many slots, each equally likely.</summary>
    public static SlotChoice Draw(IRandomSource random, uint slots)
    {
        // Of all that is drawn at once, what lies beyond the last whole multiple would favour the small remainders.
        var limit = Words - (Words % slots);
        var candidates = ImmutableArray.CreateBuilder<uint>(Count);
        Span<byte> drawn = stackalloc byte[(Count * sizeof(ushort)) + sizeof(uint)];
        do
        {
            random.Fill(drawn);
            for (var at = sizeof(uint); at < drawn.Length && candidates.Count < Count; at += sizeof(ushort))
            {
                if (BinaryPrimitives.ReadUInt16BigEndian(drawn[at..]) is var word && word < limit)
                    candidates.Add(word % slots);
            }
        }
        while (candidates.Count < Count);

        return new(candidates.MoveToImmutable(), BinaryPrimitives.ReadUInt32BigEndian(drawn));
    }
}

/// <summary>What became of a take, in order of precedence.</summary>
internal enum TakeOutcome
{
    /// <summary>The claim holds a slot and lives.</summary>
    Live,

    /// <summary>The claim took a slot, and that lease is over.</summary>
    Ended,

    /// <summary>The claim may take no slot any more.</summary>
    Closed,

    /// <summary>The expire time is not in the future: the claim is closed.</summary>
    Over,

    /// <summary>No slot is available: the claim is closed.</summary>
    Full,
}

/// <summary>The answer of take.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Record">The record when Live or Ended.</param>
/// <param name="New">Whether this very call took the slot.</param>
internal readonly record struct TakeAnswer(TakeOutcome Outcome, LeaseRecord? Record = null, bool New = false);

/// <summary>Offers a status event to the ledger.</summary>
/// <param name="Delivery">The ledger.</param>
/// <param name="Status">What happened.</param>
/// <param name="EventTime">When, by the source's clock.</param>
/// <param name="Terms">What it means for the expire time.</param>
/// <param name="AllowedFrom">From which statuses it may follow.</param>
/// <param name="KeepUntil">The ledger is kept at least until then.</param>
internal readonly record struct DecideStep(
    Digest Delivery, DeliveryStatus Status, DateTimeOffset EventTime, Terms Terms, DeliveryStatusSet AllowedFrom, DateTimeOffset KeepUntil);

/// <summary>
/// A delivery's ledger as decide and read answer it: always the stored number, event and terms, never those of the call.
/// </summary>
/// <param name="ReportNumber">Counts the events that counted; 0: none.</param>
/// <param name="Status">The latest event's status.</param>
/// <param name="EventTime">The latest event's time; default when there was no event.</param>
/// <param name="Terms">What it means; null when there was no event.</param>
/// <param name="Claims">The claim of each role that has one, in the order of the roles.</param>
internal sealed record LedgerView(
    int ReportNumber, DeliveryStatus Status, DateTimeOffset EventTime, Terms? Terms, IReadOnlyList<(DeliveryRole Role, Claim Claim)> Claims);

/// <summary>What became of applying terms to a claim, in order of precedence.</summary>
internal enum ApplyOutcome
{
    /// <summary>The block does not know the claim: it is closed, so that a take that comes later asks the ledger again.</summary>
    Unknown,

    /// <summary>The claim's lease is over.</summary>
    Ended,

    /// <summary>The record knows this report or a newer one.</summary>
    Already,

    /// <summary>The expire time is set.</summary>
    Set,
}

/// <summary>The answer of apply.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Record">The record as it stands; null when Unknown.</param>
internal readonly record struct ApplyAnswer(ApplyOutcome Outcome, LeaseRecord? Record);

/// <summary>Names one holder of one slot, and on whose behalf it is asked for.</summary>
/// <param name="TenantId">The caller's tenant: another tenant's lease does not exist.</param>
/// <param name="Block">The block.</param>
/// <param name="Slot">The slot.</param>
/// <param name="LeaseTime">The epoch.</param>
internal readonly record struct HolderKey(string TenantId, uint Block, uint Slot, DateTimeOffset LeaseTime);

/// <summary>What became of extend, reassign or release, in order of precedence.</summary>
internal enum HolderOutcome
{
    /// <summary>No record, or of another holder, or of another tenant.</summary>
    Gone,

    /// <summary>This request was done before (extend, reassign).</summary>
    Repeated,

    /// <summary>The request id was used with other content (extend, reassign).</summary>
    OtherContent,

    /// <summary>The lease is over.</summary>
    Ended,

    /// <summary>All extensions are used (extend).</summary>
    Limit,

    /// <summary>Who would join is on the number, or rests there (reassign, pair mode).</summary>
    Busy,

    /// <summary>As Busy, and the lease was ended for it, by this request (reassign, pair mode).</summary>
    Moved,

    /// <summary>Done.</summary>
    Done,
}

/// <summary>The answer of the verbs on one holder.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Record">The record as it stands; null when Gone.</param>
internal readonly record struct HolderAnswer(HolderOutcome Outcome, LeaseRecord? Record);

/// <summary>Binds other real numbers to a lease.</summary>
/// <param name="Holder">Which lease.</param>
/// <param name="Request">The request.</param>
/// <param name="Number">The holder's new number; null: stays.</param>
/// <param name="Peer">The peer's new number; null: stays. Pair mode only.</param>
/// <param name="EndIfBusy">Ends the lease when somebody who joins cannot be on its number.</param>
internal readonly record struct ReassignStep(
    HolderKey Holder, RequestMark Request, BoundNumber? Number, BoundNumber? Peer = null, bool EndIfBusy = false);

/// <summary>A real number as a store gets to see it.</summary>
/// <param name="Sealed">The number, sealed.</param>
/// <param name="Digest">Keyed digest of it.</param>
internal readonly record struct BoundNumber(ReadOnlyMemory<byte> Sealed, Digest Digest);

/// <summary>Asks for the route of a called number.</summary>
/// <param name="Called">The virtual number.</param>
/// <param name="Part">The slot within the number: the extension as a figure; 0 in the other modes.</param>
/// <param name="Party">Pair mode: keyed digest of the caller's number.</param>
internal readonly record struct RouteStep(PhoneNumber Called, uint Part = 0, Digest? Party = null);

/// <summary>Adds one to a counter.</summary>
/// <param name="Counter">What is counted, by a keyed digest.</param>
/// <param name="Limit">How many make it barred.</param>
/// <param name="Window">How long a count goes on from its first event.</param>
/// <param name="BarredFor">How long it is barred then; null: until the window ends.</param>
internal readonly record struct CountStep(Digest Counter, int Limit, TimeSpan Window, TimeSpan? BarredFor);

/// <summary>The answer of count.</summary>
/// <param name="Counted">False: it was barred already, and nothing was counted.</param>
/// <param name="BarredUntil">Until when it is barred; null: it is not.</param>
internal readonly record struct CountAnswer(bool Counted, DateTimeOffset? BarredUntil);

/// <summary>What the stock and the routes say of a called number, in order of precedence.</summary>
internal enum RouteOutcome
{
    /// <summary>In no pool.</summary>
    NotStocked,

    /// <summary>Taken out for a while. Where numbers are shared, told only of a slot that has a record.</summary>
    Suspended,

    /// <summary>No record, or in pair mode none that the caller is a party of.</summary>
    NotLeased,

    /// <summary>The record is ended or past its expire time; in pair mode also when the caller has left it.</summary>
    Ended,

    /// <summary>A live lease.</summary>
    Route,
}

/// <summary>The answer of resolve.</summary>
/// <param name="Outcome">What the stock and the routes say.</param>
/// <param name="Record">The record when Ended or Route.</param>
/// <param name="WithheldCallersAllowed">The pool's rule.</param>
internal readonly record struct RouteAnswer(RouteOutcome Outcome, LeaseRecord? Record = null, bool WithheldCallersAllowed = false);

/// <summary>Tells what a gateway found of a number.</summary>
/// <param name="Number">The virtual number.</param>
/// <param name="Health">What it found.</param>
/// <param name="EventTime">When, by its own clock.</param>
/// <param name="Cause">Why it is faulty; empty: not told, or it is well.</param>
/// <param name="Probation">How long after that a number that is well again stays out of allocation.</param>
internal readonly record struct HealthStep(PhoneNumber Number, NumberHealth Health, DateTimeOffset EventTime, string Cause, TimeSpan Probation);

/// <summary>What became of such a report, in order of precedence.</summary>
internal enum HealthOutcome
{
    /// <summary>The number is in no pool.</summary>
    NotStocked,

    /// <summary>A later report of the number counts.</summary>
    Older,

    /// <summary>This very report counts already.</summary>
    Repeated,

    /// <summary>The number is well and never was faulty: nothing is remembered.</summary>
    Unchanged,

    /// <summary>It counts from now on.</summary>
    Done,
}

/// <summary>The answer of health.</summary>
/// <param name="Outcome">What became of the report.</param>
/// <param name="Health">What counts of the number now.</param>
/// <param name="EventTime">The time of the latest report that counts; null when there is none.</param>
/// <param name="ReturnTime">When the number is back in allocation; null when it is, or when nobody can tell.</param>
internal readonly record struct HealthAnswer(
    HealthOutcome Outcome, NumberHealth Health = NumberHealth.Well, DateTimeOffset? EventTime = null, DateTimeOffset? ReturnTime = null);

/// <summary>How much one cycle of Reclaim did.</summary>
/// <param name="Expired">Leases whose expiry it wrote down.</param>
/// <param name="Removed">Records, closed claims and ledgers that it removed, and numbers that it put back after their probation.</param>
/// <param name="Backlog">Whether something was left for the next cycle.</param>
internal readonly record struct ReclaimAnswer(int Expired, int Removed, bool Backlog);
