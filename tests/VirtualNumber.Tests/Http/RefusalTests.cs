using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using VirtualNumber.Hosting;
using VirtualNumber.Http;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Http;

/// <summary>What is refused, and how that is told: always as a google.rpc.Status.</summary>
[TestFixture]
public sealed class RefusalTests : HttpTests
{
    private HookedPool _hooks = null!;

    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(
        pool => _hooks = new HookedPool(pool),
        settings: [("Overload:RequestsInProgress", "3"), ("Overload:ReservedForLookUps", "1"), ("Overload:LongestCall", "00:00:01")]);

    [TestCase(StatusCode.OK, 200)]
    [TestCase(StatusCode.Cancelled, 499)]
    [TestCase(StatusCode.Unknown, 500)]
    [TestCase(StatusCode.InvalidArgument, 400)]
    [TestCase(StatusCode.DeadlineExceeded, 504)]
    [TestCase(StatusCode.NotFound, 404)]
    [TestCase(StatusCode.AlreadyExists, 409)]
    [TestCase(StatusCode.PermissionDenied, 403)]
    [TestCase(StatusCode.ResourceExhausted, 429)]
    [TestCase(StatusCode.FailedPrecondition, 400)]
    [TestCase(StatusCode.Aborted, 409)]
    [TestCase(StatusCode.OutOfRange, 400)]
    [TestCase(StatusCode.Unimplemented, 501)]
    [TestCase(StatusCode.Internal, 500)]
    [TestCase(StatusCode.Unavailable, 503)]
    [TestCase(StatusCode.DataLoss, 500)]
    [TestCase(StatusCode.Unauthenticated, 401)]
    public void Each_code_has_the_status_that_google_rpc_Code_documents(StatusCode code, int status) => Assert.That(HttpStatus.Of(code), Is.EqualTo(status));

    [TestCase("/")]
    [TestCase("/v1")]
    [TestCase("/v1/lease/x")]
    [TestCase("/v1/leases/x/y")]
    [TestCase("/v1/leases/x:shorten")]
    [TestCase("/v1/deliveries")]
    [TestCase("/v2/calls:resolve")]
    [TestCase("/v1/calls:resolve/")]
    [TestCase("/virtualnumber.v1.LeaseService/Missing")]
    public async Task An_unknown_path(string path)
    {
        foreach (var response in new[] { await GetAsync(path), await PostAsync(path, "{}") })
        {
            using (response)
                (await ErrorAsync(response)).Expect(404, StatusCode.NotFound, ErrorReason.PathUnknown);
        }
    }

    [TestCase("GET", "/v1/leases", "POST")]
    [TestCase("GET", "/v1/calls:resolve?called_number=16210010000", "POST")]
    [TestCase("PUT", "/v1/leases:batchCreate", "POST")]
    [TestCase("POST", "/v1/leases/x", "GET")]
    [TestCase("DELETE", "/v1/leases/x", "GET")]
    [TestCase("GET", "/v1/leases/x:extend", "POST")]
    [TestCase("OPTIONS", "/v1/leases", "POST")]
    [TestCase("MADE-UP", "/v1/leases", "POST")]
    public async Task A_wrong_verb(string verb, string path, string allowed)
    {
        using var response = await Http.SendAsync(new HttpRequestMessage(new HttpMethod(verb), Relative(path)));
        (await ErrorAsync(response)).Expect(405, StatusCode.Unimplemented, ErrorReason.VerbNotAllowed);
        Assert.That(response.Content.Headers.Allow, Is.EqualTo(new[] { allowed }));
    }

    [TestCase("text/plain")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("application/grpc")]
    [TestCase("application/json; charset=gb2312")]
    [TestCase(null)]
    public async Task Another_media_type(string? mediaType)
    {
        var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.ContentType = mediaType is null ? null : MediaTypeHeaderValue.Parse(mediaType);
        using var response = await Http.PostAsync(Relative("/v1/calls:resolve"), content);
        (await ErrorAsync(response)).Expect(415, StatusCode.InvalidArgument, ErrorReason.MediaTypeUnsupported);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_body_that_is_too_large(bool chunked)
    {
        var body = $$"""{"tenantId":"{{new string('x', (4 * 1024 * 1024) + 1)}}"}""";
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/leases") { Content = new StringContent(body, Encoding.UTF8, Json) };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await Http.SendAsync(request);
        var error = (await ErrorAsync(response)).Expect(413, StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge);
        Assert.That(error.Text, Does.Contain("\"limit_bytes\": \"4194304\""));
        await AnswerAsync<CreateLeaseResponse>(await PostAsync("/v1/leases", Requests.CreateLease()));
    }

    [Test]
    public async Task A_body_as_large_as_a_message_may_be_is_read()
    {
        using var response = await PostAsync("/v1/leases", $$"""{"tenantId":"{{new string('x', (4 * 1024 * 1024) - 15)}}"}""");
        (await ErrorAsync(response)).Expect(400, StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "pool_id", "delivery", "role", "real_number");
    }

    [Test]
    public async Task A_body_that_is_no_JSON_and_a_field_that_is_not_known()
    {
        using var broken = await PostAsync("/v1/leases", """{"tenantId":"alpha",""");
        var error = (await ErrorAsync(broken)).Expect(400, StatusCode.InvalidArgument, ErrorReason.MessageMalformed, "body");
        Assert.That(error.Text, Does.Contain("line 1, byte"));
        using var unknown = await PostAsync("/v1/leases", """{"tenantId":"alpha","colour":"red"}""");
        (await ErrorAsync(unknown)).Expect(400, StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "colour");
        using var query = await GetAsync("/v1/leases/x?tenant_id=alpha&colour=red");
        (await ErrorAsync(query)).Expect(400, StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "colour");
    }

    [Test]
    public async Task A_store_that_is_away()
    {
        _hooks.Before = _ => throw HookedPool.Cut();
        using var response = await PostAsync("/v1/leases", Requests.CreateLease());
        (await ErrorAsync(response)).Expect(503, StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        Assert.That(response.Headers.RetryAfter!.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public async Task A_pool_whose_numbers_rest_says_when_to_try_again()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("one"));
        await Ops.AddNumbersAsync(Requests.AddNumbers("one", "16210020000"));
        var request = Requests.CreateLease("SF1");
        request.PoolId = "one";
        var lease = await LeaseAsync(request);
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        request.Delivery.WaybillNumber = "SF2";
        using var response = await PostAsync("/v1/leases", request);
        (await ErrorAsync(response)).Expect(429, StatusCode.ResourceExhausted, ErrorReason.NumbersAging);
        Assert.That(response.Headers.RetryAfter!.Delta, Is.EqualTo(TimeSpan.FromDays(7)));
    }

    [Test]
    public async Task A_fault_of_the_service_is_told_as_one_and_logged()
    {
        _hooks.Before = _ => throw new InvalidOperationException("A bug of the test's.");
        using var response = await PostAsync("/v1/leases", Requests.CreateLease());
        var error = await ErrorAsync(response);
        Assert.That((error.HttpStatus, error.Code, error.Reason), Is.EqualTo((500, StatusCode.Unknown, "")));
        Assert.That(error.Text, Does.Not.Contain("A bug of the test's."));
        Assert.That(Service.Logs.Lines, Has.Some.Contains("/virtualnumber.v1.LeaseService/CreateLease: the handler threw.").And.Contains("A bug of the test's."));
    }

    [TestCase(null)]
    [TestCase("50m")]
    [TestCase("9H")]
    public async Task A_call_ends_at_its_deadline_and_its_place_is_held_until_its_handler_has_ended(string? timeout)
    {
        var letGo = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hooks.Before = _ => letGo.Task;
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/leases")
        {
            Content = new StringContent(Google.Protobuf.JsonFormatter.Default.Format(Requests.CreateLease()), Encoding.UTF8, Json),
        };
        if (timeout is not null)
            request.Headers.Add("grpc-timeout", timeout);

        using var response = await Http.SendAsync(request).Soon();

        var error = await ErrorAsync(response);
        Assert.That((error.HttpStatus, error.Code), Is.EqualTo((504, StatusCode.DeadlineExceeded)));
        var verbs = Service.Get<CallShares>().Verbs;
        Assert.That(verbs.Taken, Is.EqualTo(1));
        _hooks.Before = null;
        letGo.SetResult();
        await Service.StopAsync().Soon();
        Assert.That(verbs.Taken, Is.Zero);
    }

    [Test]
    public async Task Verbs_leave_the_reserved_part_to_look_ups_as_by_gRPC()
    {
        var lease = await LeaseAsync();
        using var held = new SemaphoreSlim(0);
        var letGo = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hooks.Before = async _ =>
        {
            held.Release();
            await letGo.Task;
        };
        var verbs = new[] { PostAsync("/v1/leases", Requests.CreateLease("SF1")), PostAsync("/v1/leases", Requests.CreateLease("SF2")) };
        for (var i = 0; i < verbs.Length; i++)
            Assert.That(await held.WaitAsync(TimeSpan.FromSeconds(60)), Is.True);

        using var refused = await PostAsync("/v1/leases", "nobody reads this");
        (await ErrorAsync(refused)).Expect(429, StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        Assert.That(refused.Headers.RetryAfter!.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF3"))).Expect(StatusCode.ResourceExhausted, ErrorReason.Overloaded);

        var lookUp = PostAsync("/v1/calls:resolve", Requests.Resolve(lease.VirtualNumber));
        Assert.That(await held.WaitAsync(TimeSpan.FromSeconds(60)), Is.True);
        using var refusedLookUp = await PostAsync("/v1/calls:resolve", Requests.Resolve(lease.VirtualNumber));
        (await ErrorAsync(refusedLookUp)).Expect(429, StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        Assert.That((await GetAsync("/readyz")).StatusCode, Is.EqualTo(HttpStatusCode.OK));

        _hooks.Before = null;
        letGo.SetResult();
        await Task.WhenAll([.. verbs, lookUp]).Soon();
    }

    [Test]
    public async Task Who_hangs_up_is_no_fault_of_the_service()
    {
        var goneOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hooks.Before = async _ =>
        {
            begun.TrySetResult();
            await hungUp.Task;
            goneOn.TrySetResult();
        };
        using var impatient = new CancellationTokenSource();
        var calling = Http.PostAsync(Relative("/v1/leases"), new StringContent(Google.Protobuf.JsonFormatter.Default.Format(Requests.CreateLease()), Encoding.UTF8, Json), impatient.Token);
        await begun.Task.Soon();
        await impatient.CancelAsync();
        await Assert.ThatAsync(() => calling, Throws.InstanceOf<OperationCanceledException>());
        hungUp.SetResult();
        await goneOn.Task.Soon();
        await Service.StopAsync().Soon();
        Assert.That(Service.Logs.Lines, Has.None.Contains("the handler threw"));
    }

    [Test]
    public async Task What_is_told_of_a_fault_repeats_no_number()
    {
        using var response = await PostAsync("/v1/calls:resolve", """{"gatewayId":"gw","callId":"c","calledNumber":13800138000,"callerNumber":"+99913800138x","13800138000":{"13800138000":"13800138000"}}""");
        var error = await ErrorAsync(response);
        Assert.That(error.Text, Does.Not.Contain("138001"));
        using var json = JsonDocument.Parse(error.Text);
        Assert.That(error.Fields, Is.EqualTo(new[] { "called_number", "(no name)" }));
    }
}
