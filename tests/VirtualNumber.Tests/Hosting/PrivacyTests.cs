using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using VirtualNumber.Load;
using VirtualNumber.Tests.Api;
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

    private static readonly string[] s_numbers = [Real, Other, Malformed, Mobile, Landline, Caller];
    private static readonly string[] s_waybills = [Waybill, OtherWaybill];

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
            Assert.That(FoundIn(text), Is.Empty, name);
    }

    [TestCase("connect +99913572468 now")]
    [TestCase("\"13924680135\"")]
    [TestCase("+8613924680135")]
    [TestCase("86:57186427531")]
    [TestCase("057186427531")]
    [TestCase("tel:+999-246-81357", Description = "Grouped as people write it")]
    [TestCase("path=/SF9753186420")]
    [TestCase("yt8642097531")]
    [TestCase("1357246", Description = "Most of a number")]
    public void The_search_finds_what_is_planted(string planted) => Assert.That(FoundIn($"before {planted} after"), Is.Not.Empty);

    [Test]
    public void The_search_finds_what_is_planted_among_bytes() =>
        Assert.That(FoundIn(Text([0xff, 0x12, 0x0b, .. Encoding.ASCII.GetBytes("13924680135"), 0x00])), Is.Not.Empty);

    /// <summary>
    /// A number counts as shown when seven of its last eight digits stand together, whatever groups them; a mask shows no such run.
    /// </summary>
    private static List<string> FoundIn(string text)
    {
        var grouped = string.Concat(text.Where(c => c is not ('-' or ' ' or '(' or ')')));
        var parts = s_numbers.Select(number => string.Concat(number.Where(char.IsAsciiLetterOrDigit)))
            .SelectMany(digits => new[] { digits[^7..], digits[^8..^1] });
        return
        [
            .. parts.Where(part => grouped.Contains(part, StringComparison.Ordinal)),
            .. s_waybills.Where(waybill => text.Contains(waybill, StringComparison.OrdinalIgnoreCase)),
        ];
    }

    /// <summary>Latin 1 keeps every byte, so that what stands in them as text is seen as text.</summary>
    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

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
        await routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, Real));
        await routing.ResolveAsync(Requests.Resolve("16210010099", Caller, callId: $"{Caller}.1@gateway"));
        await routing.ResolveAsync(Requests.Resolve(Mobile, Caller));
        await leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId, Other));
        await ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010098")));
        await ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers("16210010098")));
        await ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers("16210010097")));
        await ops.GetStatsAsync(Requests.GetStats());
        await ops.ListLeasesAsync(Requests.ListLeases());
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
