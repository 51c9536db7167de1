using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>What handlers do wrong stays with their own call: its client gets a status, other calls notice nothing.</summary>
[TestFixture]
public sealed class FaultyHandlerTests
{
    private TestServer _server = null!;
    private RawClient _raw = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await TestServer.StartAsync();
        _raw = new RawClient(_server.Address);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _raw.Dispose();
        await _server.DisposeAsync();
    }

#if !FEED_FULL
    // The official server breaks these two off without a status.
    [TestCase("na\u00EFve")]
    [TestCase("two\r\nlines: 1")]
    public async Task A_trailer_that_HTTP_cannot_carry_does_not_cost_the_status(string value)
    {
        RespondWithTrailers(("x-bad", value), ("x-good", "arrives"));
        var response = await _raw.PostAsync(
            "Echo", RawClient.Frame(new EchoRequest { FailCode = (int)StatusCode.NotFound, FailDetail = "gone" }));
        Assert.Multiple(() =>
        {
            Assert.That(response.Status, Is.EqualTo(StatusCode.NotFound));
            Assert.That(response.Headers["grpc-message"], Is.EqualTo("gone"));
            Assert.That(response.Headers["x-good"], Is.EqualTo("arrives"));
            Assert.That(response.Headers, Does.Not.ContainKey("x-bad"));
            Assert.That(_server.Logs.Lines, Has.Some.Contains("x-bad"));
            Assert.That(_server.Logs.Lines, Has.None.Contains(value));
        });
    }

    [Test]
    public async Task The_calls_own_trailers_may_be_thrown()
    {
        _server.Probe.Before = context =>
        {
            context.ResponseTrailers.Add("x-why", "because");
            throw new RpcException(new Status(StatusCode.Aborted, "own trailers"), context.ResponseTrailers);
        };
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await _server.Client.EchoAsync(new EchoRequest()));
        Assert.Multiple(() =>
        {
            Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Aborted));
            Assert.That(failure.Trailers.GetAll("x-why").Select(entry => entry.Value), Is.EqualTo(new[] { "because" }));
        });
    }
#endif

    [Test]
    public async Task A_trailer_that_HTTP_cannot_carry_does_not_bring_the_server_down_at_the_deadline()
    {
        RespondWithTrailers(("x-bad", "na\u00EFve"));
        var response = await _raw.PostAsync("Echo", RawClient.Frame(new EchoRequest { WaitForTest = true }), ("grpc-timeout", "50m"));
        Assert.That(response.Status, Is.EqualTo(StatusCode.DeadlineExceeded));
    }

    [Test]
    public async Task Trailers_that_are_just_being_added_are_left_alone_at_the_deadline()
    {
        _server.Probe.Before = async context =>
        {
            // What is read while it changes throws, and nobody is there to catch what a timer throws.
            while (!context.CancellationToken.IsCancellationRequested)
            {
                context.ResponseTrailers.Add("x-more", "and more");
                if (context.ResponseTrailers.Count > 1_000)
                    context.ResponseTrailers.Clear();
            }

            await Task.Yield();
        };
        for (var i = 0; i < 20; i++)
        {
            var response = await _raw.PostAsync("Echo", RawClient.Frame(new EchoRequest()), ("grpc-timeout", "5m"));
            Assert.That(response.Status, Is.EqualTo(StatusCode.DeadlineExceeded));
        }
    }

    [Test]
    public async Task Responses_cannot_be_written_after_the_end()
    {
        // Kestrel uses a finished call's HTTP context for the next one: a late message would land there.
        using (var call = _server.Client.Repeat(new EchoRequest { RepeatCount = 1 }))
        {
            while (await call.ResponseStream.MoveNext(default))
            {
            }
        }

        using var next = _server.Client.Chat();
        await next.RequestStream.WriteAsync(new EchoRequest { Text = "next" });
        Assert.That(await next.ResponseStream.MoveNext(default), Is.True);
        Assert.That(
            async () => await _server.Probe.Responses!.WriteAsync(new EchoResponse { Text = "late" }),
            Throws.TypeOf<InvalidOperationException>());
    }

    [Test]
    public async Task Requests_cannot_be_read_after_the_end()
    {
        using (var call = _server.Client.Collect())
        {
            await call.RequestStream.CompleteAsync();
            await call;
        }

        using var next = _server.Client.Chat();
        await next.RequestStream.WriteAsync(new EchoRequest { Text = "next" });
        Assert.That(await next.ResponseStream.MoveNext(default), Is.True);
        Assert.That(
            async () => await _server.Probe.Requests!.MoveNext(default).Soon(), Throws.TypeOf<InvalidOperationException>());
    }

    private void RespondWithTrailers(params (string Key, string Value)[] trailers) => _server.Probe.Before = context =>
    {
        foreach (var (key, value) in trailers)
            context.ResponseTrailers.Add(key, value);
        return Task.CompletedTask;
    };
}
