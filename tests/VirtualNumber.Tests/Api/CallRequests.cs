using Google.Protobuf.WellKnownTypes;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Requests about calls that are good as they are.</summary>
internal static class CallRequests
{
    public static ReportCallEventsRequest Report(Lease lease, string callId, params CallEvent[] events) => new()
    {
        GatewayId = TestService.Gateway,
        CallId = callId,
        LeaseId = lease.LeaseId,
        Epoch = lease.Epoch,
        Events = { events },
    };

    public static CallEvent Event(CallEventKind kind, DateTimeOffset time) => new() { Kind = kind, EventTime = time.ToTimestamp() };

    /// <summary>Rung, answered after five seconds, hung up by the called party after so many more.</summary>
    public static CallEvent[] Talk(DateTimeOffset from, double seconds) =>
    [
        Event(CallEventKind.Ringing, from), Event(CallEventKind.Answered, from.AddSeconds(5)),
        new()
        {
            Kind = CallEventKind.Released, EventTime = from.AddSeconds(5 + seconds).ToTimestamp(), ReleasedBy = CallSide.Called, Q850Cause = 16, SipStatus = 200,
        },
    ];

    public static ListCallsRequest List(string poolId = Requests.PoolId) => new() { TenantId = TestService.Alpha, PoolId = poolId };

    public static GetCallStatsRequest Stats(CallGrouping by = CallGrouping.Unspecified) =>
        new() { TenantId = TestService.Alpha, PoolId = Requests.PoolId, GroupBy = by };
}
