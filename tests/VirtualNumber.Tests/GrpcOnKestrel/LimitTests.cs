using Grpc.Core;
using Grpc.Net.Client;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Message sizes in both directions, and compression.</summary>
[TestFixture]
public sealed class LimitTests
{
    private const int Limit = 10_000;

    private static readonly Metadata Compressed = new() { { "grpc-internal-encoding-request", "gzip" } };

    [Test]
    public async Task A_request_over_the_servers_limit_is_refused()
    {
        await using var server = await TestServer.StartAsync(options => options.MaxReceiveMessageSize = Limit);
        await AssertExhaustedAsync(server.Client, new EchoRequest { Text = new string('x', Limit) });
        await server.Client.EchoAsync(new EchoRequest { Text = new string('x', Limit - 10) });
    }

    [Test]
    public async Task A_response_over_the_servers_limit_is_refused()
    {
        await using var server = await TestServer.StartAsync(options => options.MaxSendMessageSize = Limit);
        await AssertExhaustedAsync(server.Client, new EchoRequest { Text = "0123456789", RepeatCount = Limit / 10 });
        await server.Client.EchoAsync(new EchoRequest { Text = "0123456789", RepeatCount = (Limit / 10) - 1 });
    }

    [Test]
    public async Task A_request_over_the_clients_limit_is_not_sent()
    {
        await using var server = await TestServer.StartAsync();
        var client = new EchoService.EchoServiceClient(server.Channel(new GrpcChannelOptions { MaxSendMessageSize = Limit }));
        await AssertExhaustedAsync(client, new EchoRequest { Text = new string('x', Limit) });
        Assert.That(server.Probe.Entered.Task.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_response_over_the_clients_limit_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var client = new EchoService.EchoServiceClient(server.Channel(new GrpcChannelOptions { MaxReceiveMessageSize = Limit }));
        await AssertExhaustedAsync(client, new EchoRequest { Text = "0123456789", RepeatCount = Limit / 10 });
    }

    [Test]
    public async Task The_default_limit_of_requests_is_four_mebibytes()
    {
        await using var server = await TestServer.StartAsync();
        await AssertExhaustedAsync(server.Client, new EchoRequest { Text = new string('x', 4 * 1024 * 1024) });
    }

    [Test]
    public async Task A_stream_of_requests_may_be_longer_than_an_http_body()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client.Chat();
        var request = new EchoRequest { Text = new string('x', 1_000_000) };
        for (var i = 0; i < 40; i++)
        {
            await call.RequestStream.WriteAsync(request);
            Assert.That(await call.ResponseStream.MoveNext(default), Is.True);
        }

        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(default), Is.False);
    }

    [Test]
    public async Task Gzip_goes_both_ways()
    {
        await using var server = await TestServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        var text = new string('x', 100_000);
        using var call = server.Client.EchoAsync(new EchoRequest { Text = text }, Compressed);
        Assert.That((await call).Text, Is.EqualTo(text));
        Assert.That(server.Probe.RequestEncodings, Is.EqualTo(new[] { "gzip" }));
        using var raw = new RawClient(server.Address);
        var response = await raw.PostAsync(
            "Echo", RawClient.Frame(new EchoRequest { Text = text }), ("grpc-accept-encoding", "identity, gzip"));
        Assert.Multiple(() =>
        {
            Assert.That(response.Headers["grpc-encoding"], Is.EqualTo("gzip"));
            Assert.That(response.Body[0], Is.EqualTo(1));
            Assert.That(response.Body, Has.Length.LessThan(1_000));
        });
    }

    [Test]
    public async Task Empty_messages_go_both_ways_under_gzip()
    {
        await using var server = await TestServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        Assert.That((await server.Client.EchoAsync(new EchoRequest(), Compressed)).Text, Is.Empty);
    }

    [Test]
    public async Task Gzip_streams_in_both_directions()
    {
        await using var server = await TestServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        using var call = server.Client.Chat(Compressed);
        for (var i = 0; i < 20; i++)
        {
            var text = new string((char)('a' + i), 5_000);
            await call.RequestStream.WriteAsync(new EchoRequest { Text = text });
            Assert.That(await call.ResponseStream.MoveNext(default), Is.True);
            Assert.That(call.ResponseStream.Current.Text, Is.EqualTo(text));
        }
    }

    [Test]
    public async Task A_client_that_does_not_accept_gzip_gets_none()
    {
        await using var server = await TestServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        using var raw = new RawClient(server.Address);
        var response = await raw.PostAsync("Echo", RawClient.Frame(new EchoRequest { Text = "plain" }));
        Assert.Multiple(() =>
        {
            Assert.That(response.Body[0], Is.Zero);
            Assert.That(response.Message<EchoResponse>().Text, Is.EqualTo("plain"));
        });
    }

    [Test]
    public async Task Gzip_needs_no_limit()
    {
        await using var server = await TestServer.StartAsync(options => options.MaxReceiveMessageSize = null);
        Assert.That((await server.Client.EchoAsync(new EchoRequest { Text = "unlimited" }, Compressed)).Text, Is.EqualTo("unlimited"));
    }

#if !FEED_FULL
    // GZipStream, and so the official server, takes it for the whole.
    [Test]
    public async Task Truncated_gzip_is_refused_wherever_it_ends()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = new RawClient(server.Address);
        // Fields that lie one after the other: what is left of them would still be a message.
        var message = new EchoRequest { Text = "whole", RepeatCount = 1, FailDetail = "whole" };
        var whole = RawClient.Gzip(Google.Protobuf.MessageExtensions.ToByteArray(message));
        for (var length = 1; length < whole.Length; length++)
        {
            var response = await raw.PostAsync("Echo", RawClient.Frame(whole[..length], compressed: true), ("grpc-encoding", "gzip"));
            Assert.That(response.Status, Is.EqualTo(StatusCode.Internal), $"{length} of {whole.Length} bytes");
        }
    }
#endif

    [Test]
    public async Task A_gzip_bomb_is_refused_without_being_inflated()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = new RawClient(server.Address);
        const int Inflated = 512 * 1024 * 1024;
        var bomb = RawClient.Frame(GzippedZeros(Inflated), compressed: true);
        var before = GC.GetTotalAllocatedBytes();
        var response = await raw.PostAsync("Echo", bomb, ("grpc-encoding", "gzip"));
        var allocated = GC.GetTotalAllocatedBytes() - before;
        Assert.Multiple(() =>
        {
            Assert.That(response.Status, Is.EqualTo(StatusCode.ResourceExhausted));
            Assert.That(allocated, Is.LessThan(Inflated / 4));
        });
    }

    private static byte[] GzippedZeros(int length)
    {
        using var output = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(output, System.IO.Compression.CompressionLevel.Fastest))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i < length / zeros.Length; i++)
                gzip.Write(zeros);
        }

        return output.ToArray();
    }

    private static async Task AssertExhaustedAsync(EchoService.EchoServiceClient client, EchoRequest request)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await client.EchoAsync(request));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
    }
}
