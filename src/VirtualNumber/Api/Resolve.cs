using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Hosting;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using Enum = System.Enum;

namespace VirtualNumber.Api;

/// <summary>For telephony gateways; routing_service.proto documents it.</summary>
internal sealed partial class RoutingService(
    LeaseVerbs verbs, INumberPool pool, GatewayWatch watch, NumberHealthOptions numberHealth, RequestRules rules, TimeProvider time, ILogger<RoutingService> logger)
    : V1.RoutingService.RoutingServiceBase
{
    /// <summary>What SIP puts in the place of a caller who is withheld (RFC 3323, section 4.1.1.3).</summary>
    private const string Anonymous = "anonymous";

    /// <summary>
    /// What shows a caller beside From: RFC 3325, RFC 3323, the draft that many gateways still speak, RFC 5806, RFC 7044, RFC 8224, RFC 3261 (20.31), RFC 3892.
    /// </summary>
    private static readonly string[] s_stripHeaders =
    [
        "P-Asserted-Identity", "P-Preferred-Identity", "Privacy", "Remote-Party-ID", "Diversion", "History-Info", "Identity", "Reply-To", "Call-Info", "Referred-By",
    ];

    private readonly Seldom _toldUnrecorded = new(time);
    private readonly Seldom _toldClocks = new(time);

    /// <inheritdoc/>
    public override async Task<V1.ResolveResponse> Resolve(V1.ResolveRequest request, ServerCallContext context)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var faults = new FieldFaults();
        var gateway = rules.Gateway(request.GatewayId, faults);
        var callId = RequestRules.CallId(request.CallId, faults);
        var called = RequestRules.Called(request.CalledNumber, gateway.DefaultCountry, faults);
        var earlier = RequestRules.EarlierCalled(request.EarlierCalledNumber, gateway.DefaultCountry);
        var isAhead = rules.IsCallAhead(request.CallTime, faults);
        var digits = RequestRules.Digits(request.CollectedDigits, called?.Extension, faults);
        var withheld = request.CallerNumber.Length == 0 || request.CallerNumber.Equals(Anonymous, StringComparison.OrdinalIgnoreCase);
        var caller = withheld
            ? null
            : RequestRules.Number(request.CallerNumber, gateway.DefaultCountry, faults, "caller_number");
        faults.Require(Enum.IsDefined(request.CallKind), "call_kind", "Must be VOICE or SMS.");
        faults.ThrowIfAny();
        if (isAhead)
            NoteClockAhead(gateway.Id);
        if (called is null)
        {
            Telemetry.Resolved(V1.RefusalReason.AddressIncomplete, startedAt);
            Log.NoNumber(logger, gateway.Id, RunsOfDigits.Hide(callId));
            return new V1.ResolveResponse { Action = V1.RoutingAction.Reject, Refusal = new() { Q850Cause = 28, SipStatus = 484, Reason = V1.RefusalReason.AddressIncomplete } };
        }

        var query = new CallQuery(called.Number, digits, caller, earlier) { GatewayId = gateway.Id, CallId = callId, Kind = KindOf(request.CallKind), Scope = gateway.Scope };
        var answer = await verbs.ResolveAsync(query, context.CancellationToken);
        Telemetry.Resolved(answer.Outcome, startedAt);
        if (answer.IsUnrecorded)
            NoteUnrecorded();
        if (answer.Outcome == ResolveOutcome.Connect)
            return Connect(answer, called.Number, gateway);
        if (answer.Outcome == ResolveOutcome.CollectDigits)
            return new V1.ResolveResponse { Action = V1.RoutingAction.CollectDigits, DigitCount = answer.Pool!.ExtensionLength };

        NoteLockOuts(answer.LockOuts, gateway.Id, called.Number);

        // The true reason stays here: to a stranger all refusals look alike.
        Log.Refused(logger, answer.Outcome, gateway.Id, RunsOfDigits.Hide(callId), answer.LeaseId);
        return new V1.ResolveResponse { Action = V1.RoutingAction.Reject, Refusal = RefusalOf(answer, gateway) };
    }

    private static V1.ResolveResponse Connect(in ResolveAnswer answer, PhoneNumber called, GatewayOptions gateway) => new()
    {
        Action = V1.RoutingAction.Connect,
        ConnectNumber = answer.RealNumber!.ToRoute(gateway),
        DisplayNumber = called.ToRoute(gateway),
        LeaseId = answer.LeaseId,
        Epoch = answer.LeaseTime.ToUnixTimeMilliseconds(),
        MaximumDuration = gateway.LongestCall?.ToDuration(),
        CallerAnnouncementCode = gateway.CallerAnnouncement,
        CalledAnnouncementCode = gateway.CalledAnnouncement,
        Record = gateway.RecordCalls,
        StripHeaders = { s_stripHeaders },
    };

    /// <summary>Q.850 and SIP: only a proven party of the lease hears more than that the number is not in service.</summary>
    private static V1.Refusal RefusalOf(in ResolveAnswer answer, GatewayOptions gateway) => answer.Outcome switch
    {
        ResolveOutcome.CallerIsHolder or ResolveOutcome.DirectionNotAllowed or ResolveOutcome.PeerUnknown =>
            new() { Q850Cause = 21, SipStatus = 403, Reason = V1.RefusalReason.NotAllowed },
        // In the other modes who calls is a stranger, whatever else he may be.
        ResolveOutcome.OutsideHours or ResolveOutcome.CallerBlocked or ResolveOutcome.CallerNotAllowed when answer.Pool!.Mode == PoolMode.Pair =>
            new() { Q850Cause = 21, SipStatus = 403, Reason = V1.RefusalReason.NotAllowed },
        ResolveOutcome.EndedForParty => new()
        {
            Q850Cause = 1,
            SipStatus = 404,
            Reason = V1.RefusalReason.Ended,
            AnnouncementCode = answer.Pool!.EndedAnnouncement,
            HotlineNumber = answer.Pool.EndedHotline.Length > 0 ? PhoneNumber.FromCanonical(answer.Pool.EndedHotline).ToRoute(gateway) : "",
        },
        _ => new() { Q850Cause = 1, SipStatus = 404, Reason = V1.RefusalReason.NotInService },
    };

    private void NoteLockOuts(LockOuts lockOuts, string gatewayId, PhoneNumber called)
    {
        if (lockOuts.HasFlag(LockOuts.Caller))
        {
            Telemetry.LockedOut("caller");
            Log.CallerLockedOut(logger, gatewayId, called.National);
        }

        if (lockOuts.HasFlag(LockOuts.Number))
        {
            Telemetry.LockedOut("number");
            Log.NumberLockedOut(logger, gatewayId, called.National);
        }
    }

    private void NoteUnrecorded()
    {
        Telemetry.CallUnrecorded();
        if (_toldUnrecorded.MayTell(out var untold))
            Log.Unrecorded(logger, untold);
    }

    private void NoteClockAhead(string gatewayId)
    {
        Telemetry.GatewayClockAhead(gatewayId);
        if (_toldClocks.MayTell(out var untold))
            Log.ClockAhead(logger, gatewayId, untold);
    }

    private static CallKind KindOf(V1.CallKind kind) => kind == V1.CallKind.Sms ? CallKind.Sms : CallKind.Voice;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "resolve: refused, {Outcome}; gateway {GatewayId}, call {CallId}, lease {LeaseId}.")]
        public static partial void Refused(ILogger logger, ResolveOutcome outcome, string gatewayId, string callId, string? leaseId);

        [LoggerMessage(2, LogLevel.Warning, "resolve: a caller has tried too many extensions, the last at {Called}, and is refused all of them for a while; gateway {GatewayId}.")]
        public static partial void CallerLockedOut(ILogger logger, string gatewayId, string called);

        [LoggerMessage(3, LogLevel.Warning, "resolve: too many extensions were tried at {Called}: all are refused there for a while; gateway {GatewayId}.")]
        public static partial void NumberLockedOut(ILogger logger, string gatewayId, string called);

        [LoggerMessage(4, LogLevel.Information, "resolve: refused, what was dialled is no number; gateway {GatewayId}, call {CallId}.")]
        public static partial void NoNumber(ILogger logger, string gatewayId, string callId);

        [LoggerMessage(5, LogLevel.Warning, "number health: {Number} is {Health}, {Cause}: {Outcome}; gateway {GatewayId}, back in allocation at {ReturnTime:O}.")]
        public static partial void Health(
            ILogger logger, string number, NumberHealth health, string cause, HealthOutcome outcome, string gatewayId, DateTimeOffset? returnTime);

        [LoggerMessage(6, LogLevel.Warning, "number health: refused, {Number} is in no pool, or (NotAllowed: {NotAllowed}) none of gateway {GatewayId}'s.")]
        public static partial void HealthOfOther(ILogger logger, bool notAllowed, string gatewayId, PhoneNumber number);

        [LoggerMessage(7, LogLevel.Warning, "resolve: the store takes no changes, so a call was neither recorded nor counted; calls go on without limits of frequency. Since this was last told {Untold} others were.")]
        public static partial void Unrecorded(ILogger logger, int untold);

        [LoggerMessage(8, LogLevel.Warning, "resolve: gateway {GatewayId} tells of a call that began more than 10 minutes from now: check its clock and time zone. The call goes on. Since this was last told {Untold} others did.")]
        public static partial void ClockAhead(ILogger logger, string gatewayId, int untold);
    }
}
