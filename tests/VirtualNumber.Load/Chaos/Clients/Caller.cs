using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Load.Calls;
using VirtualNumber.Load.Chaos.Bed;

namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>Makes single calls to an instance, and writes down what was asked, when, and what came of it.</summary>
internal sealed class Caller(int client, IReadOnlyList<Instance> instances, History history)
{
    private const string Carrier = "SF";
    private const string Tenant = ChaosRules.TenantId;

    /// <summary>A call that ran out of its deadline is unclear to its caller; longer than the service's own time for one call to Redis.</summary>
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(3);

    private long _calls;

    public RunClock Clock => history.Clock;

    private int Count => instances.Count;

    public Task<Call> CreateAsync(int instance, LeaseOrder order) => RecordAsync(
        NewCreate(Verb.Create, instance, order),
        async (call, options) => call.Seen = [See((await At(instance).Leases.CreateLeaseAsync(RequestOf(order), options)).Lease)]);

    /// <summary>Several in one call; each is written down for itself.</summary>
    public async Task<IReadOnlyList<Call>> CreateBatchAsync(int instance, IReadOnlyList<LeaseOrder> orders)
    {
        var calls = orders.Select(order => NewCreate(Verb.BatchCreate, instance, order)).ToList();
        var request = new V1.BatchCreateLeasesRequest { TenantId = Tenant };
        request.Requests.AddRange(orders.Select(RequestOf));
        var (outcome, reason, _) = await TryAsync(async options =>
        {
            var results = (await At(instance).Leases.BatchCreateLeasesAsync(request, options)).Results;
            foreach (var (call, result) in calls.Zip(results))
            {
                if (result.Response is { } response)
                    call.Seen = [See(response.Lease)];
                else
                    (call.Outcome, call.Reason, call.LeaseId) = Judge(new RpcException(new Status((StatusCode)result.Error.Code, ""), DetailsOf(result.Error)));
            }
        });
        foreach (var call in calls)
        {
            call.End = Clock.Now;
            if (outcome != CallEnd.Done)
                (call.Outcome, call.Reason) = (outcome, reason);
            history.Add(call);
        }

        return calls;
    }

    public Task<Call> GetAsync(int instance, string leaseId) => RecordAsync(
        New(Verb.Get, instance, leaseId),
        async (call, options) => call.Seen = [See((await At(instance).Leases.GetLeaseAsync(new() { TenantId = Tenant, LeaseId = leaseId }, options)).Lease)]);

    public Task<Call> ListAsync(int instance, string delivery) => RecordAsync(
        new() { Verb = Verb.List, Start = Clock.Now, Client = client, Instance = instance, Delivery = delivery },
        async (call, options) =>
        {
            var response = await At(instance).Leases.ListDeliveryLeasesAsync(new() { TenantId = Tenant, Delivery = DeliveryOf(delivery) }, options);
            call.Seen = [.. response.Leases.Select(See)];
            call.Latest = response.EventTime is null ? default : new(TicksOf(response.EventTime), (DeliveryStatus)response.Status);
        });

    public Task<Call> ExtendAsync(int instance, string leaseId, string request, TimeSpan span) => RecordAsync(
        new() { Verb = Verb.Extend, Start = Clock.Now, Client = client, Instance = instance, LeaseId = leaseId, Request = request, Ticks = span.Ticks },
        async (call, options) => call.Seen =
        [
            See((await At(instance).Leases.ExtendLeaseAsync(
                new() { TenantId = Tenant, LeaseId = leaseId, RequestId = request, Extension = Duration.FromTimeSpan(span) }, options)).Lease),
        ]);

    public Task<Call> ReassignAsync(int instance, string leaseId, string request, string holder, string peer) => RecordAsync(
        new() { Verb = Verb.Reassign, Start = Clock.Now, Client = client, Instance = instance, LeaseId = leaseId, Request = request, Holder = holder, Peer = peer },
        async (call, options) => call.Seen =
        [
            See((await At(instance).Leases.ReassignLeaseAsync(
                new() { TenantId = Tenant, LeaseId = leaseId, RequestId = request, RealNumber = holder, PeerNumber = peer }, options)).Lease),
        ]);

    public Task<Call> ReleaseAsync(int instance, string leaseId) => RecordAsync(
        New(Verb.Release, instance, leaseId),
        async (call, options) => call.Seen = [See((await At(instance).Leases.ReleaseLeaseAsync(new() { TenantId = Tenant, LeaseId = leaseId }, options)).Lease)]);

    public Task<Call> ReportAsync(int instance, string delivery, StatusEvent report) => RecordAsync(
        new() { Verb = Verb.Report, Start = Clock.Now, Client = client, Instance = instance, Delivery = delivery, Event = report },
        async (call, options) =>
        {
            var request = new V1.ReportDeliveryStatusRequest
            {
                TenantId = Tenant,
                Delivery = DeliveryOf(delivery),
                Status = (V1.DeliveryStatus)report.Status,
                EventTime = new DateTimeOffset(report.Time, TimeSpan.Zero).ToTimestamp(),
            };
            var response = await At(instance).Leases.ReportDeliveryStatusAsync(request, options);
            call.ReportOutcome = (ReportOutcome)((int)response.Outcome - 1);
            call.Latest = new(TicksOf(response.EventTime), (DeliveryStatus)response.Status);
            call.Seen = [.. response.Leases.Select(See)];
        });

    /// <param name="instance">Which instance.</param>
    /// <param name="number">As it is printed.</param>
    /// <param name="caller">Who calls.</param>
    /// <param name="leaseId">Whose lease the caller expects there.</param>
    /// <param name="pair">Whether it is a pair's number.</param>
    public Task<Call> ResolveAsync(int instance, string number, string caller, string leaseId, bool pair) => RecordAsync(
        new() { Verb = Verb.Resolve, Start = Clock.Now, Client = client, Instance = instance, Called = number, Caller = caller, LeaseId = leaseId, Pair = pair },
        async (call, options) =>
        {
            var request = new V1.ResolveRequest
            {
                GatewayId = ChaosRules.GatewayId,
                CallId = $"{client}-{Interlocked.Increment(ref _calls)}",
                CalledNumber = number,
                CallerNumber = caller,
            };
            var response = await At(instance).Routing.ResolveAsync(request, options);
            if (response.Action != V1.RoutingAction.Connect)
                return;
            call.Connected = response.ConnectNumber;
            var epoch = DateTimeOffset.FromUnixTimeMilliseconds(response.Epoch).UtcTicks;
            call.Seen = [new(response.LeaseId, default, number, epoch, 0, default, 0)];
        });

    private Instance At(int instance) => instances[instance % Count];

    private Call New(Verb verb, int instance, string leaseId) =>
        new() { Verb = verb, Start = Clock.Now, Client = client, Instance = instance, LeaseId = leaseId };

    private Call NewCreate(Verb verb, int instance, LeaseOrder order) => new()
    {
        Verb = verb,
        Start = Clock.Now,
        Client = client,
        Instance = instance,
        Delivery = order.Delivery,
        Role = order.Role,
        Request = order.Request,
        Holder = order.Holder,
        Peer = order.Peer,
        Pair = order.Pool == TestBed.PairPool,
        Ticks = order.Expire,
    };

    private async Task<Call> RecordAsync(Call call, Func<Call, CallOptions, Task> make)
    {
        var (outcome, reason, lease) = await TryAsync(options => make(call, options));
        call.End = Clock.Now;
        (call.Outcome, call.Reason) = (outcome, reason);
        if (lease.Length > 0)
            call.LeaseId = lease;
        history.Add(call);
        return call;
    }

    private static async Task<(CallEnd Outcome, string Reason, string LeaseId)> TryAsync(Func<CallOptions, Task> make)
    {
        try
        {
            await make(new CallOptions(deadline: (TimeProvider.System.GetUtcNow() + s_deadline).UtcDateTime));
            return (CallEnd.Done, "", "");
        }
        catch (RpcException fault)
        {
            return Judge(fault);
        }
    }

    private static (CallEnd Outcome, string Reason, string LeaseId) Judge(RpcException fault)
    {
        if (fault.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Aborted or StatusCode.Cancelled)
            return (CallEnd.Unclear, fault.StatusCode.ToString(), "");
        // The client's own words for a connection that was closed under it: an instance that stops says GOAWAY, and .NET repeats by itself only
        // what it had not begun to send. No service answered this.
        if (fault.StatusCode == StatusCode.Internal && fault.Status.DebugException is HttpRequestException { InnerException: HttpProtocolException { ErrorCode: 0 } })
            return (CallEnd.Unclear, "ConnectionClosed", "");
        var reason = ErrorText.ReasonOf(fault);
        // The lease that has ended, or that stands in the way.
        var lease = reason is "LEASE_ENDED" or "DELIVERY_ROLE_TAKEN" ? ErrorText.ValueOf(fault, "lease_id") : "";
        return (CallEnd.Refused, reason.Length > 0 ? reason : $"{fault.StatusCode}: {fault.Status.Detail}", lease);
    }

    private static Metadata DetailsOf(V1.ItemStatus error)
    {
        // ItemStatus has the wire format of google.rpc.Status.
        return new() { { "grpc-status-details-bin", Google.Protobuf.MessageExtensions.ToByteArray(error) } };
    }

    private static V1.CreateLeaseRequest RequestOf(LeaseOrder order) => new()
    {
        TenantId = Tenant,
        RequestId = order.Request,
        PoolId = order.Pool,
        Delivery = DeliveryOf(order.Delivery),
        Role = (V1.DeliveryRole)order.Role,
        RealNumber = order.Holder,
        PeerNumber = order.Peer,
        ExpireTime = new DateTimeOffset(order.Expire, TimeSpan.Zero).ToTimestamp(),
    };

    private static V1.Delivery DeliveryOf(string waybill) => new() { Carrier = Carrier, WaybillNumber = waybill };

    private static SeenLease See(V1.Lease lease) => new(
        lease.LeaseId,
        (DeliveryRole)lease.Role,
        lease.PrintedNumber,
        TicksOf(lease.LeaseTime),
        TicksOf(lease.EndTime ?? lease.ExpireTime),
        (EndReason)lease.EndReason,
        lease.ExtensionCount);

    private static long TicksOf(Timestamp time) => time.ToDateTimeOffset().UtcTicks;
}

/// <summary>A lease as a client asks for it, the same at each repeat.</summary>
/// <param name="Expire">In ticks, whole milliseconds.</param>
internal sealed record LeaseOrder(
    string Delivery, DeliveryRole Role, string Request, string Pool, string Holder, string Peer, long Expire);
