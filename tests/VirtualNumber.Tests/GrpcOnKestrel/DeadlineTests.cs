using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Deadlines, kept by the client and by the server, each by itself.</summary>
[TestFixture]
public sealed class DeadlineTests
{
    // Enough for a request to reach its handler over a connection that is there, on a busy machine too.
    private static readonly TimeSpan TimeToArrive = TimeSpan.FromSeconds(2);

    private TestServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await TestServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task The_server_sees_the_clients_deadline()
    {
        var deadline = In(TimeSpan.FromMinutes(1));
        await _server.Client.EchoAsync(new EchoRequest(), deadline: deadline);
        Assert.That(_server.Probe.Deadline, Is.EqualTo(deadline).Within(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task Without_a_deadline_the_server_sees_the_end_of_time()
    {
        await _server.Client.EchoAsync(new EchoRequest());
        Assert.That(_server.Probe.Deadline, Is.EqualTo(DateTime.MaxValue));
    }

    [Test]
    public async Task A_call_ends_at_its_deadline_on_both_sides()
    {
        var client = await WarmClientAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await client.EchoAsync(
            new EchoRequest { WaitForCancel = true }, deadline: In(TimeToArrive)));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        await _server.Probe.Cancelled.Task.Soon();
    }

    [Test]
    public async Task A_stream_ends_at_its_deadline_on_both_sides()
    {
        var client = await WarmClientAsync();
        using var call = client.Chat(deadline: In(TimeToArrive));
        await call.RequestStream.WriteAsync(new EchoRequest { WaitForCancel = true });
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(default));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        await _server.Probe.Cancelled.Task.Soon();
    }

    [Test]
    public async Task A_deadline_that_has_passed_sends_nothing()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await _server.Client.EchoAsync(
            new EchoRequest(), deadline: In(TimeSpan.FromSeconds(-1))));
        Assert.Multiple(() =>
        {
            Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
            Assert.That(_server.Probe.Entered.Task.IsCompleted, Is.False);
        });
    }

    /// <summary>A write that is cut off would have the stream reset, and its status with it.</summary>
    [Test]
    public async Task A_stream_whose_client_did_not_read_until_its_deadline_still_ends_with_its_status()
    {
        using var raw = new RawClient(_server.Address);
        var endless = new EchoRequest { Text = new string('x', 16 * 1024), RepeatCount = -1 };
        using var response = await raw.OpenAsync("Repeat", RawClient.Frame(endless), ("grpc-timeout", "3S"));
        await _server.Probe.Stalled.Task.Soon();
        await _server.Probe.Cancelled.Task.Soon();
        var read = await RawClient.ReadAsync(response);
        Assert.That(read.Status, Is.EqualTo(StatusCode.DeadlineExceeded));
    }

    [TestCase("100m")]
    [TestCase("100000u")]
    [TestCase("99999999n")]
    public async Task The_server_answers_by_itself_though_the_handler_overruns(string timeout)
    {
        using var raw = new RawClient(_server.Address);
        var response = await raw.PostAsync("Echo", RawClient.Frame(new EchoRequest { WaitForTest = true }), ("grpc-timeout", timeout));
        Assert.Multiple(() =>
        {
            Assert.That(response.Status, Is.EqualTo(StatusCode.DeadlineExceeded));
            Assert.That(_server.Probe.LetGo.Task.IsCompleted, Is.False);
        });
    }

    [Test]
    public async Task A_handler_that_returns_after_its_deadline_changes_nothing()
    {
        using var raw = new RawClient(_server.Address);
        var late = await raw.PostAsync("Echo", RawClient.Frame(new EchoRequest { WaitForTest = true }), ("grpc-timeout", "50m"));
        _server.Probe.LetGo.SetResult();
        var next = await raw.PostAsync("Echo", RawClient.Frame(new EchoRequest { Text = "next" }));
        Assert.Multiple(() =>
        {
            Assert.That(late.Status, Is.EqualTo(StatusCode.DeadlineExceeded));
            Assert.That(late.Body, Is.Empty);
            Assert.That(next.Status, Is.EqualTo(StatusCode.OK));
            Assert.That(next.Message<EchoResponse>().Text, Is.EqualTo("next"));
        });
    }

    [Test]
    public async Task A_handler_that_returns_after_its_deadline_is_no_error_in_the_log()
    {
        _server.Probe.Before = context =>
        {
            var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            context.CancellationToken.Register(() => over.TrySetResult());
            return over.Task;
        };
        using var raw = new RawClient(_server.Address);
        var late = await raw.PostAsync("Echo", RawClient.Frame(new EchoRequest()), ("grpc-timeout", "50m"));
        Assert.That(late.Status, Is.EqualTo(StatusCode.DeadlineExceeded));
        // Waits for the handler, too.
        await _server.StopAsync().Soon();
        Assert.That(_server.Logs.Lines.Where(line => line.StartsWith("Error", StringComparison.Ordinal)), Is.Empty);
    }

    [TestCase("99999999H")]
    [TestCase("99999999M")]
    [TestCase("1H")]
    [TestCase("30S")]
    public async Task Long_timeouts_do_no_harm(string timeout)
    {
        using var raw = new RawClient(_server.Address);
        var response = await raw.PostAsync("Echo", RawClient.Frame(new EchoRequest()), ("grpc-timeout", timeout));
        Assert.That(response.Status, Is.EqualTo(StatusCode.OK));
    }

    private async Task<EchoService.EchoServiceClient> WarmClientAsync()
    {
        var client = _server.Client;
        await client.EchoAsync(new EchoRequest());
        return client;
    }

    private static DateTime In(TimeSpan span) => TimeProvider.System.GetUtcNow().UtcDateTime + span;
}
