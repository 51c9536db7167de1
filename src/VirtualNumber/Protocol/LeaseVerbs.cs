using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// The verbs of a lease, composed of a store's steps: a file per verb. Whatever a verb needs to seal, open, digest or encode
/// happens here, so that no store ever sees a real number, a waybill number or a request id in clear.
/// </summary>
internal sealed partial class LeaseVerbs(
    INumberPool pool,
    INumberStock stock,
    LeaseTerms terms,
    NumberSealer sealer,
    BlindIndex index,
    LeaseIdCodec leaseIds,
    IRandomSource random,
    LeaseQuotas quotas,
    GuessGuard guesses,
    CallRecordOptions callRecords,
    TimeProvider time)
{
    /// <summary>How often CreateLease starts over before it answers that it is contended.</summary>
    private const int MostAttempts = 8;

    /// <summary>Of what is bound: another instance may have put that number into a pool a moment ago.</summary>
    private static readonly TimeSpan s_stockAgeForChanges = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Of what a call is connected to. News of the stock come by themselves; where they cannot, since the part of the store that has them is
    /// away, nobody else can change the stock there either, and calls to what other parts hold are to go on.
    /// </summary>
    private static readonly TimeSpan s_stockAgeForCalls = TimeSpan.FromMinutes(10);

    private static readonly long s_latestEpoch = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private DateTimeOffset Now => time.GetNow();

    private Digest DigestOf(DeliveryKey delivery) => index.Of("delivery", delivery.TenantId, delivery.Carrier, delivery.WaybillNumber);

    /// <summary>Scoped to the tenant, so that two tenants' records of one number have nothing in common.</summary>
    private Digest DigestOf(string tenantId, PhoneNumber number) => index.Of("number", tenantId, number.Canonical);

    /// <summary>What a pair stands for.</summary>
    private Digest LeasedDigestOf(string tenantId, PhoneNumber holder, PhoneNumber? peer, CallDirection direction) =>
        index.Of("pair", tenantId, holder.Canonical, peer?.Canonical ?? "", direction.ToString());

    private static SealContext HolderContext(string tenantId, Digest delivery, ClaimId claim) => new("real-number", tenantId, delivery, claim);

    /// <summary>Of its own, so that nobody who writes records makes one side of a pair the other.</summary>
    private static SealContext PeerContext(string tenantId, Digest delivery, ClaimId claim) => new("peer-number", tenantId, delivery, claim);

    private BoundNumber Seal(PhoneNumber number, string tenantId, Digest delivery, ClaimId claim) =>
        new(sealer.Seal(number.Canonical, HolderContext(tenantId, delivery, claim)), DigestOf(tenantId, number));

    private BoundNumber SealPeer(PhoneNumber number, string tenantId, Digest delivery, ClaimId claim) =>
        new(sealer.Seal(number.Canonical, PeerContext(tenantId, delivery, claim)), DigestOf(tenantId, number));

    /// <summary>Opens a record's real number. Throws <see cref="NumberUnreadableException"/> when it does not open.</summary>
    private PhoneNumber Open(LeaseRecord record) =>
        Open(record, record.SealedNumber, HolderContext(record.TenantId, record.Delivery, record.Claim));

    /// <summary>Opens the peer's number as <see cref="Open(LeaseRecord)"/>; null while it is not known.</summary>
    private PhoneNumber? OpenPeer(LeaseRecord record) => record.Pair is { Peer: not null } pair
        ? Open(record, pair.SealedPeer, PeerContext(record.TenantId, record.Delivery, record.Claim))
        : null;

    private PhoneNumber Open(LeaseRecord record, ReadOnlyMemory<byte> sealedNumber, SealContext context) =>
        sealer.TryOpen(sealedNumber.Span, context, out var canonical, out var fault)
            ? PhoneNumber.FromCanonical(canonical)
            : throw new NumberUnreadableException(LeaseIdOf(record), fault);

    private string LeaseIdOf(LeaseRecord record) =>
        leaseIds.Encode(new LeaseLocator(record.Block, record.Slot, record.LeaseTime.ToUnixTimeMilliseconds()));

    /// <summary>A lease whose number does not open can still be read, released and reassigned; only its mask is missing.</summary>
    private static string MaskOf(Func<PhoneNumber?> open)
    {
        try
        {
            return open()?.Mask() ?? "";
        }
        catch (NumberUnreadableException exception)
        {
            Telemetry.Unreadable(exception.Fault);
            return "";
        }
    }

    private Lease LeaseOf(LeaseRecord record, DateTimeOffset now) =>
        LeaseOf(record, MaskOf(() => Open(record)), MaskOf(() => OpenPeer(record)), now);

    private Lease LeaseOf(LeaseRecord record, string maskedNumber, string maskedPeer, DateTimeOffset now) => new(
        LeaseIdOf(record),
        record.TenantId,
        record.PoolId,
        record.Role,
        record.Number,
        maskedNumber,
        record.LeaseTime,
        record.ExpireTime,
        // An expire time that has passed is the end, whether or not somebody wrote it down yet.
        record.End == EndReason.None && !record.IsLive(now) ? EndReason.Expired : record.End,
        record.Extensions.Length)
    {
        Extension = record.Extension,
        AreaCode = record.Area,
        FaultySince = record.FaultySince,
        Direction = record.Pair?.Direction ?? CallDirection.Unspecified,
        MaskedPeerNumber = maskedPeer,
        Rules = record.Rules,
    };

    private bool TryFindHolder(string tenantId, string leaseId, out HolderKey holder)
    {
        // A made-up id may decode to an instant that no calendar has.
        if (!leaseIds.TryDecode(leaseId, out var locator, out var fault) || locator.Epoch > s_latestEpoch)
        {
            // Told like any other bad id, since anybody can make one up; but many of them mean that the ring has lost a key.
            if (fault == LeaseIdFault.UnknownKey)
                Telemetry.Unreadable(fault);
            holder = default;
            return false;
        }

        holder = new HolderKey(tenantId, locator.Block, locator.Slot, DateTimeOffset.FromUnixTimeMilliseconds(locator.Epoch));
        return true;
    }

    private LeaseAnswer AnswerOf(HolderAnswer answer, DateTimeOffset now) => answer.Record is { } record
        ? new LeaseAnswer(OutcomeOf(answer.Outcome), LeaseOf(record, now))
        : new LeaseAnswer(LeaseOutcome.LeaseUnknown, null);

    private static LeaseOutcome OutcomeOf(HolderOutcome outcome) => outcome switch
    {
        HolderOutcome.OtherContent => LeaseOutcome.RequestIdReused,
        HolderOutcome.Ended => LeaseOutcome.LeaseEnded,
        HolderOutcome.Limit => LeaseOutcome.ExtensionLimitReached,
        HolderOutcome.Busy => LeaseOutcome.PartyBusy,
        _ => LeaseOutcome.Done,
    };
}

/// <summary>The answer of the verbs on one lease.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Lease">The lease as it stands; null when its id is invalid or it is unknown.</param>
internal record LeaseAnswer(LeaseOutcome Outcome, Lease? Lease);
