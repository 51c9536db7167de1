using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Fuzz;

/// <summary>A valid request for every method of the service, drawn at random from what there is.</summary>
internal sealed class ValidRequests(FuzzStock stock)
{
    /// <summary>So few that deliveries, requests and numbers meet again and again.</summary>
    private const int Variety = 500;

    private static readonly string[] s_codes = ["1", "3", "301", "SIGN", "Delivered", "Delivered_001", "EMA", "99"];

    /// <summary>All methods that the service has.</summary>
    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
    [
        .. LeaseServiceReflection.Descriptor.Services[0].Methods,
        .. RoutingServiceReflection.Descriptor.Services[0].Methods,
        .. OpsServiceReflection.Descriptor.Services[0].Methods,
        .. HealthReflection.Descriptor.Services[0].Methods,
        .. global::Grpc.Reflection.V1.ReflectionReflection.Descriptor.Services[0].Methods,
    ];

    public IMessage For(MethodDescriptor method, Random random) => method.Name switch
    {
        "CreateLease" => CreateLease(random),
        "BatchCreateLeases" => new BatchCreateLeasesRequest { TenantId = FuzzStock.Tenant, Requests = { Several(random, () => CreateLease(random)) } },
        "GetLease" => new GetLeaseRequest { TenantId = FuzzStock.Tenant, LeaseId = LeaseId(random) },
        "ListDeliveryLeases" => new ListDeliveryLeasesRequest { TenantId = FuzzStock.Tenant, Delivery = Delivery(random) },
        "ExtendLease" => new ExtendLeaseRequest
        {
            TenantId = FuzzStock.Tenant,
            RequestId = RequestId(random),
            LeaseId = LeaseId(random),
            Extension = TimeSpan.FromDays(random.GetItems([7, 15, 30], 1)[0]).ToDuration(),
        },
        "ReassignLease" => new ReassignLeaseRequest
        {
            TenantId = FuzzStock.Tenant,
            RequestId = RequestId(random),
            LeaseId = LeaseId(random),
            RealNumber = Real(random),
            PeerNumber = random.Next(3) == 0 ? Real(random) : "",
            NewNumberIfBusy = random.Next(3) == 0,
        },
        "ReleaseLease" => new ReleaseLeaseRequest { TenantId = FuzzStock.Tenant, RequestId = RequestId(random), LeaseId = LeaseId(random) },
        "ReportDeliveryStatus" => Report(random),
        "BatchReportDeliveryStatus" =>
            new BatchReportDeliveryStatusRequest { TenantId = FuzzStock.Tenant, Requests = { Several(random, () => Report(random)) } },
        "WatchEvents" => new WatchEventsRequest { TenantId = FuzzStock.Tenant, FromOldest = random.Next(2) == 0 },
        "Resolve" => Resolve(random),
        "ReportNumberHealth" => new ReportNumberHealthRequest
        {
            GatewayId = FuzzStock.Gateway,
            Number = $"162100400{random.Next(100):00}",
            Health = (NumberHealth)random.Next(1, 3),
            Cause = "no-answer",
            EventTime = TimeProvider.System.GetUtcNow().AddMinutes(-random.Next(60)).ToTimestamp(),
        },
        "ReportHeartbeat" => new ReportHeartbeatRequest { GatewayId = FuzzStock.Gateway, InstanceId = $"node-{random.Next(Variety)}", CallsInProgress = random.Next(1_000) },
        "ReportCallEvents" => ReportCallEvents(random),
        "CreatePool" => new CreatePoolRequest { TenantId = FuzzStock.Tenant, Pool = new Pool { PoolId = $"p{random.Next(50)}", BlockDigits = random.Next(2, 5) } },
        "UpdatePool" => new UpdatePoolRequest
        {
            TenantId = FuzzStock.Tenant,
            PoolId = Pool(random),
            Aging = TimeSpan.FromHours(random.Next(1, 100)).ToDuration(),
            EndedAnnouncement = "gone",
            CallRules = random.Next(8) == 0 ? CallRules(random) : null,
            BlockedCallerChanges = random.Next(4) == 0 ? new CallerChanges { AddedCallers = { Real(random) }, RemovedCallers = { Real(random) } } : null,
        },
        "GetPool" => new GetPoolRequest { TenantId = FuzzStock.Tenant, PoolId = Pool(random) },
        "ListPools" => new ListPoolsRequest { TenantId = FuzzStock.Tenant, PageSize = random.Next(0, 20), PageToken = Token(random) },
        "AddNumbers" => new AddNumbersRequest { TenantId = FuzzStock.Tenant, PoolId = "spare", Numbers = { $"1621007{random.Next(100):0000}" } },
        "SuspendNumbers" => new SuspendNumbersRequest { TenantId = FuzzStock.Tenant, PoolId = "spare", Selection = Selection(random) },
        "RestoreNumbers" => new RestoreNumbersRequest { TenantId = FuzzStock.Tenant, PoolId = "spare", Selection = Selection(random) },
        "RetireNumbers" => new RetireNumbersRequest { TenantId = FuzzStock.Tenant, PoolId = "spare", Selection = Selection(random) },
        "GetStats" => new GetStatsRequest { TenantId = FuzzStock.Tenant, PoolId = Pool(random), PageSize = random.Next(0, 20) },
        "ListFaultyNumbers" => new ListFaultyNumbersRequest { TenantId = FuzzStock.Tenant, PoolId = Pool(random), PageSize = random.Next(0, 20), PageToken = Token(random) },
        "ListGateways" => new ListGatewaysRequest(),
        "ListLeases" => new ListLeasesRequest { TenantId = FuzzStock.Tenant, PoolId = Pool(random), PageSize = random.Next(0, 20), PageToken = Token(random) },
        "ListCalls" => new ListCallsRequest { TenantId = FuzzStock.Tenant, PoolId = Pool(random), PageSize = random.Next(0, 20), PageToken = Token(random) },
        "GetCallStats" => new GetCallStatsRequest
        {
            TenantId = FuzzStock.Tenant,
            PoolId = Pool(random),
            GroupBy = (CallGrouping)random.Next(4),
            LeaseId = random.Next(2) == 0 ? LeaseId(random) : "",
        },
        "ListParkedPushes" => new ListParkedPushesRequest { TenantId = FuzzStock.Tenant, WebhookId = "webhook", PageSize = random.Next(0, 20) },
        "RetryParkedPushes" => new RetryParkedPushesRequest { TenantId = FuzzStock.Tenant, WebhookId = "webhook", PushIds = { $"{random.Next(100)}-0" } },
        "ListBarredBlocks" => new ListBarredBlocksRequest { TenantId = FuzzStock.Tenant, PoolId = Pool(random), PageSize = random.Next(0, 20) },
        "ConfirmBlocks" => new ConfirmBlocksRequest
        {
            TenantId = FuzzStock.Tenant,
            PoolId = Pool(random),
            Blocks = { FuzzStock.Blocks[random.Next(FuzzStock.Blocks.Count)] },
            PossibleLoss = TimeSpan.FromSeconds(random.Next(0, 100)).ToDuration(),
        },
        "Check" or "Watch" => new HealthCheckRequest { Service = random.Next(2) == 0 ? "" : "virtualnumber.v1.LeaseService" },
        "List" => new HealthListRequest(),
        "ServerReflectionInfo" => random.Next(3) switch
        {
            0 => new ServerReflectionRequest { ListServices = "" },
            1 => new ServerReflectionRequest { FileContainingSymbol = "virtualnumber.v1.Lease" },
            _ => new ServerReflectionRequest { AllExtensionNumbersOfType = "virtualnumber.v1.Lease" },
        },
        _ => throw new InvalidOperationException($"There is no valid request for {method.FullName}: add one."),
    };

    private static CreateLeaseRequest CreateLease(Random random)
    {
        var pool = Pool(random);
        var request = new CreateLeaseRequest
        {
            TenantId = FuzzStock.Tenant,
            RequestId = random.Next(3) == 0 ? RequestId(random) : "",
            PoolId = pool,
            Delivery = Delivery(random),
            Role = (DeliveryRole)random.Next(1, 4),
            RealNumber = Real(random),
        };
        if (pool == "pair")
            (request.PeerNumber, request.CallDirection) = (Real(random), (CallDirection)random.Next(0, 4));
        if (random.Next(4) == 0)
            request.Area = new AreaPreference { AreaCode = random.Next(2) == 0 ? "310100" : "440100", FallbackAreaCodes = { "310100" } };
        if (random.Next(4) == 0)
            request.CallRules = CallRules(random);
        if (random.Next(4) == 0)
            request.ExpireTime = TimeProvider.System.GetUtcNow().AddHours(random.Next(1, 100)).ToTimestamp();
        return request;
    }

    private static CallRules CallRules(Random random) => new()
    {
        Hours = new CallHours
        {
            TimeZone = "Asia/Shanghai",
            Windows = { new CallWindow { Start = $"{random.Next(0, 12):00}:30", End = $"{random.Next(12, 25):00}:00", Days = { (VirtualNumber.V1.DayOfWeek)random.Next(1, 8) } } },
        },
        AllowedCallers = { Several(random, () => Real(random)) },
        BlockedCallers = { Real(random) },
    };

    private static ReportDeliveryStatusRequest Report(Random random)
    {
        var report = new ReportDeliveryStatusRequest
        {
            TenantId = FuzzStock.Tenant,
            Delivery = Delivery(random),
            EventTime = TimeProvider.System.GetUtcNow().AddSeconds(-random.Next(1_000_000)).ToTimestamp(),
        };
        if (random.Next(2) == 0)
            report.Status = (DeliveryStatus)random.Next(1, 10);
        else
            report.VendorStatus = new VendorStatus { Vendor = (Vendor)random.Next(1, 5), Code = random.GetItems(s_codes, 1)[0] };
        return report;
    }

    private ResolveRequest Resolve(Random random)
    {
        var lease = stock.Leases[random.Next(stock.Leases.Count)];
        return new ResolveRequest
        {
            GatewayId = FuzzStock.Gateway,
            CallId = $"call-{random.Next(Variety)}",
            CalledNumber = random.Next(2) == 0 ? lease.VirtualNumber : lease.PrintedNumber,
            CallerNumber = random.Next(4) == 0 ? "anonymous" : Real(random),
            CallKind = CallKind.Voice,
            CollectedDigits = random.Next(4) == 0 ? $"{random.Next(10_000)}#" : "",
        };
    }

    private ReportCallEventsRequest ReportCallEvents(Random random)
    {
        var lease = stock.Leases[random.Next(stock.Leases.Count)];
        return new ReportCallEventsRequest
        {
            GatewayId = FuzzStock.Gateway,
            CallId = $"call-{random.Next(Variety)}",
            LeaseId = lease.LeaseId,
            Epoch = lease.Epoch,
            Events =
            {
                Several(random, () => new CallEvent
                {
                    Kind = (CallEventKind)random.Next(1, 5),
                    EventTime = TimeProvider.System.GetUtcNow().AddSeconds(-random.Next(1_000)).ToTimestamp(),
                    ReleasedBy = (CallSide)random.Next(4),
                    Q850Cause = random.Next(128),
                    SipStatus = random.Next(100, 700),
                }),
            },
        };
    }

    private static List<T> Several<T>(Random random, Func<T> one) => [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => one())];

    private static NumberSelection Selection(Random random) =>
        random.Next(2) == 0 ? new() { Blocks = { "162100400" } } : new() { Numbers = { $"162100400{random.Next(100):00}" } };

    private static Delivery Delivery(Random random) => FuzzStock.DeliveryOf(random.Next(Variety));

    private static string Real(Random random) => FuzzStock.RealNumberOf(random.Next(Variety));

    private static string RequestId(Random random) => $"r-{random.Next(Variety)}";

    private static string Pool(Random random) => FuzzStock.Pools[random.Next(FuzzStock.Pools.Count)];

    private string LeaseId(Random random) => stock.Leases[random.Next(stock.Leases.Count)].LeaseId;

    private string Token(Random random) => stock.Tokens[random.Next(stock.Tokens.Count)];
}
