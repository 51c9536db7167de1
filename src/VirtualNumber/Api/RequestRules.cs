using Google.Protobuf.WellKnownTypes;
using VirtualNumber.Hosting;
using VirtualNumber.Leasing;
using Enum = System.Enum;

namespace VirtualNumber.Api;

/// <summary>
/// Reads the fields of requests into the field's own types and notes what is wrong with them. One method per kind of field, so that
/// the same field has the same rules in every RPC.
/// </summary>
internal sealed class RequestRules(CallerDirectory callers, RealNumberRules realNumbers, LeaseTerms terms, CallRecordOptions callRecords, TimeProvider time)
{
    private const int LongestRequestId = 64;
    private const int LongestCallId = 128;
    private const int LongestVendorCode = 64;
    private const int LongestPushId = 64;
    private const int LongestFaultCause = 32;
    private const int LongestToken = 1_024;
    private const int LongestLeaseId = 64;
    private const int LongestDigits = 32;
    private const int DefaultPageSize = 100;
    private const int MostPageSize = 1_000;

    /// <summary>The most items of a batch.</summary>
    public const int MostItems = 1_000;

    /// <summary>How large a request may be, decompressed, in bytes: ten times a full batch.</summary>
    public const int LargestMessage = 4 * 1024 * 1024;

    /// <summary>The tenant. A malformed id is a fault of the request; an unknown one ends it at once with NOT_FOUND.</summary>
    public TenantOptions Tenant(string tenantId, FieldFaults faults, string field = "tenant_id")
    {
        if (!CallerDirectory.IsId(tenantId))
        {
            faults.Add(field, "Must be 1 to 64 ASCII letters, digits, dots, underscores and hyphens.");
            return new TenantOptions();
        }

        return callers.FindTenant(tenantId) ?? throw StatusMap.TenantUnknown(field);
    }

    /// <summary>The gateway, as <see cref="Tenant"/>.</summary>
    public GatewayOptions Gateway(string gatewayId, FieldFaults faults)
    {
        if (!GatewayId(gatewayId, faults))
            return new GatewayOptions();

        return callers.FindGateway(gatewayId) ?? throw StatusMap.GatewayUnknown();
    }

    /// <summary>An instance of a gateway.</summary>
    public static string Instance(string instanceId, FieldFaults faults)
    {
        faults.Require(CallerDirectory.IsId(instanceId), "instance_id", "Must be 1 to 64 ASCII letters, digits, dots, underscores and hyphens.");
        return instanceId;
    }

    /// <summary>A gateway's id by its form only: records tell of gateways that are not configured any more, too.</summary>
    public static bool GatewayId(string gatewayId, FieldFaults faults)
    {
        var good = CallerDirectory.IsId(gatewayId);
        faults.Require(good, "gateway_id", "Must be 1 to 64 ASCII letters, digits, dots, underscores and hyphens.");
        return good;
    }

    public static DeliveryKey? Delivery(TenantOptions tenant, V1.Delivery? delivery, FieldFaults faults)
    {
        if (delivery is null)
        {
            faults.Add("delivery", "Is missing.");
            return null;
        }

        DeliveryKey.TryCreate(tenant.Id, delivery.Carrier, delivery.WaybillNumber, out var key, out var wrong);
        faults.Require(
            !wrong.HasFlag(DeliveryKeyFaults.Carrier), "delivery.carrier", "Must be 1 to 32 ASCII letters, digits, dots, underscores and hyphens.");
        faults.Require(
            !wrong.HasFlag(DeliveryKeyFaults.WaybillNumber), "delivery.waybill_number", "Must be 1 to 64 printable ASCII characters, full-width ones counted as such.");
        return key;
    }

    public static DeliveryRole Role(V1.DeliveryRole role, FieldFaults faults)
    {
        faults.Require(IsKnown((DeliveryRole)role), "role", "Must be RECIPIENT, SENDER or COURIER.");
        return (DeliveryRole)role;
    }

    public static string PoolId(string poolId, FieldFaults faults, string field = "pool_id")
    {
        var good = poolId.Length is >= 1 and <= 63 && poolId[0] is >= 'a' and <= 'z'
            && poolId.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
        faults.Require(good, field, "Must be 1 to 63 lower-case letters, digits and hyphens, a letter first.");
        return poolId;
    }

    /// <summary>A request id; null when it is empty and may be.</summary>
    public static string? RequestId(string requestId, FieldFaults faults, bool required)
    {
        if (requestId.Length == 0)
        {
            faults.Require(!required, "request_id", "Is missing: without it a retry would not be safe.");
            return null;
        }

        faults.Require(IsVisible(requestId, LongestRequestId), "request_id", "Must be 1 to 64 visible ASCII characters.");
        return requestId;
    }

    public static string CallId(string callId, FieldFaults faults)
    {
        faults.Require(IsVisible(callId, LongestCallId), "call_id", "Must be 1 to 128 visible ASCII characters.");
        return callId;
    }

    /// <summary>A lease id by its length only: whether it is one of ours, its own check tells.</summary>
    public static string LeaseId(string leaseId, FieldFaults faults)
    {
        faults.Require(leaseId.Length is >= 1 and <= LongestLeaseId, "lease_id", "Must be a lease_id that this service answered.");
        return leaseId;
    }

    /// <summary>A real number that may be bound.</summary>
    public PhoneNumber? RealNumber(string text, TenantOptions tenant, FieldFaults faults, string field = "real_number")
    {
        if (Number(text, tenant.DefaultCountry, faults, field) is not { } number)
            return null;
        switch (realNumbers.Check(number))
        {
            case RealNumberRefusal.CountryNotAllowed:
                faults.Add(field, "Numbers of this country may not be bound.");
                break;
            case RealNumberRefusal.KindNotAllowed:
                faults.Add(field, "Numbers of this kind may not be bound: only mobile and landline numbers, no short, service, toll or virtual ones.");
                break;
        }

        return number;
    }

    /// <summary>The other party of a pair; null when none is named.</summary>
    public PhoneNumber? PeerNumber(string text, TenantOptions tenant, FieldFaults faults) =>
        text.Length == 0 ? null : RealNumber(text, tenant, faults, "peer_number");

    /// <summary>A pair is of two persons.</summary>
    public static void TwoPersons(PhoneNumber? realNumber, PhoneNumber? peerNumber, FieldFaults faults) => faults.Require(
        realNumber is null || !realNumber.Equals(peerNumber), "peer_number", "Must be another number than real_number.");

    public static CallDirection Direction(V1.CallDirection direction, FieldFaults faults)
    {
        faults.Require(Enum.IsDefined((CallDirection)direction), "call_direction", "Must be BOTH, FROM_HOLDER or TO_HOLDER.");
        return (CallDirection)direction;
    }

    public static AreaPreference? Area(V1.AreaPreference? area, FieldFaults faults)
    {
        if (area is null)
            return null;
        AreaCode(area.AreaCode, faults, "area.area_code");
        faults.Require(
            area.FallbackAreaCodes.Count <= AreaPreference.MostFallBacks, "area.fallback_area_codes", $"Must be at most {AreaPreference.MostFallBacks}.");
        faults.Require(!area.Strict || area.FallbackAreaCodes.Count == 0, "area.fallback_area_codes", "Must be empty when strict is true.");
        for (var i = 0; i < Math.Min(area.FallbackAreaCodes.Count, AreaPreference.MostFallBacks); i++)
            AreaCode(area.FallbackAreaCodes[i], faults, $"area.fallback_area_codes[{i}]");
        return new(area.AreaCode, [.. area.FallbackAreaCodes], area.Strict);
    }

    public static string AreaCode(string code, FieldFaults faults, string field)
    {
        faults.Require(
            code.Length is >= 1 and <= 12 && code.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'),
            field,
            "Must be 1 to 12 ASCII letters, digits and hyphens.");
        return code;
    }

    /// <summary>
    /// What was dialled: a telephone number, with an extension or without. What cannot be one is the caller's doing, not the gateway's: null without a fault, unless there is nothing at all.
    /// </summary>
    public static DialledNumber? Called(string text, string defaultCountry, FieldFaults faults)
    {
        if (PhoneNumber.TryParseDialled(text, defaultCountry, out var dialled, out var fault))
            return dialled;
        faults.Require(fault != PhoneNumberFault.Empty, "called_number", DescriptionOf(fault));
        return null;
    }

    /// <summary>The number that was called before; null when there is none, or none that can be read.</summary>
    public static PhoneNumber? EarlierCalled(string text, string defaultCountry) =>
        PhoneNumber.TryParseDialled(text, defaultCountry, out var dialled, out _) ? dialled.Number : null;

    /// <summary>
    /// Whether a call began, if the gateway says when, further ahead of this clock than clocks may differ. No fault of the request: nothing
    /// rests on it, and a clock that is off must not end all calls of its gateway.
    /// </summary>
    public bool IsCallAhead(Timestamp? timestamp, FieldFaults faults) =>
        Instant(timestamp, "call_time", faults) is { } callTime && terms.CheckEventTime(callTime, time.GetUtcNow()) == EventTimeFault.InTheFuture;

    /// <summary>
    /// The extension of a call: what was keyed in, a closing # aside, else what was dialled with the number; null: none. What is no
    /// extension is refused as a wrong one, not here: callers key in what they like.
    /// </summary>
    public static string? Digits(string collected, string? dialled, FieldFaults faults)
    {
        faults.Require(
            collected.Length <= LongestDigits && collected.All(c => char.IsAsciiDigit(c) || c is '#' or '*' or (>= 'A' and <= 'D')),
            "collected_digits",
            $"Must be at most {LongestDigits} of the signs of a telephone's keys.");
        return collected.Length > 0 ? collected.TrimEnd('#') : dialled;
    }

    /// <summary>Any telephone number without an extension.</summary>
    public static PhoneNumber? Number(string text, string defaultCountry, FieldFaults faults, string field)
    {
        if (PhoneNumber.TryParse(text, defaultCountry, out var number, out var fault))
            return number;
        faults.Add(field, DescriptionOf(fault));
        return null;
    }

    public static NumberHealth Health(V1.NumberHealth health, FieldFaults faults)
    {
        faults.Require(IsKnown((NumberHealth)health), "health", "Must be FAULTY or WELL.");
        return (NumberHealth)health;
    }

    /// <summary>Why a number is faulty. It is logged and kept in clear, so nothing that may be a telephone number gets in.</summary>
    public static string FaultCause(string cause, FieldFaults faults)
    {
        var good = cause.Length <= LongestFaultCause && cause.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && RunsOfDigits.Hide(cause) == cause;
        faults.Require(good, "cause", $"Must be at most {LongestFaultCause} ASCII letters, digits, dots, underscores and hyphens, without seven digits in a row, separators or not.");
        return cause;
    }

    /// <summary>The instant of an event, in whole milliseconds.</summary>
    public DateTimeOffset EventTime(Timestamp? timestamp, FieldFaults faults)
    {
        if (Instant(timestamp, "event_time", faults) is not { } eventTime)
        {
            faults.Require(timestamp is not null, "event_time", "Is missing.");
            return default;
        }

        switch (terms.CheckEventTime(eventTime, time.GetUtcNow()))
        {
            case EventTimeFault.InTheFuture:
                faults.Add("event_time", "Is too far in the future: check the source's clock and time zone.");
                break;
            case EventTimeFault.TooOld:
                faults.Add("event_time", "Is too long ago.");
                break;
        }

        return eventTime;
    }

    /// <summary>Something that happened to a call.</summary>
    public CallEvent CallEvent(V1.CallEvent e, string field, FieldFaults faults)
    {
        faults.Require(IsKnown((CallEventKind)e.Kind), $"{field}.kind", "Must be CALLED_OUT, RINGING, ANSWERED or RELEASED.");
        faults.Require(Enum.IsDefined((CallSide)e.ReleasedBy), $"{field}.released_by", "Must be CALLER, CALLED, GATEWAY or unspecified.");
        faults.Require(e.Q850Cause is >= 0 and <= 127, $"{field}.q850_cause", "Must be 0 to 127.");
        faults.Require(e.SipStatus is 0 or (>= 100 and <= 699), $"{field}.sip_status", "Must be 100 to 699, or 0.");
        faults.Require(e.EventTime is not null, $"{field}.event_time", "Is missing.");
        var eventTime = Instant(e.EventTime, $"{field}.event_time", faults);
        if (eventTime is { } instant)
        {
            var now = time.GetUtcNow();
            faults.Require(terms.CheckEventTime(instant, now) != EventTimeFault.InTheFuture, $"{field}.event_time", "Is too far in the future: check the gateway's clock and time zone.");
            faults.Require(now - instant <= callRecords.Kept, $"{field}.event_time", "Is longer ago than records of calls are kept.");
        }

        return new((CallEventKind)e.Kind, eventTime ?? default, (CallSide)e.ReleasedBy, e.Q850Cause, e.SipStatus);
    }

    /// <summary>A range of time, either end of which may be open.</summary>
    public static (DateTimeOffset? From, DateTimeOffset? Until) Range(Timestamp? fromTime, Timestamp? untilTime, FieldFaults faults)
    {
        var (from, until) = (Instant(fromTime, "from_time", faults), Instant(untilTime, "until_time", faults));
        faults.Require(!(from >= until), "until_time", "Must be later than from_time.");
        return (from, until);
    }

    /// <summary>The first expire time that is asked for; null when none is.</summary>
    public DateTimeOffset? ExpireTime(Timestamp? timestamp, FieldFaults faults)
    {
        if (Instant(timestamp, "expire_time", faults) is not { } expireTime)
            return null;
        var now = time.GetUtcNow();
        faults.Require(expireTime > now, "expire_time", "Must be in the future.");
        faults.Require(expireTime <= now + terms.HardCap, "expire_time", $"Must be at most {terms.HardCap.TotalDays:0.##} days away.");
        return expireTime;
    }

    public TimeSpan ExtensionSpan(Duration? duration, FieldFaults faults)
    {
        var span = Span(duration, "extension", faults);
        if (span is { } asked)
            faults.Require(terms.IsExtensionSpan(asked), "extension", "Must be one of the allowed spans, by default 7, 15 or 30 days.");
        else
            faults.Require(duration is not null, "extension", "Is missing.");
        return span ?? default;
    }

    /// <summary>A duration; null when it is missing, or is none (then a fault is noted).</summary>
    public static TimeSpan? Span(Duration? duration, string field, FieldFaults faults)
    {
        if (duration is null)
            return null;
        // google.protobuf.Duration: seconds within +-315,576,000,000, nanos of the same sign.
        var sane = duration.Seconds is >= Duration.MinSeconds and <= Duration.MaxSeconds
            && Math.Abs((long)duration.Nanos) < Duration.NanosecondsPerSecond
            && (duration.Seconds == 0 || duration.Nanos == 0 || duration.Seconds > 0 == duration.Nanos > 0);
        if (sane)
            return duration.ToTimeSpan();
        faults.Add(field, "Is not a valid google.protobuf.Duration.");
        return null;
    }

    public static int PageSize(int pageSize, FieldFaults faults)
    {
        faults.Require(pageSize is >= 0 and <= MostPageSize, "page_size", $"Must be 0 to {MostPageSize}.");
        return pageSize == 0 ? DefaultPageSize : pageSize;
    }

    public static string PageToken(string token, FieldFaults faults)
    {
        faults.Require(token.Length <= LongestToken, "page_token", "Must be the next_page_token of the page before.");
        return token;
    }

    /// <summary>Ids of pushes.</summary>
    public static void PushIds(IReadOnlyCollection<string> ids, FieldFaults faults)
    {
        faults.Require(ids.Count <= MostItems, "push_ids", $"Must be at most {MostItems}.");
        faults.Require(
            ids.All(id => id.Length is >= 1 and <= LongestPushId && id.All(c => c is > ' ' and <= '~')),
            "push_ids",
            $"Must be 1 to {LongestPushId} visible ASCII characters each.");
    }

    /// <summary>Where a watch begins.</summary>
    public static void Cursor(V1.WatchEventsRequest request, FieldFaults faults)
    {
        faults.Require(request.Cursor.Length <= LongestToken, "cursor", "Must be the cursor of an earlier message of this tenant.");
        faults.Require(request.Cursor.Length == 0 || !request.FromOldest, "from_oldest", "Must be false where there is a cursor.");
    }

    /// <summary>A status in the service's vocabulary, or in a vendor's.</summary>
    public static (DeliveryStatus Status, bool Known) Status(V1.ReportDeliveryStatusRequest request, FieldFaults faults)
    {
        switch (request.ReportCase)
        {
            case V1.ReportDeliveryStatusRequest.ReportOneofCase.Status:
                faults.Require(IsKnown((DeliveryStatus)request.Status), "status", "Must be one of the named statuses.");
                return ((DeliveryStatus)request.Status, true);
            case V1.ReportDeliveryStatusRequest.ReportOneofCase.VendorStatus:
                var vendor = (Vendor)request.VendorStatus.Vendor;
                var code = request.VendorStatus.Code;
                faults.Require(IsKnown(vendor), "vendor_status.vendor", "Must be one of the named vendors.");
                faults.Require(IsVisible(code, LongestVendorCode), "vendor_status.code", "Must be 1 to 64 visible ASCII characters.");
                return faults.Any ? default : VendorStatus.Map(vendor, code);
            default:
                faults.Add("report", "One of status and vendor_status must be set.");
                return default;
        }
    }

    /// <summary>The tenant id of an item of a batch: empty, or that of the batch.</summary>
    public static void ItemTenant(string itemTenantId, string tenantId, FieldFaults faults) => faults.Require(
        itemTenantId.Length == 0 || itemTenantId == tenantId, "tenant_id", "Must be empty or the tenant_id of the batch.");

    public static void ItemCount(int count, FieldFaults faults) =>
        faults.Require(count is >= 1 and <= MostItems, "requests", $"Must be 1 to {MostItems} items.");

    private static DateTimeOffset? Instant(Timestamp? timestamp, string field, FieldFaults faults)
    {
        if (timestamp is null)
            return null;
        // google.protobuf.Timestamp: 0001-01-01 to 9999-12-31, nanos 0 to 999,999,999.
        const long least = -62_135_596_800, most = 253_402_300_799;
        if (timestamp.Seconds is >= least and <= most && timestamp.Nanos is >= 0 and < 1_000_000_000)
            return DateTimeOffset.FromUnixTimeMilliseconds((timestamp.Seconds * 1000) + (timestamp.Nanos / 1_000_000));
        faults.Add(field, "Is not a valid google.protobuf.Timestamp.");
        return null;
    }

    private static bool IsKnown<T>(T value)
        where T : struct, Enum => Enum.IsDefined(value) && Convert.ToInt32(value) != 0;

    private static bool IsVisible(string text, int longest) =>
        text.Length >= 1 && text.Length <= longest && text.All(c => c is > ' ' and <= '~');

    private static string DescriptionOf(PhoneNumberFault fault) => fault switch
    {
        PhoneNumberFault.Empty => "Is missing.",
        PhoneNumberFault.TooLong => "Is too long for a telephone number.",
        PhoneNumberFault.InvalidCharacter => "Has a character that no telephone number has.",
        PhoneNumberFault.UnknownCountry => "Has a country code that is not assigned.",
        PhoneNumberFault.WrongLength => "Has too few or too many digits.",
        PhoneNumberFault.HasExtension => "Must not carry an extension.",
        PhoneNumberFault.BadExtension => "Carries an extension that is none.",
        _ => "Is not a telephone number of its country's numbering plan.",
    };
}
