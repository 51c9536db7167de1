using Google.Protobuf.WellKnownTypes;
using VirtualNumber.Hosting;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

/// <summary>The field's types as messages of the public document. The enums have the same values in both.</summary>
internal static class Messages
{
    public static V1.Lease ToMessage(this Lease lease)
    {
        var message = new V1.Lease
        {
            LeaseId = lease.LeaseId,
            PoolId = lease.PoolId,
            Role = (V1.DeliveryRole)lease.Role,
            VirtualNumber = lease.Number.National,
            VirtualNumberE164 = lease.Number.E164 ?? "",
            PrintedNumber = new DialledNumber(lease.Number, lease.Extension).Printed,
            MaskedNumber = lease.MaskedNumber,
            State = lease.End == EndReason.None ? V1.LeaseState.Live : V1.LeaseState.Ended,
            LeaseTime = lease.LeaseTime.ToTimestamp(),
            Epoch = lease.LeaseTime.ToUnixTimeMilliseconds(),
            ExpireTime = lease.ExpireTime.ToTimestamp(),
            EndReason = (V1.EndReason)lease.End,
            ExtensionCount = lease.ExtensionCount,
            Extension = lease.Extension ?? "",
            AreaCode = lease.AreaCode,
            CallDirection = (V1.CallDirection)lease.Direction,
            MaskedPeerNumber = lease.MaskedPeerNumber,
            CallRules = lease.Rules.ToMessage(),
            NumberFaultySince = lease.FaultySince?.ToTimestamp(),
        };
        if (lease.End != EndReason.None)
            message.EndTime = lease.ExpireTime.ToTimestamp();
        return message;
    }

    public static V1.LeaseEvent ToMessage(this LeaseEvent lease, EventStreams streams) => new()
    {
        EventId = streams.IdOf(lease),
        EventTime = lease.Time.ToTimestamp(),
        Kind = (V1.LeaseEventKind)lease.Kind,
        LeaseId = streams.LeaseIdOf(lease),
        Epoch = lease.LeaseTime.ToUnixTimeMilliseconds(),
    };

    public static V1.Call ToMessage(this CallSummary call)
    {
        var message = new V1.Call
        {
            GatewayId = call.GatewayId,
            CallId = call.CallId,
            CallKind = (V1.CallKind)call.Kind,
            VirtualNumber = call.Number.National,
            MaskedCaller = call.MaskedCaller,
            LeaseId = call.LeaseId ?? "",
            Epoch = call.LeaseId is null ? 0 : call.LeaseTime.ToUnixTimeMilliseconds(),
            StartTime = call.StartTime.ToTimestamp(),
            Outcome = (V1.ResolveOutcome)call.Outcome,
        };
        message.Events.AddRange(call.Events.Select(e => new V1.CallEvent
        {
            Kind = (V1.CallEventKind)e.Kind,
            EventTime = e.Time.ToTimestamp(),
            ReleasedBy = (V1.CallSide)e.ReleasedBy,
            Q850Cause = e.Q850Cause,
            SipStatus = e.SipStatus,
        }));
        return message;
    }

    public static V1.Pool ToMessage(this Pool pool) => new()
    {
        PoolId = pool.PoolId,
        Mode = (V1.PoolMode)pool.Mode,
        CountryCode = pool.CountryCode,
        BlockDigits = pool.BlockDigits,
        Aging = pool.Aging.ToDuration(),
        WithheldCallersAllowed = pool.WithheldCallersAllowed,
        CreateTime = pool.CreateTime.ToTimestamp(),
        Etag = EtagOf(pool),
        Density = pool.Density,
        ExtensionLength = pool.ExtensionLength,
        Quota = pool.Quota == LeaseQuota.None
            ? null
            : new V1.LeaseQuota { LiveLeaseLimit = pool.Quota.LiveLeases ?? 0, LeasesPerMinuteLimit = pool.Quota.LeasesPerMinute ?? 0 },
        EndedAnnouncement = pool.EndedAnnouncement,
        EndedHotline = pool.EndedHotline.Length > 0 ? PhoneNumber.FromCanonical(pool.EndedHotline).ToRoute() : "",
        CallRules = pool.Rules.ToMessage(pool.AllowedKinds),
    };

    /// <summary>Null where there are none. Of callers only how many there are.</summary>
    public static V1.CallRules? ToMessage(this CallRules rules, PhoneNumberKindSet kinds = default)
    {
        if (rules.AreNone() && kinds == default)
            return null;
        var message = new V1.CallRules
        {
            OnlyAllowedCallers = rules.Allowed is not null,
            AllowedKinds = { CallRulesReader.Kinds.Where(kind => kinds.Contains(kind.Own)).Select(kind => kind.Published) },
            AllowedCallerCount = rules.Allowed?.Count ?? 0,
            BlockedCallerCount = rules.Blocked.Count,
        };
        if (rules.Hours is { } hours)
            message.Hours = new V1.CallHours { TimeZone = hours.TimeZone, Windows = { hours.Windows.Select(ToMessage) } };
        return message;
    }

    private static V1.CallWindow ToMessage(CallWindow window) => new()
    {
        Start = CallRulesReader.TimeOfDay(window.Start),
        End = CallRulesReader.TimeOfDay(window.End),
        Days = { CallRulesReader.Days.Where(day => window.Days.HasFlag(CallRulesReader.Bit(day))) },
    };

    public static V1.NumberCounts ToMessage(this NumberCounts counts) => new()
    {
        StockedCount = counts.Stocked,
        AvailableCount = counts.Available,
        LeasedCount = counts.Leased,
        AgingCount = counts.Aging,
        SuspendedCount = counts.Suspended,
        RetiredCount = counts.Retired,
        DrainingCount = counts.Draining,
        FaultyCount = counts.Faulty,
    };

    /// <summary>E.164 where it exists, else as dialled inside the country.</summary>
    public static string ToRoute(this PhoneNumber number) => number.E164 ?? number.National;

    /// <summary>As a gateway is configured to be given numbers.</summary>
    public static string ToRoute(this PhoneNumber number, GatewayOptions gateway) => gateway.NumberForm switch
    {
        NumberForm.TelUri => number.TelUri,
        NumberForm.National when number.CountryCode == gateway.DefaultCountry => number.National,
        _ => number.ToRoute(),
    };

    /// <summary>A pool's version as an opaque text.</summary>
    public static string EtagOf(Pool pool) => $"v{pool.Version}";

    /// <summary>The version of which <see cref="EtagOf"/> made this very text; null for any other.</summary>
    public static int? VersionOf(string etag) =>
        etag.Length > 1 && int.TryParse(etag.AsSpan(1), out var version) && etag == $"v{version}" ? version : null;
}
