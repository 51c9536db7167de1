using Google.Protobuf.WellKnownTypes;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Requests that are good as they are; a test changes the one field it is about.</summary>
internal static class Requests
{
    /// <summary>The pool that <see cref="ApiTests"/> stocks, of tenant alpha.</summary>
    public const string PoolId = "main";

    /// <summary>Its block: 16210010000 to 16210010099.</summary>
    public const string Block = "162100100";

    /// <summary>A real number. Country 999 is nobody's.</summary>
    public const string Real = "+99913800138";

    /// <summary>Another one.</summary>
    public const string OtherReal = "+99913800139";

    /// <summary>A caller.</summary>
    public const string Caller = "+99955500111";

    public static Delivery Delivery(string waybill = "SF1000200030") => new() { Carrier = "SF", WaybillNumber = waybill };

    public static CreateLeaseRequest CreateLease(
        string waybill = "SF1000200030", string real = Real, DeliveryRole role = DeliveryRole.Recipient, string requestId = "") => new()
        {
            TenantId = TestService.Alpha,
            RequestId = requestId,
            PoolId = PoolId,
            Delivery = Delivery(waybill),
            Role = role,
            RealNumber = real,
        };

    /// <summary>A lease in a pool of extensions.</summary>
    public static CreateLeaseRequest Extension(string waybill = "SF1000200030", string real = Real, string requestId = "")
    {
        var request = CreateLease(waybill, real, requestId: requestId);
        request.PoolId = "shared";
        return request;
    }

    /// <summary>A lease in a pool of pairs: the courier is the holder, the recipient the peer.</summary>
    public static CreateLeaseRequest Pair(
        string courier = Real, string recipient = OtherReal, string waybill = "SF1000200030", CallDirection direction = CallDirection.Unspecified,
        string requestId = "")
    {
        var request = CreateLease(waybill, courier, DeliveryRole.Courier, requestId);
        (request.PoolId, request.PeerNumber, request.CallDirection) = ("pairs", recipient, direction);
        return request;
    }

    public static GetLeaseRequest GetLease(string leaseId) => new() { TenantId = TestService.Alpha, LeaseId = leaseId };

    public static ExtendLeaseRequest ExtendLease(string leaseId, string requestId = "extend-1", double days = 7) => new()
    {
        TenantId = TestService.Alpha,
        RequestId = requestId,
        LeaseId = leaseId,
        Extension = TimeSpan.FromDays(days).ToDuration(),
    };

    public static ReassignLeaseRequest ReassignLease(string leaseId, string real = OtherReal, string requestId = "reassign-1") => new()
    {
        TenantId = TestService.Alpha,
        RequestId = requestId,
        LeaseId = leaseId,
        RealNumber = real,
    };

    public static ReleaseLeaseRequest ReleaseLease(string leaseId) => new() { TenantId = TestService.Alpha, LeaseId = leaseId };

    public static ListDeliveryLeasesRequest ListDeliveryLeases(string waybill = "SF1000200030") =>
        new() { TenantId = TestService.Alpha, Delivery = Delivery(waybill) };

    public static ReportDeliveryStatusRequest Report(
        DeliveryStatus status, DateTimeOffset eventTime, string waybill = "SF1000200030", string tenant = TestService.Alpha) => new()
        {
            TenantId = tenant,
            Delivery = Delivery(waybill),
            Status = status,
            EventTime = eventTime.ToTimestamp(),
        };

    public static ReportDeliveryStatusRequest VendorReport(Vendor vendor, string code, DateTimeOffset eventTime) => new()
    {
        TenantId = TestService.Alpha,
        Delivery = Delivery(),
        VendorStatus = new VendorStatus { Vendor = vendor, Code = code },
        EventTime = eventTime.ToTimestamp(),
    };

    public static ResolveRequest Resolve(string called, string caller = Caller, string callId = "call-1") => new()
    {
        GatewayId = TestService.Gateway,
        CallId = callId,
        CalledNumber = called,
        CallerNumber = caller,
        CallKind = CallKind.Voice,
    };

    /// <summary>A look-up with what the caller keyed in.</summary>
    public static ResolveRequest Resolve(string called, string digits, string caller, string callId)
    {
        var request = Resolve(called, caller, callId);
        request.CollectedDigits = digits;
        return request;
    }

    public static ReportHeartbeatRequest Heartbeat(string instance = "node-1", int calls = 3) =>
        new() { GatewayId = TestService.Gateway, InstanceId = instance, CallsInProgress = calls };

    public static ReportNumberHealthRequest NumberHealth(string number, NumberHealth health, DateTimeOffset eventTime, string cause = "") => new()
    {
        GatewayId = TestService.Gateway,
        Number = number,
        Health = health,
        Cause = cause,
        EventTime = eventTime.ToTimestamp(),
    };

    public static CreatePoolRequest CreatePool(string poolId, int blockDigits = 2, string tenant = TestService.Alpha) =>
        new() { TenantId = tenant, Pool = new Pool { PoolId = poolId, BlockDigits = blockDigits } };

    public static GetPoolRequest GetPool(string poolId = PoolId) => new() { TenantId = TestService.Alpha, PoolId = poolId };

    public static UpdatePoolRequest UpdatePool(string poolId = PoolId) => new() { TenantId = TestService.Alpha, PoolId = poolId };

    public static ListPoolsRequest ListPools(int pageSize = 0, string token = "") =>
        new() { TenantId = TestService.Alpha, PageSize = pageSize, PageToken = token };

    public static AddNumbersRequest AddBlocks(string poolId, params string[] blocks) =>
        new() { TenantId = TestService.Alpha, PoolId = poolId, Blocks = { blocks } };

    public static AddNumbersRequest AddNumbers(string poolId, params string[] numbers) =>
        new() { TenantId = TestService.Alpha, PoolId = poolId, Numbers = { numbers } };

    public static NumberSelection Numbers(params string[] numbers) => new() { Numbers = { numbers } };

    public static NumberSelection Blocks(params string[] blocks) => new() { Blocks = { blocks } };

    public static SuspendNumbersRequest Suspend(NumberSelection selection, string poolId = PoolId) =>
        new() { TenantId = TestService.Alpha, PoolId = poolId, Selection = selection };

    public static RestoreNumbersRequest Restore(NumberSelection selection, string poolId = PoolId) =>
        new() { TenantId = TestService.Alpha, PoolId = poolId, Selection = selection };

    public static RetireNumbersRequest Retire(NumberSelection selection, string poolId = PoolId) =>
        new() { TenantId = TestService.Alpha, PoolId = poolId, Selection = selection };

    public static GetStatsRequest GetStats(string poolId = PoolId, int pageSize = 0, string token = "") =>
        new() { TenantId = TestService.Alpha, PoolId = poolId, PageSize = pageSize, PageToken = token };

    public static ListLeasesRequest ListLeases(LeaseState state = LeaseState.Unspecified, int pageSize = 0, string token = "") =>
        new() { TenantId = TestService.Alpha, PoolId = PoolId, State = state, PageSize = pageSize, PageToken = token };
}
