using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Hosting;

/// <summary>What is measured, by the names that Telemetry.cs gives. Alone, since the meter is one for the whole process.</summary>
[TestFixture]
[NonParallelizable]
public sealed class TelemetryTests : IDisposable
{
    private const string Leases = "virtualnumber.lease.duration";
    private const string Reports = "virtualnumber.report.duration";
    private const string Resolves = "virtualnumber.resolve.duration";
    private const string UnknownCodes = "virtualnumber.report.unknown_vendor_codes";
    private const string Unreadable = "virtualnumber.seal.unreadable";
    private const string StoreFaults = "virtualnumber.store.faults";

    private readonly ConcurrentQueue<string> _measured = [];
    private readonly StoreInTroubleSwitch _store = new();
    private MeterListener _listener = null!;
    private DamagingPool _pool = null!;
    private TestService _service = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _measured.Clear();
        _store.IsAway = false;
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                // Calls in progress come and go with every call; OverloadTests looks at them.
                if (instrument.Meter.Name == "VirtualNumber" && instrument.Name != "virtualnumber.requests.in_progress")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, tags, value is >= 0 and < 60));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, tags, value == 1));
        _listener.Start();
        _service = await TestService.StartAsync(pool => StoreInTrouble.Put<INumberPool>(_pool = new DamagingPool(pool), _store));
        await _service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await _service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        _measured.Clear();
    }

    [TearDown]
    public async Task StopAsync()
    {
        _listener.Dispose();
        await _service.DisposeAsync();
    }

    public void Dispose() => _listener.Dispose();

    [Test]
    public async Task Verbs_on_leases_are_counted_by_verb_and_outcome()
    {
        var lease = (await _service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        await RefusedCall.OfAsync(_service.Leases.CreateLeaseAsync, Requests.CreateLease(real: Requests.OtherReal));
        await _service.Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId));
        await _service.Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId));
        await _service.Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        await RefusedCall.OfAsync(_service.Leases.ExtendLeaseAsync, Requests.ExtendLease(lease.LeaseId, "late"));

        Assert.That(_measured, Is.EqualTo(new[]
        {
            $"{Leases} verb=create outcome=Leased",
            $"{Leases} verb=create outcome=RoleTaken",
            $"{Leases} verb=extend outcome=Done",
            $"{Leases} verb=reassign outcome=Done",
            $"{Leases} verb=release outcome=Done",
            $"{Leases} verb=extend outcome=LeaseEnded",
        }));
    }

    [Test]
    public async Task Each_item_of_a_batch_is_counted()
    {
        var batch = new BatchCreateLeasesRequest { TenantId = TestService.Alpha };
        batch.Requests.Add([Requests.CreateLease("SF1"), Requests.CreateLease("SF2")]);
        await _service.Leases.BatchCreateLeasesAsync(batch);
        Assert.That(_measured, Is.EqualTo(Enumerable.Repeat($"{Leases} verb=create outcome=Leased", 2)));
    }

    [Test]
    public async Task Reports_and_unknown_vendor_codes_are_counted()
    {
        await _service.Leases.ReportDeliveryStatusAsync(Requests.VendorReport(Vendor.Cainiao, "SIGN", _service.Time.Now));
        await _service.Leases.ReportDeliveryStatusAsync(Requests.VendorReport(Vendor.Cainiao, "SIGN", _service.Time.Now));
        await _service.Leases.ReportDeliveryStatusAsync(Requests.VendorReport(Vendor.Upu, "XXX", _service.Time.Now.AddMinutes(1)));
        Assert.That(_measured, Is.EqualTo(new[]
        {
            $"{Reports} outcome=Applied", $"{Reports} outcome=Repeated", $"{Reports} outcome=Applied", $"{UnknownCodes} vendor=Upu",
        }));
    }

    [Test]
    public async Task Look_ups_are_counted_by_their_true_outcome()
    {
        var lease = (await _service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        _measured.Clear();
        await _service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber));
        await _service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, caller: ""));
        await _service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, caller: Requests.Real));
        await _service.Routing.ResolveAsync(Requests.Resolve("16210010099"));
        await _service.Routing.ResolveAsync(Requests.Resolve("17099990000"));
        await _service.Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        await _service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber));
        await _service.Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(lease.VirtualNumber)));
        await _service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber));

        string[] outcomes = ["Connect", "CallerWithheld", "CallerIsHolder", "NotLeased", "NotStocked", "Ended", "Suspended"];
        Assert.That(
            _measured.Where(line => line.StartsWith(Resolves, StringComparison.Ordinal)),
            Is.EqualTo(outcomes.Select(outcome => $"{Resolves} outcome={outcome}")));
    }

    [Test]
    public async Task Calls_that_fail_because_of_the_store_are_counted()
    {
        _store.IsAway = true;
        await RefusedCall.OfAsync(_service.Routing.ResolveAsync, Requests.Resolve("16210010000"));
        _store.IsAway = false;
        Assert.That(_measured, Is.EqualTo(new[] { $"{StoreFaults} trouble=Other" }));
    }

    [Test]
    public async Task A_seal_that_does_not_open_connects_nothing_and_is_counted()
    {
        var lease = (await _service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        _pool.Damages = true;
        _measured.Clear();

        var refusal = await RefusedCall.OfAsync(_service.Routing.ResolveAsync, Requests.Resolve(lease.VirtualNumber));

        refusal.Expect(StatusCode.DataLoss, ErrorReason.NumberUnreadable);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["lease_id"] = lease.LeaseId }));
        Assert.That(_measured.Single(), Does.StartWith($"{Unreadable} cause="));
        Assert.That(_service.Logs.Lines, Has.Some.Contains($"The sealed number of lease {lease.LeaseId} does not open"));
    }

    [Test]
    public async Task A_lease_whose_seal_does_not_open_can_be_answered_and_released_without_its_mask()
    {
        var lease = (await _service.Leases.CreateLeaseAsync(Requests.CreateLease("SF1"))).Lease;
        _pool.Damages = true;
        _measured.Clear();

        var batch = new BatchCreateLeasesRequest { TenantId = TestService.Alpha, Requests = { Requests.CreateLease("SF1") } };
        var again = (await _service.Leases.BatchCreateLeasesAsync(batch)).Results.Single().Response.Lease;
        var released = (await _service.Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId))).Lease;

        var expected = lease.Clone();
        expected.MaskedNumber = "";
        Assert.That(again, Is.EqualTo(expected));
        Assert.That((released.State, released.MaskedNumber), Is.EqualTo((LeaseState.Ended, "")));
        Assert.That(_measured.Where(line => line.StartsWith(Unreadable, StringComparison.Ordinal)).Count(), Is.EqualTo(2));
    }

    [Test]
    public async Task The_span_of_a_call_carries_its_method_its_status_and_its_outcome()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        await _service.Leases.CreateLeaseAsync(Requests.CreateLease());
        await RefusedCall.OfAsync(_service.Leases.CreateLeaseAsync, new CreateLeaseRequest());
        await _service.Routing.ResolveAsync(Requests.Resolve("17099990000"));
        await _service.StopAsync();

        Assert.That(
            spans.Select(span => (span.GetTagItem("grpc.method"), span.GetTagItem("grpc.status_code"), span.GetTagItem("virtualnumber.outcome"))),
            Is.EqualTo(new (object?, object?, object?)[]
            {
                ("/virtualnumber.v1.LeaseService/CreateLease", "0", "Leased"),
                ("/virtualnumber.v1.LeaseService/CreateLease", "3", null),
                ("/virtualnumber.v1.RoutingService/Resolve", "0", "NotStocked"),
            }));
    }

    private void Keep(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags, bool plausible)
    {
        // Reclaim runs by itself; and every call is one in progress for a while.
        if (instrument.Name.StartsWith("virtualnumber.reclaim.", StringComparison.Ordinal)
            || instrument.Name.StartsWith("virtualnumber.requests.", StringComparison.Ordinal))
        {
            return;
        }

        var text = instrument.Name;
        foreach (var (name, value) in tags)
            text += $" {name}={value}";
        _measured.Enqueue(plausible ? text : text + " with an implausible value");
    }

    /// <summary>A real store whose answers carry a damaged seal once it is told so.</summary>
    private sealed class DamagingPool(INumberPool inner) : HookedPool(inner)
    {
        public bool Damages { get; set; }

        protected override async ValueTask<T> StepAsync<T>(string name, DateTimeOffset? now, object? argument, Func<ValueTask<T>> step)
        {
            var answer = await base.StepAsync(name, now, argument, step);
            if (!Damages)
                return answer;
            return answer switch
            {
                RouteAnswer { Record: { } record } route => (T)(object)(route with { Record = Damaged(record) }),
                HolderAnswer { Record: { } record } holder => (T)(object)(holder with { Record = Damaged(record) }),
                TakeAnswer { Record: { } record } take => (T)(object)(take with { Record = Damaged(record) }),
                _ => answer,
            };
        }

        private static LeaseRecord Damaged(LeaseRecord record)
        {
            var bytes = record.SealedNumber.ToArray();
            bytes[^1] ^= 1;
            return record with { SealedNumber = bytes };
        }
    }
}
