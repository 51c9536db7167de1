using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>The four kinds of calls, when all goes well.</summary>
[TestFixture]
public sealed class CallTests
{
    private TestServer _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await TestServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Unary_call_answers()
    {
        using var call = _server.Client.EchoAsync(new EchoRequest { Text = "你好" });
        var response = await call;
        Assert.Multiple(() =>
        {
            Assert.That(response.Text, Is.EqualTo("你好"));
            Assert.That(call.GetStatus(), Is.EqualTo(Status.DefaultSuccess));
        });
    }

    [Test]
    public void Blocking_unary_call_answers() =>
        Assert.That(_server.Client.Echo(new EchoRequest { Text = "blocking" }).Text, Is.EqualTo("blocking"));

    [Test]
    public async Task Empty_messages_are_messages() =>
        Assert.That((await _server.Client.EchoAsync(new EchoRequest())).Text, Is.Empty);

    [Test]
    public async Task Messages_around_the_sizes_of_buffers_arrive_whole()
    {
        int[] lengths = [3_900, 3_990, 4_000, 4_091, 4_096, 4_100, 16_384, 65_535, 1_000_000, 4_000_000];
        foreach (var length in lengths)
        {
            var text = new string('x', length);
            Assert.That((await _server.Client.EchoAsync(new EchoRequest { Text = text })).Text, Is.EqualTo(text), $"{length} bytes");
        }
    }

    [Test]
    public async Task Client_streaming_collects()
    {
        using var call = _server.Client.Collect();
        for (var i = 0; i < 100; i++)
            await call.RequestStream.WriteAsync(new EchoRequest { Text = $"{i}" });
        await call.RequestStream.CompleteAsync();
        Assert.That((await call).Text, Is.EqualTo(string.Join(',', Enumerable.Range(0, 100))));
    }

    [Test]
    public async Task Client_streaming_of_nothing_answers()
    {
        using var call = _server.Client.Collect();
        await call.RequestStream.CompleteAsync();
        Assert.That((await call).Index, Is.Zero);
    }

    [Test]
    public async Task Server_streaming_repeats_in_order()
    {
        using var call = _server.Client.Repeat(new EchoRequest { Text = "again", RepeatCount = 1_000 });
        var indexes = new List<int>();
        await foreach (var response in call.ResponseStream.ReadAllAsync())
            indexes.Add(response.Index);
        Assert.Multiple(() =>
        {
            Assert.That(indexes, Is.EqualTo(Enumerable.Range(0, 1_000)));
            Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
        });
    }

    [Test]
    public async Task Server_streaming_of_nothing_ends()
    {
        using var call = _server.Client.Repeat(new EchoRequest { RepeatCount = 0 });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False);
    }

    [Test]
    public async Task Duplex_streaming_takes_turns()
    {
        using var call = _server.Client.Chat();
        for (var i = 0; i < 100; i++)
        {
            await call.RequestStream.WriteAsync(new EchoRequest { Text = $"{i}" });
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
            Assert.That(call.ResponseStream.Current, Is.EqualTo(new EchoResponse { Text = $"{i}", Index = i }));
        }

        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.False);
    }

    [Test]
    public async Task Ten_thousand_calls_use_one_connection()
    {
        var connections = 0;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                Interlocked.Increment(ref connections);
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        var client = new EchoService.EchoServiceClient(_server.Channel(new() { HttpHandler = handler }));
        var left = 10_000;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async worker =>
        {
            for (var i = Interlocked.Decrement(ref left); i >= 0; i = Interlocked.Decrement(ref left))
                Assert.That((await client.EchoAsync(new EchoRequest { Text = $"{worker} {i}" })).Text, Is.EqualTo($"{worker} {i}"));
        }));
        Assert.That(connections, Is.EqualTo(1));
    }

    [Test]
    public async Task A_thousand_calls_at_once_are_all_answered()
    {
        var client = _server.Client;
        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000)
            .Select(async i => (await client.EchoAsync(new EchoRequest { Text = $"{i}" })).Text));
        Assert.That(answers, Is.EqualTo(Enumerable.Range(0, 1_000).Select(i => $"{i}")));
    }
}
