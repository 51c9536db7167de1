using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Bench;

/// <summary>The service with live leases, and the calls that are measured on it.</summary>
internal sealed class ServiceLoad(CallInvoker invoker)
{
    private const string Tenant = "bench";
    private const string Gateway = "bench";

    /// <summary>Holds the leases that look-ups go to.</summary>
    private const string LivePool = "live";

    /// <summary>Gives the numbers that CreateLease takes while it is measured.</summary>
    private const string FreePool = "free";

    /// <summary>How many parcels a measured batch has.</summary>
    public const int SmallBatch = 100;

    private const int NumbersPerBlock = 10_000;
    private const int BatchesAtOnce = 16;
    private const int LeasesPerBatch = 1_000;

    /// <summary>So many numbers are free at least when a round of CreateLease begins, more than can be leased in it.</summary>
    private const int FreePerSecond = 50_000;

    private readonly LeaseService.LeaseServiceClient _leases = new(invoker);
    private readonly RoutingService.RoutingServiceClient _routing = new(invoker);
    private readonly OpsService.OpsServiceClient _ops = new(invoker);
    private string[] _live = [];
    private int _blocks;
    private long _freeNumbers;
    private long _parcels;
    private long _calls;

    /// <summary>What the service is started with: a tenant, a gateway, and no line of log per call.</summary>
    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Tenants:0:Id"] = Tenant,
        ["Gateways:0:Id"] = Gateway,
        ["RealNumbers:AllowedCountries:0"] = "999",
        ["Logging:LogLevel:Default"] = "Warning",
    };

    /// <summary>Makes so many live leases.</summary>
    public async Task PrepareAsync(int leases)
    {
        foreach (var pool in (string[])[LivePool, FreePool])
        {
            var wanted = new Pool { PoolId = pool, BlockDigits = 4, Aging = Duration.FromTimeSpan(TimeSpan.FromDays(7)) };
            await _ops.CreatePoolAsync(new() { TenantId = Tenant, Pool = wanted });
        }

        for (var stocked = 0; stocked < leases; stocked += NumbersPerBlock)
            await AddBlockAsync(LivePool);

        // Parcels of live leases are the first ones.
        var numbers = new ConcurrentBag<string>();
        var sizes = Enumerable.Range(0, leases).Chunk(LeasesPerBatch).Select(chunk => chunk.Length);
        await Parallel.ForEachAsync(sizes, new ParallelOptions { MaxDegreeOfParallelism = BatchesAtOnce }, async (size, cancellation) =>
        {
            foreach (var number in await LeaseAsync(LivePool, size, cancellation))
                numbers.Add(number);
        });
        _live = [.. numbers];
    }

    /// <summary>Stocks what a round of leasing may take.</summary>
    public async Task StockAsync(TimeSpan round)
    {
        while (Interlocked.Read(ref _freeNumbers) < round.TotalSeconds * FreePerSecond)
        {
            await AddBlockAsync(FreePool);
            Interlocked.Add(ref _freeNumbers, NumbersPerBlock);
        }
    }

    /// <summary>CreateLease for a new parcel, with a request id.</summary>
    public async Task CreateLeaseAsync()
    {
        await _leases.CreateLeaseAsync(NextLease(FreePool));
        Interlocked.Decrement(ref _freeNumbers);
    }

    /// <summary>BatchCreateLeases of <see cref="SmallBatch"/> new parcels.</summary>
    public async Task BatchCreateLeasesAsync()
    {
        await LeaseAsync(FreePool, SmallBatch, CancellationToken.None);
        Interlocked.Add(ref _freeNumbers, -SmallBatch);
    }

    /// <summary>ReportDeliveryStatus: a random parcel of a live lease is on its way, as of now.</summary>
    public async Task ReportDeliveryStatusAsync()
    {
        var request = new ReportDeliveryStatusRequest
        {
            TenantId = Tenant,
            Delivery = DeliveryOf(Random.Shared.Next(_live.Length) + 1),
            Status = DeliveryStatus.InTransit,
            EventTime = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow()),
        };
        await _leases.ReportDeliveryStatusAsync(request);
    }

    /// <summary>Resolve of a random live number, asked by a stranger, each time another one: nobody is too frequent.</summary>
    public async Task ResolveAsync()
    {
        var call = Interlocked.Increment(ref _calls);
        var request = new ResolveRequest
        {
            GatewayId = Gateway,
            CallId = Text(call),
            CalledNumber = _live[Random.Shared.Next(_live.Length)],
            CallerNumber = $"+9999{call:d9}",
        };
        var response = await _routing.ResolveAsync(request);
        if (response.Action != RoutingAction.Connect)
            throw new InvalidOperationException("A call to a live lease was refused.");
    }

    private async Task AddBlockAsync(string pool)
    {
        // Seven digits from the segments used for virtual numbers; which ones makes no difference to the service.
        var request = new AddNumbersRequest { TenantId = Tenant, PoolId = pool, Blocks = { Text(1_700_000 + _blocks++) } };
        await _ops.AddNumbersAsync(request);
    }

    /// <summary>Leases in one batch; answers the virtual numbers.</summary>
    private async Task<IReadOnlyList<string>> LeaseAsync(string pool, int count, CancellationToken cancellation)
    {
        var batch = new BatchCreateLeasesRequest { TenantId = Tenant };
        batch.Requests.AddRange(Enumerable.Range(0, count).Select(_ => NextLease(pool)));
        var response = await _leases.BatchCreateLeasesAsync(batch, cancellationToken: cancellation);
        return [.. response.Results.Select(result => result.Response?.Lease.VirtualNumber
            ?? throw new InvalidOperationException($"A lease was refused: {result.Error}"))];
    }

    private static Delivery DeliveryOf(long parcel) => new() { Carrier = "BENCH", WaybillNumber = Text(parcel) };

    private CreateLeaseRequest NextLease(string pool)
    {
        var number = Interlocked.Increment(ref _parcels);
        return new CreateLeaseRequest
        {
            TenantId = Tenant,
            RequestId = Text(number),
            PoolId = pool,
            Delivery = DeliveryOf(number),
            Role = DeliveryRole.Recipient,
            RealNumber = $"+999{number:d10}",
        };
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
