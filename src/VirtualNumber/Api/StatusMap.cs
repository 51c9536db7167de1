using System.Globalization;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

/// <summary>What each outcome that is not a success looks like on the wire. One line per reason; errors.proto documents them.</summary>
internal static class StatusMap
{
    public static RpcException TenantUnknown(string field) =>
        Fault.Of(StatusCode.NotFound, V1.ErrorReason.TenantUnknown, "No such tenant.", ("field", field));

    public static RpcException GatewayUnknown() =>
        Fault.Of(StatusCode.NotFound, V1.ErrorReason.GatewayUnknown, "No such gateway.", ("field", "gateway_id"));

    public static RpcException NumberUnknown() => Fault.OfFields(
        V1.ErrorReason.NumbersUnknown, StatusCode.NotFound, [("number", "Is in no pool, or none of the numbers that this gateway has.")]);

    public static RpcException PoolUnknown() =>
        Fault.Of(StatusCode.NotFound, V1.ErrorReason.PoolUnknown, "The tenant has no such pool.", ("field", "pool_id"));

    public static RpcException WebhookUnknown() =>
        Fault.Of(StatusCode.NotFound, V1.ErrorReason.WebhookUnknown, "The tenant has no such webhook.", ("field", "webhook_id"));

    public static RpcException PageTokenInvalid() => Fault.OfFields(
        V1.ErrorReason.PageTokenInvalid,
        StatusCode.InvalidArgument,
        [("page_token", "Must be the next_page_token of the page before, of the same query.")]);

    public static RpcException CursorInvalid() => Fault.OfFields(
        V1.ErrorReason.CursorInvalid,
        StatusCode.InvalidArgument,
        [("cursor", "Must be the cursor of an earlier message of this tenant, made with a key that the key ring still has.")]);

    public static RpcException EventsGone() => Fault.Of(
        StatusCode.OutOfRange, V1.ErrorReason.EventsGone, "Events after the cursor are not kept any more; from_oldest begins with those that are.");

    public static RpcException Stopping() => Fault.Of(
        StatusCode.Unavailable, V1.ErrorReason.StoreUnavailable, "The instance is stopping; go on at another one with the last cursor.", [Fault.RetryAfter(TimeSpan.Zero)], []);

    public static RpcException LeaseIdInvalid() => Fault.OfFields(
        V1.ErrorReason.LeaseIdInvalid, StatusCode.InvalidArgument, [("lease_id", "Was not made by this service with a key that its key ring still has, or was damaged on the way.")]);

    public static RpcException RealNumberInPool() => Fault.OfFields(
        V1.ErrorReason.RealNumberInPool, StatusCode.InvalidArgument, [("real_number", "Is itself a virtual number of a pool; a call would loop.")]);

    public static RpcException PeerNumberInPool() => Fault.OfFields(
        V1.ErrorReason.RealNumberInPool, StatusCode.InvalidArgument, [("peer_number", "Is itself a virtual number of a pool; a call would loop.")]);

    public static RpcException KindNotAllowed(string field) => Fault.OfFields(
        V1.ErrorReason.FieldsInvalid, StatusCode.InvalidArgument, [(field, "Numbers of this kind may not be bound in this pool.")]);

    public static RpcException PoolNotPair() => Fault.OfFields(
        V1.ErrorReason.FieldsInvalid,
        StatusCode.InvalidArgument,
        [("peer_number", "peer_number, call_direction and new_number_if_busy are for pools of mode PAIR, and real_number may be missing only there.")]);

    public static RpcException RequestIdReused() => Fault.OfFields(
        V1.ErrorReason.RequestIdReused, StatusCode.InvalidArgument, [("request_id", "Was used before with other content.")]);

    public static RpcException LeaseUnknown() =>
        Fault.Of(StatusCode.NotFound, V1.ErrorReason.LeaseUnknown, "No such lease: not the tenant's, or ended so long ago that its record is gone.", ("field", "lease_id"));

    public static RpcException LeaseEnded(Lease lease) => Fault.Of(
        StatusCode.FailedPrecondition, V1.ErrorReason.LeaseEnded, "The lease has ended.", ("lease_id", lease.LeaseId), ("end_time", Text(lease.ExpireTime)));

    public static RpcException ExtensionLimitReached(int limit) => Fault.Of(
        StatusCode.FailedPrecondition,
        V1.ErrorReason.ExtensionLimitReached,
        "The lease has been extended as often as allowed.",
        ("extension_limit", limit.ToString(CultureInfo.InvariantCulture)));

    public static RpcException StoreUnavailable(StoreTrouble trouble) => Fault.Of(
        StatusCode.Unavailable,
        V1.ErrorReason.StoreUnavailable,
        $"{Describe(trouble)}; this may have happened, retry with the same request_id.",
        [Fault.RetryAfter(TimeSpan.FromSeconds(1))],
        []);

    /// <summary>No more than callers may know: no address, no setting.</summary>
    private static string Describe(StoreTrouble trouble) => trouble switch
    {
        StoreTrouble.Away => "The store is away",
        StoreTrouble.Silent => "The store does not answer in time",
        StoreTrouble.Starting => "The store is starting, or changes hands",
        StoreTrouble.Moving => "The store moves this to another server; look-ups go on",
        StoreTrouble.ChangesRefused => "The store takes no changes for now; look-ups go on",
        StoreTrouble.Unconfirmed => "The store's copies have not confirmed this in time",
        StoreTrouble.Replica => "The store is a copy that must not be asked",
        StoreTrouble.Refused => "The store and this instance do not trust each other",
        StoreTrouble.DataLost => "The store has lost data of this",
        StoreTrouble.Barred => "This instance must not use the store for now",
        _ => "The store is in trouble",
    };

    public static RpcException Overloaded() => Fault.Of(
        StatusCode.ResourceExhausted,
        V1.ErrorReason.Overloaded,
        "Too many calls are in progress; nothing was done, try again later or at another instance.",
        [Fault.RetryAfter(TimeSpan.FromSeconds(1))],
        []);

    public static RpcException MessageTooLarge() => Fault.Of(
        StatusCode.ResourceExhausted,
        V1.ErrorReason.MessageTooLarge,
        "The request is too large; nothing was done.",
        ("limit_bytes", Text(RequestRules.LargestMessage)));

    public static RpcException MessageMalformed() => Fault.Of(
        StatusCode.InvalidArgument,
        V1.ErrorReason.MessageMalformed,
        "The bytes of the request are not one message of this method, framed and encoded as gRPC wants it; nothing was done.");

    /// <summary>By HTTP only: the error that a body is no JSON, or not a message, and where.</summary>
    public static RpcException BodyMalformed(string field, string description) =>
        Fault.OfFields(V1.ErrorReason.MessageMalformed, StatusCode.InvalidArgument, [(field, description)]);

    public static RpcException PathUnknown() => Fault.Of(
        StatusCode.NotFound, V1.ErrorReason.PathUnknown, "Nothing is served at this path; /openapi.json lists what is.");

    public static RpcException VerbNotAllowed() => Fault.Of(
        StatusCode.Unimplemented, V1.ErrorReason.VerbNotAllowed, "This path is served by the verbs that the header Allow names.");

    public static RpcException MediaTypeUnsupported() => Fault.Of(
        StatusCode.InvalidArgument, V1.ErrorReason.MediaTypeUnsupported, "The body must be JSON in UTF-8, with the header Content-Type: application/json.");

    public static RpcException DeadlinePassed() =>
        new(new Status(StatusCode.DeadlineExceeded, "The deadline passed; this may have happened, retry with the same request_id."));

    public static RpcException CallCancelled() => new(new Status(StatusCode.Cancelled, "The caller cancelled the call."));

    public static RpcException NumberUnreadable(string leaseId) => Fault.Of(
        StatusCode.DataLoss, V1.ErrorReason.NumberUnreadable, "The lease's sealed number does not open; nothing is connected.", ("lease_id", leaseId));

    /// <summary>The error of a CreateLease that leased nothing.</summary>
    public static RpcException Of(CreateLeaseAnswer answer, DateTimeOffset now) => answer.Outcome switch
    {
        CreateLeaseOutcome.PoolUnknown => PoolUnknown(),
        CreateLeaseOutcome.RealNumberInPool => RealNumberInPool(),
        CreateLeaseOutcome.PeerNumberInPool => PeerNumberInPool(),
        CreateLeaseOutcome.RealNumberKindNotAllowed => KindNotAllowed("real_number"),
        CreateLeaseOutcome.PeerNumberKindNotAllowed => KindNotAllowed("peer_number"),
        CreateLeaseOutcome.PoolNotPair => PoolNotPair(),
        CreateLeaseOutcome.RequestIdReused => RequestIdReused(),
        CreateLeaseOutcome.RoleTaken => Fault.Of(
            StatusCode.AlreadyExists,
            V1.ErrorReason.DeliveryRoleTaken,
            "The delivery role has a live lease with other real numbers, another direction or other call rules; correct numbers through ReassignLease, release it for the rest.",
            ("lease_id", answer.Lease!.LeaseId)),
        CreateLeaseOutcome.LeaseEnded => LeaseEnded(answer.Lease!),
        CreateLeaseOutcome.DeliveryOver => Fault.Of(
            StatusCode.FailedPrecondition,
            V1.ErrorReason.DeliveryOver,
            "The delivery's latest status leaves a new lease no time.",
            ("expire_time", Text(answer.ExpireTime!.Value))),
        CreateLeaseOutcome.QuotaExceeded => QuotaExceeded(answer.Refusal!, now),
        CreateLeaseOutcome.PartySaturated => ShortOf(
            V1.ErrorReason.PartySaturated, "Each number that has room has one of the two persons on it, or resting there.", answer.Shortage!, now),
        CreateLeaseOutcome.AreaEmpty => ShortOf(V1.ErrorReason.AreaEmpty, "The area has no number available.", answer.Shortage!, now),
        CreateLeaseOutcome.NumbersAging => ShortOf(V1.ErrorReason.NumbersAging, "No number is available, some are aging.", answer.Shortage!, now),
        CreateLeaseOutcome.PoolEmpty => ShortOf(V1.ErrorReason.PoolEmpty, "No number is available and none is aging.", answer.Shortage!, now),
        CreateLeaseOutcome.Contended => Fault.Of(
            StatusCode.Aborted, V1.ErrorReason.Contended, "Other requests for the same delivery role got in between; retry with the same request_id."),
        _ => throw new InvalidOperationException($"{answer.Outcome} is no error."),
    };

    /// <summary>The error of a verb on one lease that was not done; null when it was.</summary>
    public static RpcException? Of(LeaseAnswer answer, int extensionLimit) => answer.Outcome switch
    {
        LeaseOutcome.Done => null,
        LeaseOutcome.LeaseIdInvalid => LeaseIdInvalid(),
        LeaseOutcome.RealNumberInPool => RealNumberInPool(),
        LeaseOutcome.PeerNumberInPool => PeerNumberInPool(),
        LeaseOutcome.RealNumberKindNotAllowed => KindNotAllowed("real_number"),
        LeaseOutcome.PeerNumberKindNotAllowed => KindNotAllowed("peer_number"),
        LeaseOutcome.PoolNotPair => PoolNotPair(),
        LeaseOutcome.PartyBusy => Fault.Of(
            StatusCode.FailedPrecondition,
            V1.ErrorReason.PartyBusy,
            "Who would join is on the lease's number with somebody else, or rests there; new_number_if_busy asks for another number.",
            ("lease_id", answer.Lease!.LeaseId)),
        LeaseOutcome.LeaseUnknown => LeaseUnknown(),
        LeaseOutcome.RequestIdReused => RequestIdReused(),
        LeaseOutcome.LeaseEnded => LeaseEnded(answer.Lease!),
        LeaseOutcome.ExtensionLimitReached => ExtensionLimitReached(extensionLimit),
        _ => throw new InvalidOperationException($"{answer.Outcome} has no status."),
    };

    /// <summary>The error of a report on a call that was not taken; null when it was.</summary>
    public static RpcException? Of(CallEventsOutcome outcome) => outcome switch
    {
        CallEventsOutcome.Added => null,
        CallEventsOutcome.LeaseIdInvalid => LeaseIdInvalid(),
        CallEventsOutcome.EpochWrong => Fault.OfFields(
            V1.ErrorReason.FieldsInvalid, StatusCode.InvalidArgument, [("epoch", "Is not that of the lease: both must be what Resolve answered.")]),
        CallEventsOutcome.LeaseUnknown => LeaseUnknown(),
        CallEventsOutcome.OtherLease => Fault.Of(
            StatusCode.FailedPrecondition, V1.ErrorReason.CallOfOtherLease, "The call went by another lease, or by an earlier or later one of the same number.", ("field", "lease_id")),
        CallEventsOutcome.TooMany => Fault.Of(
            StatusCode.FailedPrecondition,
            V1.ErrorReason.CallEventLimitReached,
            "The call would have more distinct events than are kept; none of these was.",
            ("event_limit", Text(CallEvent.MostPerCall))),
        _ => throw new InvalidOperationException($"{outcome} has no status."),
    };

    /// <summary>The error of asking for calls in vain; null when they are answered.</summary>
    public static RpcException? Of(ListCallsOutcome outcome) => outcome switch
    {
        ListCallsOutcome.Listed => null,
        ListCallsOutcome.LeaseIdInvalid => LeaseIdInvalid(),
        ListCallsOutcome.NumberUnknown => Fault.OfFields(
            V1.ErrorReason.NumbersUnknown, StatusCode.NotFound, [("virtual_number", "Is not in the pool.")]),
        _ => throw new InvalidOperationException($"{outcome} has no status."),
    };

    private static RpcException ShortOf(V1.ErrorReason reason, string message, Shortage shortage, DateTimeOffset now)
    {
        var metadata = new List<(string, string)>();
        if (shortage.Area is { } area)
            metadata.Add(("area_code", area));
        if (reason == V1.ErrorReason.PartySaturated)
        {
            metadata.Add(("holder_number_count", Text(shortage.HolderNumbers)));
            metadata.Add(("peer_number_count", Text(shortage.PeerNumbers)));
        }
        else
        {
            metadata.AddRange(CountsOf(shortage.Counts));
        }

        if (shortage.NextAvailableTime is not { } next)
            return Fault.Of(StatusCode.ResourceExhausted, reason, message, [], metadata.ToArray());

        metadata.Add(("next_available_time", Text(next)));
        return Fault.Of(StatusCode.ResourceExhausted, reason, message, [Fault.RetryAfter(next - now)], metadata.ToArray());
    }

    private static RpcException QuotaExceeded(QuotaRefusal refusal, DateTimeOffset now) => Fault.Of(
        StatusCode.ResourceExhausted,
        V1.ErrorReason.QuotaExceeded,
        $"The {refusal.Scope} has as many leases as its quota allows.",
        refusal.RetryTime is { } time ? [Fault.RetryAfter(time - now)] : [],
        [("scope", refusal.Scope), ("quota", refusal.Quota), ("limit", Text(refusal.Limit))]);

    private static IEnumerable<(string, string)> CountsOf(NumberCounts counts) =>
    [
        ("leased_count", Text(counts.Leased)),
        ("aging_count", Text(counts.Aging)),
        ("suspended_count", Text(counts.Suspended)),
        ("retired_count", Text(counts.Retired)),
        ("faulty_count", Text(counts.Faulty)),
    ];

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Text(long count) => count.ToString(CultureInfo.InvariantCulture);
}
