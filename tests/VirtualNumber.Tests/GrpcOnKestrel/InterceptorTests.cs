using Grpc.Core;
using Grpc.Core.Interceptors;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Interceptors on both sides: called in order, around calls of every kind.</summary>
[TestFixture]
public sealed class InterceptorTests
{
    private static readonly string[] ServerOrder = ["outer in", "inner in", "inner out", "outer out"];

    private TestServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await TestServer.StartAsync(options =>
    {
        options.Interceptors.Add<ServerStep>("outer");
        options.Interceptors.Add<ServerStep>("inner");
    });

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Server_interceptors_surround_unary_calls()
    {
        await _server.Client.EchoAsync(new EchoRequest());
        Assert.That(_server.Probe.Steps, Is.EqualTo(ServerOrder));
    }

    [Test]
    public async Task Server_interceptors_surround_client_streaming_calls()
    {
        using var call = _server.Client.Collect();
        await call.RequestStream.CompleteAsync();
        await call;
        Assert.That(_server.Probe.Steps, Is.EqualTo(ServerOrder));
    }

    [Test]
    public async Task Server_interceptors_surround_server_streaming_calls()
    {
        using var call = _server.Client.Repeat(new EchoRequest { RepeatCount = 3 });
        Assert.That(await call.ResponseStream.ReadAllAsync().CountAsync(), Is.EqualTo(3));
        Assert.That(_server.Probe.Steps, Is.EqualTo(ServerOrder));
    }

    [Test]
    public async Task Server_interceptors_surround_duplex_calls()
    {
        using var call = _server.Client.Chat();
        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(default), Is.False);
        Assert.That(_server.Probe.Steps, Is.EqualTo(ServerOrder));
    }

    [Test]
    public async Task A_server_interceptor_may_turn_faults_into_statuses()
    {
        await using var server = await TestServer.StartAsync(options => options.Interceptors.Add<FaultsToStatus>());
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Client.EchoAsync(new EchoRequest { ThrowUnexpected = true }));
        Assert.That(failure!.Status, Is.EqualTo(new Status(StatusCode.Unavailable, "translated")));
    }

    [Test]
    public async Task Client_interceptors_are_called_in_order_for_every_kind()
    {
        var steps = new List<string>();
        var client = new EchoService.EchoServiceClient(
            _server.Channel().Intercept(new ClientStep("first", steps), new ClientStep("second", steps)));
        client.Echo(new EchoRequest());
        await client.EchoAsync(new EchoRequest());
        using (client.Repeat(new EchoRequest()))
        using (client.Collect())
        using (client.Chat())
        {
            Assert.That(steps, Is.EqualTo(Enumerable.Repeat<string[]>(["first", "second"], 5).SelectMany(pair => pair)));
        }
    }

    [Test]
    public async Task A_client_interceptor_may_add_metadata()
    {
        var invoker = _server.Channel().Intercept(metadata =>
        {
            metadata.Add("x-added", "by an interceptor");
            return metadata;
        });
        using var call = new EchoService.EchoServiceClient(invoker).EchoAsync(new EchoRequest { ReturnMetadata = true });
        Assert.That((await call.ResponseHeadersAsync).GetValue("x-added"), Is.EqualTo("by an interceptor"));
    }

    public sealed class ServerStep(EchoProbe probe, string name) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(() => continuation(request, context));

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            ServerCallContext context,
            ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(() => continuation(requestStream, context));

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(async () =>
            {
                await continuation(request, responseStream, context);
                return true;
            });

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(async () =>
            {
                await continuation(requestStream, responseStream, context);
                return true;
            });

        private async Task<T> AroundAsync<T>(Func<Task<T>> call)
        {
            probe.Steps.Add($"{name} in");
            var result = await call();
            probe.Steps.Add($"{name} out");
            return result;
        }
    }

    public sealed class FaultsToStatus : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            try
            {
                return await continuation(request, context);
            }
            catch (InvalidOperationException)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "translated"));
            }
        }
    }

    private sealed class ClientStep(string name, List<string> steps) : Interceptor
    {
        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            steps.Add(name);
            return continuation(request, context);
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            steps.Add(name);
            return continuation(request, context);
        }

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            steps.Add(name);
            return continuation(request, context);
        }

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            steps.Add(name);
            return continuation(context);
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            steps.Add(name);
            return continuation(context);
        }
    }
}
