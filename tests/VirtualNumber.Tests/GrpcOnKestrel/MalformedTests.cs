using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using VirtualNumber.Load.Fuzz;
using VirtualNumber.Tests.Faults;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Requests that no proper client sends, answered as the protocol says.</summary>
[TestFixture]
public sealed class MalformedTests
{
    private const string Service = "/virtualnumber.test.v1.EchoService";

    private TestServer _server = null!;
    private RawClient _raw = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _server = await TestServer.StartAsync();
        _raw = new RawClient(_server.Address);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _raw.Dispose();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task A_proper_request_is_answered()
    {
        var response = await _raw.PostAsync("Echo", RawClient.Frame(new EchoRequest { Text = "proper" }));
        Assert.Multiple(() =>
        {
            Assert.That(response.Status, Is.EqualTo(StatusCode.OK));
            Assert.That(response.Message<EchoResponse>().Text, Is.EqualTo("proper"));
        });
    }

    [TestCase(1)]
    [TestCase(4)]
    [TestCase(5)]
    [TestCase(10)]
    public async Task A_truncated_frame_is_internal(int length)
    {
        var frame = RawClient.Frame(new EchoRequest { Text = "truncated" });
        await AssertStatusAsync("Echo", frame[..length], StatusCode.Internal);
        await AssertStatusAsync("Collect", frame[..length], StatusCode.Internal);
    }

    [Test]
    public Task No_message_where_one_belongs_is_internal() => AssertStatusAsync("Echo", [], StatusCode.Internal);

    [Test]
    public Task Two_messages_where_one_belongs_are_internal()
    {
        var frame = RawClient.Frame(new EchoRequest { Text = "one" });
        return AssertStatusAsync("Echo", [.. frame, .. frame], StatusCode.Internal);
    }

    [TestCase("Echo")]
    [TestCase("Repeat")]
    [TestCase("Collect")]
    [TestCase("Chat")]
    public Task Bytes_that_are_no_protobuf_are_refused(string method) =>
        AssertStatusAsync(method, RawClient.Frame([0x0A, 0xFF, 0xFF]), UnparsableCode);

    [Test]
    public async Task An_unknown_encoding_is_unimplemented_and_the_known_ones_are_told()
    {
        var response = await _raw.PostAsync(
            "Echo", RawClient.Frame(new EchoRequest(), compressed: true), ("grpc-encoding", "snappy"));
        Assert.Multiple(() =>
        {
            Assert.That(response.Status, Is.EqualTo(StatusCode.Unimplemented));
            Assert.That(response.Headers["grpc-accept-encoding"], Does.Contain("gzip"));
        });
    }

    [TestCase(null)]
    [TestCase("identity")]
    public async Task A_compressed_message_without_an_encoding_is_internal(string? encoding)
    {
        (string, string)[] headers = encoding is null ? [] : [("grpc-encoding", encoding)];
        var response = await _raw.PostAsync("Echo", RawClient.Frame(new EchoRequest(), compressed: true), headers);
        Assert.That(response.Status, Is.EqualTo(StatusCode.Internal));
    }

    [TestCase("Echo")]
    [TestCase("Collect")]
    public async Task An_announced_length_over_the_limit_is_refused_before_it_comes(string method)
    {
        await AssertStatusAsync(method, [0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3], StatusCode.ResourceExhausted);
        byte[] header = [0, 0x7F, 0xFF, 0xFF, 0xFF, 1, 2, 3];
        var response = await _raw.PostAsync(method, header);
        Assert.That(response.Status, Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task A_connection_that_breaks_while_a_request_comes_is_no_fault_of_the_handler()
    {
        for (var i = 0; i < 50; i++)
        {
            using var connection = await RawConnection.OpenAsync(_server.Address);
            for (var stream = 1; stream < 20; stream += 2)
                await connection.BeginAsync(stream, $"{Service}/Echo", ("grpc-timeout", "10S"));
            for (var stream = 1; stream < 10; stream += 2)
            {
                await connection.SendDataAsync(stream, [0, 0, 0]);
                await connection.SendAsync(Http2Bytes.Frame(Http2Bytes.Reset, 0, stream, [0, 0, 0, 8]));
            }

            // A name that is longer than headers may be: the connection cannot be read any further.
            await connection.SendAsync(Http2Bytes.Frame(Http2Bytes.Headers, Http2Bytes.EndHeaders, 21, [0, 0x7F, 0xFF, 0xFF, 0x7F]));
            await connection.ReadToEndAsync().Soon();
        }

        await A_proper_request_is_answered();
        Assert.That(_server.Logs.Lines.Where(line => line.StartsWith("Error", StringComparison.Ordinal)), Is.Empty);
    }

    [TestCase("application/json")]
    [TestCase("text/plain")]
    [TestCase("application/grpcx")]
    [TestCase(null)]
    public async Task Another_content_type_is_refused(string? contentType)
    {
        var response = await _raw.SendAsync(
            HttpMethod.Post, $"{Service}/Echo", RawClient.Frame(new EchoRequest()), contentType, HttpVersion.Version20);
        Assert.That(response.HttpStatus, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [TestCase("application/grpc+proto")]
    [TestCase("application/grpc;charset=utf-8")]
    public async Task Variants_of_the_content_type_are_taken(string contentType)
    {
        var response = await _raw.SendAsync(
            HttpMethod.Post, $"{Service}/Echo", RawClient.Frame(new EchoRequest()), contentType, HttpVersion.Version20);
        Assert.That(response.Status, Is.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task Another_verb_is_not_allowed()
    {
        var response = await _raw.SendAsync(HttpMethod.Get, $"{Service}/Echo", [], null, HttpVersion.Version20);
        Assert.That(response.HttpStatus, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
    }

    [TestCase("/virtualnumber.test.v1.EchoService/Missing")]
    [TestCase("/no.such.Service/Echo")]
    public async Task What_nobody_serves_is_unimplemented(string path)
    {
        var response = await _raw.SendAsync(
            HttpMethod.Post, path, RawClient.Frame(new EchoRequest()), "application/grpc", HttpVersion.Version20);
        Assert.Multiple(() =>
        {
            Assert.That(response.HttpStatus, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(response.Status, Is.EqualTo(StatusCode.Unimplemented));
        });
    }

    [TestCase("/no/such-page")]
    [TestCase("/virtualnumber.test.v1.EchoService/Missing")]
    public async Task Other_requests_for_unknown_paths_are_not_served(string path)
    {
        var response = await _raw.SendAsync(HttpMethod.Get, path, [], null, HttpVersion.Version20);
        Assert.That(response.HttpStatus, Is.AnyOf(HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed));
    }

    [Test]
    public async Task Http_1_is_refused()
    {
        await using var server = await TestServer.StartAsync(protocols: HttpProtocols.Http1);
        using var raw = new RawClient(server.Address);
        var response = await raw.SendAsync(
            HttpMethod.Post, $"{Service}/Echo", RawClient.Frame(new EchoRequest()), "application/grpc", HttpVersion.Version11);
        Assert.That(response.HttpStatus, Is.EqualTo(HttpStatusCode.UpgradeRequired));
    }

    [TestCase("AP8=", "00FF")]
    [TestCase("AP8", "00FF")]
    public async Task Binary_metadata_may_be_padded_or_not(string sent, string bytes)
    {
        var response = await _raw.PostAsync(
            "Echo", RawClient.Frame(new EchoRequest { ReturnMetadata = true }), ("x-raw-bin", sent));
        Assert.That(Convert.ToHexString(Convert.FromBase64String(Padded(response.Headers["x-raw-bin"].Split(',')[0]))), Is.EqualTo(bytes));
    }

    [Test]
    public async Task Binary_metadata_may_come_joined_by_commas()
    {
        var response = await _raw.PostAsync(
            "Echo", RawClient.Frame(new EchoRequest { ReturnMetadata = true }), ("x-raw-bin", "AP8=,AQ, Ag=="));
        // Once in the headers and once in the trailers.
        Assert.That(response.Headers["x-raw-bin"], Is.EqualTo("AP8,AQ,Ag,AP8,AQ,Ag"));
    }

    [TestCase("A")]
    [TestCase("A-_8")]
    [TestCase("A=8=")]
    public async Task Binary_metadata_that_is_none_is_refused(string sent)
    {
        var response = await _raw.PostAsync("Echo", RawClient.Frame(new EchoRequest { ReturnMetadata = true }), ("x-raw-bin", sent));
        Assert.That(response.Status, Is.EqualTo(StatusCode.Internal));
    }

    [TestCase("")]
    [TestCase("S")]
    [TestCase("1")]
    [TestCase("1s")]
    [TestCase("-1S")]
    [TestCase("1.5S")]
    [TestCase("123456789S")]
    public async Task A_malformed_timeout_is_none(string timeout)
    {
        var response = await _raw.PostAsync("Echo", RawClient.Frame(new EchoRequest()), ("grpc-timeout", timeout));
        Assert.That(response.Status, Is.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task The_connection_outlives_malformed_requests()
    {
        await AssertStatusAsync("Echo", [0, 0, 0], StatusCode.Internal);
        await A_proper_request_is_answered();
    }

    // The official server answers UNKNOWN here, since its parser's exception passes for the handler's.
#if FEED_FULL
    private const StatusCode UnparsableCode = StatusCode.Unknown;
#else
    private const StatusCode UnparsableCode = StatusCode.Internal;
#endif

    private static string Padded(string text) => text + new string('=', (4 - (text.Length % 4)) % 4);

    private async Task AssertStatusAsync(string method, byte[] body, StatusCode code)
    {
        var response = await _raw.PostAsync(method, body);
        Assert.That(response.Status, Is.EqualTo(code));
    }
}
