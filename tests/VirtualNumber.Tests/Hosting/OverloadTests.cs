using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using VirtualNumber.Hosting;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.V1;
using RpcStatus = Google.Rpc.Status;

namespace VirtualNumber.Tests.Hosting;

/// <summary>An instance takes on so much and no more: what is refused is refused at once, look-ups last, and health checks never.</summary>
[TestFixture]
public sealed class OverloadTests : ApiTests
{
    private const int Places = 4;
    private const int Reserved = 2;

    private SemaphoreSlim _held = null!;
    private TaskCompletionSource _letGo = null!;
    private HookedPool _hooks = null!;

    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(
        pool => _hooks = new HookedPool(pool),
        settings:
        [
            ("Overload:RequestsInProgress", $"{Places}"), ("Overload:ReservedForLookUps", $"{Reserved}"), ("Overload:LongestCall", "00:00:01"),
            ("Overload:Streams", "2"), ("Overload:StreamTime", "00:00:03"),
        ]);

    [SetUp]
    public void Hold() => (_held, _letGo) = (new(0), new(TaskCreationOptions.RunContinuationsAsynchronously));

    [TearDown]
    public void LetGo()
    {
        _letGo.TrySetResult();
        _held.Dispose();
    }

    [Test]
    public async Task Verbs_leave_the_reserved_part_to_look_ups_and_health_checks_are_never_refused()
    {
        var lease = await LeaseAsync(Requests.CreateLease("SF0"));
        using var meter = new RefusalMeter();
        HoldSteps();
        var verbs = new List<Task> { HoldLeaseAsync("SF1"), HoldLeaseAsync("SF2") };
        await HeldAsync(2);

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF3"));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromSeconds(1)));

        var lookUps = new List<Task> { HoldLookUpAsync(lease), HoldLookUpAsync(lease) };
        await HeldAsync(2);
        (await RefusedCall.OfAsync(Routing.ResolveAsync, Requests.Resolve(lease.VirtualNumber)))
            .Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        Assert.That((await Service.Health.CheckAsync(new HealthCheckRequest())).Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.That((await http.GetAsync(new Uri(Service.HttpAddress, "/readyz"))).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(meter.Refused, Is.EqualTo(new Dictionary<string, long> { ["verb"] = 1, ["look-up"] = 1 }));

        _letGo.SetResult();
        await Task.WhenAll([.. verbs, .. lookUps]).Soon();
        _hooks.Before = null;
        Assert.That((await LeaseAsync(Requests.CreateLease("SF3"))).State, Is.EqualTo(LeaseState.Live));
        Assert.That(Service.Get<CallShares>().Verbs.Taken + Service.Get<CallShares>().LookUps.Taken, Is.Zero);
        Assert.That(Service.Logs.Lines.Count(line => line.Contains("was refused: too many calls", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task What_gateways_report_takes_none_of_the_places_that_are_reserved_for_look_ups()
    {
        var lease = await LeaseAsync(Requests.CreateLease("SF0"));
        HoldSteps();
        var reports = Enumerable.Range(0, Places - Reserved).Select(i => HoldReportAsync(lease, $"call-{i}")).ToList();
        await HeldAsync(Places - Reserved);

        (await RefusedCall.OfAsync(Routing.ReportCallEventsAsync, CallRequests.Report(lease, "call-9", CallRequests.Talk(Now, 1))))
            .Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var byHttp = await http.PostAsync(new Uri(Service.HttpAddress, "/v1/numbers:reportHealth"), new StringContent("{}"));
        Assert.That(byHttp.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
        // Else the gateway would look silent.
        await Routing.ReportHeartbeatAsync(new() { GatewayId = TestService.Gateway, InstanceId = "one" });
        reports.Add(HoldLookUpAsync(lease));
        await HeldAsync(1);
        _letGo.SetResult();
        await Task.WhenAll(reports).Soon();
        var instances = (await Ops.ListGatewaysAsync(new())).Gateways.Single().Instances;
        Assert.That(instances.Select(instance => instance.InstanceId), Is.EqualTo(new[] { "one" }));
    }

    [Test]
    public async Task Heart_beats_have_sixteen_places_and_take_none_of_others()
    {
        var lease = await LeaseAsync(Requests.CreateLease("SF0"));
        HoldSteps("beat");
        var beats = Enumerable.Range(0, 16).Select(i => HoldBeatAsync($"instance-{i}")).ToList();
        await HeldAsync(16);
        (await RefusedCall.OfAsync(Routing.ReportHeartbeatAsync, new ReportHeartbeatRequest { GatewayId = TestService.Gateway, InstanceId = "instance-16" }))
            .Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        beats.Add(HoldLeaseAsync("SF1"));
        beats.Add(HoldLeaseAsync("SF2"));
        beats.AddRange(Enumerable.Range(0, Places - 2).Select(_ => HoldLookUpAsync(lease)));
        await HeldAsync(Places);
        _letGo.SetResult();
        await Task.WhenAll(beats).Soon();
    }

    [Test]
    public async Task Look_ups_may_take_every_place()
    {
        var lease = await LeaseAsync(Requests.CreateLease("SF0"));
        HoldSteps();
        var lookUps = Enumerable.Range(0, Places).Select(_ => HoldLookUpAsync(lease)).ToList();
        await HeldAsync(Places);
        // Else gateways would look silent.
        await Routing.ReportHeartbeatAsync(new() { GatewayId = TestService.Gateway, InstanceId = "one" });
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF3"))).Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        _letGo.SetResult();
        await Task.WhenAll(lookUps).Soon();
    }

    [Test]
    public async Task A_call_without_a_deadline_or_with_a_late_one_gets_the_longest_there_is()
    {
        HoldSteps();
        foreach (var deadline in new DateTime?[] { null, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1) })
        {
            var failure = await Assert.ThrowsAsync<RpcException>(
                async () => await Leases.CreateLeaseAsync(Requests.CreateLease(), deadline: deadline).ResponseAsync.Soon());
            Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        }
    }

    [Test]
    public async Task Streams_have_a_number_and_a_time_of_their_own()
    {
        using var first = Service.Health.Watch(new HealthCheckRequest());
        using var second = Service.Health.Watch(new HealthCheckRequest());
        Assert.That(await first.ResponseStream.MoveNext(CancellationToken.None) && await second.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        using var third = Service.Health.Watch(new HealthCheckRequest());
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await third.ResponseStream.MoveNext(CancellationToken.None).Soon());
        Assert.That(ReasonOf(refused!), Is.EqualTo((StatusCode.ResourceExhausted, "OVERLOADED")));

        // Another kind has places of its own.
        using var channel = Service.OpenChannel();
        using var reflection = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        await reflection.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.That(await reflection.ResponseStream.MoveNext(CancellationToken.None), Is.True);

        foreach (var end in new[] { first.ResponseStream.MoveNext(CancellationToken.None), reflection.ResponseStream.MoveNext(CancellationToken.None) })
        {
            var over = await Assert.ThrowsAsync<RpcException>(async () => await end.Soon());
            Assert.That(over!.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        }
    }

    [Test]
    public async Task A_request_that_is_too_large_is_refused_with_its_reason()
    {
        using var raw = new RawClient(Service.Address);
        byte[][] bodies =
        [
            RawClient.Frame(new byte[(4 * 1024 * 1024) + 1]),
            RawClient.Frame(RawClient.Gzip(new byte[(4 * 1024 * 1024) + 1]), compressed: true),
        ];
        foreach (var body in bodies)
        {
            var response = await PostAsync(raw, body, ("grpc-encoding", "gzip"));
            var status = StatusOf(response);
            Assert.That((response.Status, ReasonOf(status)), Is.EqualTo(((StatusCode?)StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE")));
            Assert.That(InfoOf(status).Metadata["limit_bytes"], Is.EqualTo("4194304"));
        }
    }

    [TestCase("", false)]
    [TestCase("00", false)]
    [TestCase("0000000003", false)]
    [TestCase("0200000000", false)]
    [TestCase("0100000000", false)]
    [TestCase("01000000020AFF", true)]
    [TestCase("00000000020AFF", false)]
    [TestCase("00000000000000000000", false)]
    public async Task Bytes_that_are_no_request_are_the_callers_fault(string body, bool gzip)
    {
        using var raw = new RawClient(Service.Address);
        var response = await PostAsync(raw, Convert.FromHexString(body), gzip ? [("grpc-encoding", "gzip")] : []);
        Assert.That((response.Status, ReasonOf(StatusOf(response))), Is.EqualTo(((StatusCode?)StatusCode.InvalidArgument, "MESSAGE_MALFORMED")));
    }

    [Test]
    public async Task So_are_those_of_a_stream()
    {
        using var raw = new RawClient(Service.Address);
        var response = await raw.SendAsync(
            HttpMethod.Post, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", [0, 0, 0, 0, 2, 10, 255], "application/grpc", HttpVersion.Version20);
        Assert.That((response.Status, ReasonOf(StatusOf(response))), Is.EqualTo(((StatusCode?)StatusCode.InvalidArgument, "MESSAGE_MALFORMED")));
    }

    [Test]
    public async Task A_fault_of_the_service_stays_one()
    {
        _hooks.Before = _ => throw new InvalidOperationException("A bug of the test's.");
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await Leases.CreateLeaseAsync(Requests.CreateLease()));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Unknown));
        Assert.That(failure.Trailers.GetValueBytes("grpc-status-details-bin"), Is.Null);
    }

    [Test]
    public void A_task_whose_failure_nobody_looks_at_is_told()
    {
        FailUnobserved();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(Service.Logs.Lines, Has.Some.Contains("A task failed and nobody looked at it."));
        Assert.That(Service.Logs.Lines, Has.Some.Contains("Nobody looks at this."));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailUnobserved()
    {
        var failing = new TaskCompletionSource();
        failing.SetException(new InvalidOperationException("Nobody looks at this."));
        _ = failing.Task.IsFaulted;
    }

    private void HoldSteps(string also = "") => _hooks.Before = async step =>
    {
        if (step is not ("take" or "resolve" or "report call events") && step != also)
            return;
        _held.Release();
        await _letGo.Task;
    };

    private async Task HeldAsync(int count)
    {
        for (var i = 0; i < count; i++)
            Assert.That(await _held.WaitAsync(TimeSpan.FromSeconds(60)), Is.True);
    }

    /// <summary>Calls that are held longer than a call may last: how they end does not matter here.</summary>
    private async Task HoldLeaseAsync(string waybill) =>
        await ((Task)Leases.CreateLeaseAsync(Requests.CreateLease(waybill)).ResponseAsync).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task HoldLookUpAsync(Lease lease) =>
        await ((Task)Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber)).ResponseAsync).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task HoldBeatAsync(string instance) =>
        await ((Task)Routing.ReportHeartbeatAsync(new() { GatewayId = TestService.Gateway, InstanceId = instance }).ResponseAsync)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task HoldReportAsync(Lease lease, string callId) =>
        await ((Task)Routing.ReportCallEventsAsync(CallRequests.Report(lease, callId, CallRequests.Talk(Now, 1))).ResponseAsync)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static Task<RawResponse> PostAsync(RawClient raw, byte[] body, params (string, string)[] headers) => raw.SendAsync(
        HttpMethod.Post, "/virtualnumber.v1.LeaseService/GetLease", body, "application/grpc", HttpVersion.Version20, headers);

    private static RpcStatus StatusOf(RawResponse response)
    {
        Assert.That(response.Headers, Contains.Key("grpc-status-details-bin"));
        var status = RpcStatus.Parser.ParseFrom(Convert.FromBase64String(response.Headers["grpc-status-details-bin"]));
        Assert.That((StatusCode)status.Code, Is.EqualTo(response.Status));
        return status;
    }

    private static (StatusCode, string) ReasonOf(RpcException failure) =>
        (failure.StatusCode, ReasonOf(RpcStatus.Parser.ParseFrom(failure.Trailers.GetValueBytes("grpc-status-details-bin"))));

    private static string ReasonOf(RpcStatus status) => InfoOf(status).Type;

    private static ErrorInfo InfoOf(RpcStatus status) => status.Details.Single(detail => detail.Is(ErrorInfo.Descriptor)).Unpack<ErrorInfo>();

    /// <summary>Counts refused calls by share.</summary>
    private sealed class RefusalMeter : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Lock _gate = new();
        private readonly Dictionary<string, long> _refused = [];

        public RefusalMeter()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "virtualnumber.requests.refused")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
            {
                lock (_gate)
                    _refused[(string)tags[0].Value!] = _refused.GetValueOrDefault((string)tags[0].Value!) + count;
            });
            _listener.Start();
        }

        public IReadOnlyDictionary<string, long> Refused
        {
            get
            {
                lock (_gate)
                    return new Dictionary<string, long>(_refused);
            }
        }

        public void Dispose() => _listener.Dispose();
    }
}
