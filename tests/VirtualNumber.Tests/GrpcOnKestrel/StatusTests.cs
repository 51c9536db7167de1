using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>What a call that fails tells, and what metadata carries.</summary>
[TestFixture]
public sealed class StatusTests
{
    private TestServer _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await TestServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Every_code_comes_back_from_unary_calls([Range(1, 16)] int code)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await _server.Client.EchoAsync(new EchoRequest { FailCode = code, FailDetail = $"code {code}" }));
        Assert.Multiple(() =>
        {
            Assert.That((int)failure!.StatusCode, Is.EqualTo(code));
            Assert.That(failure.Status.Detail, Is.EqualTo($"code {code}"));
        });
    }

    [TestCase("plain")]
    [TestCase("100 % sure, 50%25")]
    [TestCase("号码池已空 ☎ \U0001F4DE")]
    [TestCase("line\r\nbreak\ttab")]
    [TestCase("")]
    public async Task Details_come_back_whatever_their_characters(string detail)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await _server.Client.EchoAsync(new EchoRequest { FailCode = (int)StatusCode.NotFound, FailDetail = detail }));
        Assert.That(failure!.Status.Detail, Is.EqualTo(detail));
    }

    [Test]
    public async Task Status_details_come_back_as_they_were()
    {
        var request = new EchoRequest { FailCode = 8, FailDetail = "with details", Text = "你好" };
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await _server.Client.EchoAsync(request));
        Assert.Multiple(() =>
        {
            Assert.That(EchoRequest.Parser.ParseFrom(failure!.Trailers.GetValueBytes("grpc-status-details-bin")), Is.EqualTo(request));
            Assert.That(failure.Trailers.GetValue("x-reason"), Is.EqualTo("asked-for"));
        });
    }

    [Test]
    public async Task A_stream_that_fails_after_messages_delivers_both()
    {
        using var call = _server.Client.Chat();
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "first" });
        Assert.That(await call.ResponseStream.MoveNext(default), Is.True);
        await call.RequestStream.WriteAsync(new EchoRequest { FailCode = (int)StatusCode.Aborted, FailDetail = "second" });
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(default));
        Assert.Multiple(() =>
        {
            Assert.That(failure!.Status, Is.EqualTo(new Status(StatusCode.Aborted, "second")));
            Assert.That(failure.Trailers.GetValue("x-reason"), Is.EqualTo("asked-for"));
            Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.Aborted));
        });
    }

    [Test]
    public async Task An_unexpected_exception_does_not_tell_its_text()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await _server.Client.EchoAsync(new EchoRequest { ThrowUnexpected = true }));
        Assert.Multiple(() =>
        {
            Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Unknown));
            Assert.That(failure.Status.Detail, Is.EqualTo("Exception was thrown by handler."));
        });
    }

    [Test]
    public async Task An_unexpected_exception_tells_its_text_where_that_is_switched_on()
    {
        await using var server = await TestServer.StartAsync(options => options.EnableDetailedErrors = true);
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Client.EchoAsync(new EchoRequest { ThrowUnexpected = true }));
        Assert.That(failure!.Status.Detail, Does.Contain("a secret of the server"));
    }

    [Test]
    public async Task Metadata_comes_back_in_headers_and_trailers()
    {
        var bytes = Enumerable.Range(0, 256).Select(octet => (byte)octet).ToArray();
        var sent = new Metadata
        {
            { "x-text", "some text" },
            { "x-empty-bin", [] },
            { "x-one-bin", [255] },
            { "x-two-bin", [254, 255] },
            { "x-all-bin", bytes },
        };
        using var call = _server.Client.EchoAsync(new EchoRequest { ReturnMetadata = true }, sent);
        var headers = await call.ResponseHeadersAsync;
        await call;
        var expected = sent.Select(entry => (entry.Key, Convert.ToHexString(entry.ValueBytes)));
        Assert.Multiple(() =>
        {
            Assert.That(OwnEntries(headers), Is.EquivalentTo(expected));
            Assert.That(OwnEntries(call.GetTrailers()), Is.EquivalentTo(expected));
        });
    }

    [Test]
    public async Task Contents_of_messages_are_never_logged()
    {
        const string Secret = "13800138000-in-the-message";
        await _server.Client.EchoAsync(new EchoRequest { Text = Secret });
        await Assert.ThrowsAsync<RpcException>(async () => await _server.Client.EchoAsync(new EchoRequest { Text = Secret, FailCode = 5 }));
        Assert.Multiple(() =>
        {
            Assert.That(_server.Logs.Lines, Is.Not.Empty);
            Assert.That(_server.Logs.Lines, Has.None.Contains(Secret));
        });
    }

    private static IEnumerable<(string Key, string Value)> OwnEntries(Metadata metadata) =>
        metadata.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal))
            .Select(entry => (entry.Key, Convert.ToHexString(entry.ValueBytes)));
}
