using System.Globalization;
using System.Net;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using VirtualNumber.Load;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Faults;
using VirtualNumber.Tests.Redis;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Hosting;

/// <summary>
/// No real number and no waybill number leaves the process but in Resolve's answer: a whole run through every verb, errors included,
/// with everything logged, and all that the process wrote and exported is searched.
/// </summary>
[TestFixture]
public sealed class PrivacyTests
{
    private const string Real = "+99913572468";
    private const string Other = "+99924681357";
    private const string Malformed = "+999135x9753";
    private const string Mobile = "13924680135";
    private const string Landline = "0571-86427531";
    private const string Caller = "+99975319864";
    private const string Waybill = "SF9753186420";
    private const string OtherWaybill = "YT8642097531";

    private static readonly SecretScanner s_scanner = new([Real, Other, Malformed, Mobile, Landline, Caller], [Waybill, OtherWaybill]);

    [Test]
    public async Task Nothing_that_a_whole_run_writes_or_exports_shows_a_real_number_or_a_waybill_number()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>
        {
            ["Tenants:0:Id"] = TestService.Alpha,
            ["Gateways:0:Id"] = TestService.Gateway,
            ["RealNumbers:AllowedCountries:0"] = "86",
            ["RealNumbers:AllowedCountries:1"] = "999",
            ["Logging:LogLevel:Default"] = "Trace",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Trace",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        });
        var leaseId = await RunAllVerbsAsync(service.GrpcAddress);
        Assert.That(await service.StopAsync(), Is.Zero);

        var written = new Dictionary<string, string>
        {
            ["output"] = service.Output,
            ["traces"] = Text(collector.Received("traces")),
            ["metrics"] = Text(collector.Received("metrics")),
            ["logs"] = Text(collector.Received("logs")),
        };

        // What was searched is really there.
        Assert.That(written["output"], Does.Contain(leaseId).And.Contain("dbug:").And.Contain("trce:"));
        Assert.That(written["traces"], Does.Contain("virtualnumber.v1.LeaseService/CreateLease").And.Contain("virtualnumber.outcome"));
        Assert.That(written["metrics"], Does.Contain("virtualnumber.lease.duration").And.Contain("virtualnumber.resolve.duration"));
        Assert.That(written["logs"], Does.Contain(leaseId));
        foreach (var (name, text) in written)
            Assert.That(s_scanner.FindIn(text), Is.Empty, name);
    }

    [Test]
    public async Task Nothing_that_Redis_is_sent_or_keeps_shows_a_real_number_or_a_waybill_number()
    {
        // Nothing compressed, so that nothing hides from the search.
        var redis = await RedisServer.StartAsync("--rdbcompression", "no");
        using var monitor = await RedisMonitor.StartAsync(redis.Port);
        await using var service = await ServiceOnRedis.StartAsync(
            redis, ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore", "Trace"));
        var leaseId = await RunAllVerbsAsync(service.Service.GrpcAddress);
        await redis.FreezeAsync();
        (await RefusedCall.OfAsync(service.Leases.CreateLeaseAsync, Requests.CreateLease(OtherWaybill, Real))).Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        using (var readiness = new Readiness(service.Service))
            await readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, "the store is away");
        await redis.ThawAsync();
        await service.UntilAnsweringAsync();
        Assert.That(await service.Service.StopAsync(), Is.Zero);

        var (sent, files) = await ReadAllAsync(redis, monitor);

        Assert.That(service.Service.Output, Does.Contain(leaseId).And.Contain("dbug:").And.Contain("The store is away."));
        Assert.That(Text(sent), Does.Contain("EVALSHA").And.Contain("vn:{b1}:routes"));
        Assert.That(files.Keys, Has.Some.EqualTo("dump.rdb").And.Some.EndsWith(".incr.aof"));
        Assert.That(Text(files["dump.rdb"]), Does.Contain("vn:{b1}:routes").And.Contain("vn:{b1}:log"));
        Assert.That(s_scanner.FindIn(service.Service.Output), Is.Empty, "output");
        Assert.That(s_scanner.FindIn(sent), Is.Empty, "MONITOR");
        foreach (var (name, bytes) in files)
            Assert.That(s_scanner.FindIn(bytes), Is.Empty, name);
    }

    [TestCase("SET", "vn:{b1}:meta", "+99913572468")]
    [TestCase("HSET", "vn:{b1}:routes", "00017", "13924680135", Description = "Redis keeps it as an integer of eight bytes")]
    [TestCase("XADD", "vn:{b1}:log", "*", "n", "13924680135")]
    [TestCase("SADD", "vn:{p1}", "8657186427531")]
    [TestCase("SET", "vn:{dSF9753186420}", "1")]
    public async Task The_search_finds_what_is_planted_in_Redis(params string[] command)
    {
        await using var redis = await RedisServer.StartAsync("--rdbcompression", "no");
        using var monitor = await RedisMonitor.StartAsync(redis.Port);
        using var connection = await redis.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync(command[0], [.. command[1..]]);

        var (sent, files) = await ReadAllAsync(redis, monitor);

        Assert.That(s_scanner.FindIn(sent), Is.Not.Empty);
        Assert.That(s_scanner.FindIn(files["dump.rdb"]), Is.Not.Empty);
        Assert.That(s_scanner.FindIn(files.Single(file => file.Key.EndsWith(".incr.aof", StringComparison.Ordinal)).Value), Is.Not.Empty);
    }

    private static IEnumerable<TestCaseData<byte[]>> Packed()
    {
        const string Digits = "13924680135";
        var value = long.Parse(Digits, CultureInfo.InvariantCulture);
        yield return new([0x13, 0x92, 0x46, 0x80, 0x13, 0x5f]) { TestName = "Packed as decimals" };
        yield return new([0xf1, 0x39, 0x24, 0x68, 0x01, 0x35]) { TestName = "Packed as decimals after a half byte" };
        yield return new([0x31, 0x29, 0x64, 0x08, 0x31, 0xf5]) { TestName = "Packed as telephony packs it" };
        yield return new(BitConverter.GetBytes(value)) { TestName = "As an integer" };
        yield return new([.. BitConverter.GetBytes(value).Reverse()]) { TestName = "As an integer, big-endian" };
        yield return new(Encoding.Unicode.GetBytes(Digits)) { TestName = "As UTF-16" };
        yield return new(Encoding.ASCII.GetBytes(Convert.ToHexString(Encoding.ASCII.GetBytes(Digits)))) { TestName = "As hexadecimal digits" };
        foreach (var before in new[] { "", "x", "xy" })
        {
            yield return new(Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.ASCII.GetBytes(before + Digits + "xyz"))))
            {
                TestName = $"As base64 after {before.Length} bytes",
            };
        }
    }

    [TestCaseSource(nameof(Packed))]
    public void The_search_finds_what_is_planted_in_another_form(byte[] planted) =>
        Assert.That(s_scanner.FindIn([0xff, 0x12, .. planted, 0x00, 0x41]), Is.Not.Empty);

    [TestCase("connect +99913572468 now")]
    [TestCase("\"13924680135\"")]
    [TestCase("+8613924680135")]
    [TestCase("86:57186427531")]
    [TestCase("057186427531")]
    [TestCase("tel:+999-246-81357", Description = "Grouped as people write it")]
    [TestCase("path=/SF9753186420")]
    [TestCase("yt8642097531")]
    [TestCase("1357246", Description = "Most of a number")]
    public void The_search_finds_what_is_planted(string planted) => Assert.That(s_scanner.FindIn($"before {planted} after"), Is.Not.Empty);

    [Test]
    public void The_search_finds_what_is_planted_among_bytes() =>
        Assert.That(s_scanner.FindIn(Text([0xff, 0x12, 0x0b, .. Encoding.ASCII.GetBytes("13924680135"), 0x00])), Is.Not.Empty);

    /// <summary>Latin 1 keeps every byte, so that what stands in them as text is seen as text.</summary>
    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>All that was ever sent to a Redis, and all the files that it wrote.</summary>
    private static async Task<(byte[] Sent, Dictionary<string, byte[]> Files)> ReadAllAsync(RedisServer redis, RedisMonitor monitor)
    {
        using var connection = await redis.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync("SAVE");
        var files = Directory.EnumerateFiles(redis.Folder, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
        return (await monitor.ReadUntilAsync(connection), files);
    }

    /// <summary>Pairs and extensions, with guesses until the caller is locked out, and parties that come and go.</summary>
    private static async Task RunSharedAsync(
        LeaseService.LeaseServiceClient leases, OpsService.OpsServiceClient ops, RoutingService.RoutingServiceClient routing)
    {
        foreach (var (poolId, mode, block) in new[] { ("shared", PoolMode.Extension, "162100200"), ("pairs", PoolMode.Pair, "162100300") })
        {
            await ops.CreatePoolAsync(new CreatePoolRequest
            {
                TenantId = TestService.Alpha,
                Pool = new Pool { PoolId = poolId, Mode = mode, Quota = new LeaseQuota { LiveLeaseLimit = 50, LeasesPerMinuteLimit = 50 } },
            });
            await ops.AddNumbersAsync(Requests.AddBlocks(poolId, block));
        }

        var shared = (await leases.CreateLeaseAsync(Requests.Extension(Waybill + "1", Real))).Lease;
        await routing.ResolveAsync(Requests.Resolve(shared.VirtualNumber, Caller));
        await routing.ResolveAsync(Requests.Resolve(shared.VirtualNumber, shared.Extension, Caller, "call-2"));
        for (var guess = 0; guess < 7; guess++)
            await routing.ResolveAsync(Requests.Resolve(shared.VirtualNumber, $"{guess}", Caller, "call-3"));

        var first = (await leases.CreateLeaseAsync(Requests.Pair(Real, Mobile, Waybill + "2"))).Lease;
        var second = (await leases.CreateLeaseAsync(Requests.Pair(Other, Landline, Waybill + "3"))).Lease;
        foreach (var caller in new[] { Real, Mobile, Caller })
            await routing.ResolveAsync(Requests.Resolve(first.VirtualNumber, caller));
        var reassign = Requests.ReassignLease(second.LeaseId, Real);
        await RefusedCall.OfAsync(leases.ReassignLeaseAsync, reassign);
        reassign.NewNumberIfBusy = true;
        await leases.ReassignLeaseAsync(reassign);
        await routing.ResolveAsync(Requests.Resolve(second.VirtualNumber, Other));
        await RefusedCall.OfAsync(leases.CreateLeaseAsync, Requests.Pair(Real, Malformed, Waybill));
        await ops.GetStatsAsync(Requests.GetStats("pairs"));
    }

    /// <summary>Callers whom rules allow or block are real numbers too.</summary>
    private static async Task RunRuledAsync(LeaseService.LeaseServiceClient leases, OpsService.OpsServiceClient ops, RoutingService.RoutingServiceClient routing)
    {
        CallRules Rules() => new() { AllowedCallers = { Caller, Mobile }, BlockedCallers = { Landline, Other } };

        await ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = new Pool { PoolId = "ruled", BlockDigits = 2, CallRules = Rules() } });
        await ops.AddNumbersAsync(Requests.AddBlocks("ruled", "162100108"));
        var request = Requests.CreateLease(Waybill + "4", Real, requestId: "ruled");
        (request.PoolId, request.CallRules) = ("ruled", Rules());
        var lease = (await leases.CreateLeaseAsync(request)).Lease;
        await leases.CreateLeaseAsync(request);
        foreach (var caller in new[] { Caller, Mobile, Landline, Other })
            await routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, caller));
        request.CallRules.BlockedCallers.Add(Malformed);
        await RefusedCall.OfAsync(leases.CreateLeaseAsync, request);
        var update = Requests.UpdatePool("ruled");
        update.AllowedCallerChanges = new() { AddedCallers = { Real }, RemovedCallers = { Mobile } };
        await ops.UpdatePoolAsync(update);
        update.AllowedCallerChanges.RemovedCallers.Add(Malformed);
        await RefusedCall.OfAsync(ops.UpdatePoolAsync, update);
    }

    private static async Task<string> RunAllVerbsAsync(Uri address)
    {
        using var channel = GrpcChannel.ForAddress(address);
        var leases = new LeaseService.LeaseServiceClient(channel);
        var ops = new OpsService.OpsServiceClient(channel);
        var routing = new RoutingService.RoutingServiceClient(channel);
        var now = TimeProvider.System.GetUtcNow();

        await ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        await ops.UpdatePoolAsync(new UpdatePoolRequest { TenantId = TestService.Alpha, PoolId = Requests.PoolId, Aging = TimeSpan.FromDays(1).ToDuration() });
        var lease = (await leases.CreateLeaseAsync(Requests.CreateLease(Waybill, Real, requestId: "r"))).Lease;
        await leases.BatchCreateLeasesAsync(new BatchCreateLeasesRequest
        {
            TenantId = TestService.Alpha,
            Requests =
            {
                Requests.CreateLease(OtherWaybill, Mobile), Requests.CreateLease(OtherWaybill, Landline, DeliveryRole.Sender),
                Requests.CreateLease(OtherWaybill, Malformed, DeliveryRole.Courier),
            },
        });
        await leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId));
        await leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases(Waybill));
        await leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId));
        await leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.InTransit, now, Waybill));
        await leases.BatchReportDeliveryStatusAsync(new BatchReportDeliveryStatusRequest
        {
            TenantId = TestService.Alpha,
            Requests = { Requests.Report(DeliveryStatus.Delivered, now, OtherWaybill), Requests.VendorReport(Vendor.Upu, "???", now) },
        });
        await routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, Caller));
        await routing.ReportCallEventsAsync(CallRequests.Report(lease, "call-1", CallRequests.Talk(now, 1)));
        await routing.ReportCallEventsAsync(CallRequests.Report(lease, $"{Caller}.2@gateway", CallRequests.Talk(now, 1)));
        await routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, Caller, "too-soon"));
        await routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, Real));
        await routing.ResolveAsync(Requests.Resolve("16210010099", Caller, callId: $"{Caller}.1@gateway"));
        await routing.ResolveAsync(Requests.Resolve(Mobile, Caller));
        await leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId, Other));
        await RunRuledAsync(leases, ops, routing);
        await RunSharedAsync(leases, ops, routing);
        await ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010098")));
        await ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers("16210010098")));
        await ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers("16210010097")));
        await ops.GetStatsAsync(Requests.GetStats());
        await ops.ListLeasesAsync(Requests.ListLeases());
        Assert.That((await ops.ListCallsAsync(CallRequests.List())).Calls, Has.Count.EqualTo(4));
        Assert.That(s_scanner.FindIn((await ops.ListCallsAsync(CallRequests.List())).ToString()), Is.Empty);
        await ops.GetCallStatsAsync(CallRequests.Stats(CallGrouping.Lease));
        using (var watch = leases.WatchEvents(new WatchEventsRequest { TenantId = TestService.Alpha, FromOldest = true }))
        {
            var told = "";
            while (!told.Contains("LEASED", StringComparison.Ordinal) && await watch.ResponseStream.MoveNext().WaitAsync(TimeSpan.FromSeconds(30)))
                told += watch.ResponseStream.Current;
            Assert.That(s_scanner.FindIn(told), Is.Empty, "events");
        }

        await ops.ListPoolsAsync(Requests.ListPools());
        await ops.GetPoolAsync(Requests.GetPool());

        await RefusedCall.OfAsync(leases.CreateLeaseAsync, Requests.CreateLease(Waybill, Malformed));
        await RefusedCall.OfAsync(leases.CreateLeaseAsync, Requests.CreateLease(Waybill, Mobile));
        await RefusedCall.OfAsync(leases.CreateLeaseAsync, Requests.CreateLease(Waybill + "\n", "+1" + Mobile));
        await RefusedCall.OfAsync(leases.CreateLeaseAsync, Requests.CreateLease(Waybill, Other, requestId: "r"));
        await RefusedCall.OfAsync(leases.ReassignLeaseAsync, Requests.ReassignLease(lease.LeaseId, Malformed, "r-2"));
        await RefusedCall.OfAsync(leases.GetLeaseAsync, Requests.GetLease(Mobile));
        await RefusedCall.OfAsync(routing.ResolveAsync, Requests.Resolve(Malformed, Malformed));
        await RefusedCall.OfAsync(ops.AddNumbersAsync, Requests.AddNumbers(Requests.PoolId, Malformed));
        await RefusedCall.OfAsync(ops.SuspendNumbersAsync, Requests.Suspend(Requests.Numbers(Mobile)));
        var tooLong = await Assert.ThrowsAsync<RpcException>(
            async () => await leases.CreateLeaseAsync(Requests.CreateLease(string.Concat(Enumerable.Repeat(Waybill, 400_000)), Real)));
        Assert.That(tooLong!.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        await leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        return lease.LeaseId;
    }
}
