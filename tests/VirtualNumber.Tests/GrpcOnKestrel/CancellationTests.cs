using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Either side gives up; the other one learns of it.</summary>
[TestFixture]
public sealed class CancellationTests
{
    private TestServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await TestServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task A_cancelled_unary_call_cancels_its_handler()
    {
        using var cancellation = new CancellationTokenSource();
        using var call = _server.Client.EchoAsync(new EchoRequest { WaitForCancel = true }, cancellationToken: cancellation.Token);
        await _server.Probe.Entered.Task.Soon();
        await cancellation.CancelAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Cancelled));
        await _server.Probe.Cancelled.Task.Soon();
    }

    [Test]
    public async Task A_token_that_was_cancelled_before_sends_nothing()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await _server.Client.EchoAsync(
            new EchoRequest(), cancellationToken: new CancellationToken(canceled: true)));
        Assert.Multiple(() =>
        {
            Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Cancelled));
            Assert.That(_server.Probe.Entered.Task.IsCompleted, Is.False);
        });
    }

    [Test]
    public async Task Disposing_of_a_call_cancels_its_handler()
    {
        var call = _server.Client.Chat();
        await call.RequestStream.WriteAsync(new EchoRequest { WaitForCancel = true });
        await _server.Probe.Entered.Task.Soon();
        call.Dispose();
        await _server.Probe.Cancelled.Task.Soon();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(default));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Cancelled));
    }

    [Test]
    public async Task A_cancelled_read_of_the_response_cancels_the_call()
    {
        using var call = _server.Client.Chat();
        await call.RequestStream.WriteAsync(new EchoRequest { WaitForCancel = true });
        await _server.Probe.Entered.Task.Soon();
        using var cancellation = new CancellationTokenSource();
        var read = call.ResponseStream.MoveNext(cancellation.Token);
        await cancellation.CancelAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await read);
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Cancelled));
        await _server.Probe.Cancelled.Task.Soon();
    }

    [Test]
    public async Task A_client_that_leaves_amid_its_requests_is_no_error_of_the_server()
    {
        var client = _server.Client;
        for (var i = 0; i < 100; i++)
        {
            var call = client.Collect();
            await call.RequestStream.WriteAsync(new EchoRequest());
            call.Dispose();
        }

        // Stopping waits for the handlers to end.
        await _server.StopAsync();
        Assert.That(_server.Logs.Lines.Where(line => line.StartsWith("Error", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task A_handler_that_aborts_fails_the_call()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await _server.Client.EchoAsync(new EchoRequest { Abort = true }));
        Assert.That(failure!.StatusCode, Is.AnyOf(StatusCode.Internal, StatusCode.Cancelled, StatusCode.Unavailable));
    }

    [Test]
    public async Task A_port_where_nobody_listens_is_unavailable()
    {
        var client = _server.Client;
        await _server.StopAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await client.EchoAsync(new EchoRequest()));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task A_server_that_ends_early_stops_the_clients_writes()
    {
        using var call = _server.Client.Collect();
        await call.RequestStream.WriteAsync(new EchoRequest { FailCode = (int)StatusCode.OutOfRange, FailDetail = "enough" });
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);
        var write = await Assert.ThrowsAsync<RpcException>(async () => await call.RequestStream.WriteAsync(new EchoRequest()));
        Assert.Multiple(() =>
        {
            Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.OutOfRange));
            Assert.That(write!.StatusCode, Is.EqualTo(StatusCode.OutOfRange));
        });
    }

    [Test]
    public async Task A_client_that_never_reads_stops_an_endless_stream_until_it_cancels()
    {
        const int MessageLength = 1_000;
        const int MostBuffered = 8 * 1024 * 1024;
        using var call = _server.Client.Repeat(new EchoRequest { Text = new string('x', MessageLength), RepeatCount = -1 });
        await _server.Probe.Stalled.Task.Soon();
        // Time for tens of thousands of messages more, if nothing held them back.
        var client = _server.Client;
        for (var i = 0; i < 500; i++)
            await client.EchoAsync(new EchoRequest());
        Assert.Multiple(() =>
        {
            Assert.That(_server.Probe.Written, Is.LessThan(MostBuffered / MessageLength));
            Assert.That(_server.Probe.Left.Task.IsCompleted, Is.False);
        });
        call.Dispose();
        Assert.That(await _server.Probe.Left.Task.Soon(), Is.InstanceOf<OperationCanceledException>());
    }
}
