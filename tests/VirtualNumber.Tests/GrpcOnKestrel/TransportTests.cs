using System.Net;
using System.Runtime.CompilerServices;
using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>The client, when what is below gRPC goes wrong.</summary>
[TestFixture]
public sealed class TransportTests
{
    [TestCase(400, StatusCode.Internal)]
    [TestCase(401, StatusCode.Unauthenticated)]
    [TestCase(403, StatusCode.PermissionDenied)]
    [TestCase(404, StatusCode.Unimplemented)]
    [TestCase(429, StatusCode.Unavailable)]
    [TestCase(502, StatusCode.Unavailable)]
    [TestCase(503, StatusCode.Unavailable)]
    [TestCase(504, StatusCode.Unavailable)]
    [TestCase(500, StatusCode.Unknown)]
    [TestCase(302, StatusCode.Unknown)]
    public async Task An_HTTP_status_becomes_the_status_of_the_table(int httpStatus, StatusCode expected) =>
        Assert.That(await FailureAsync(() => new HttpResponseMessage((HttpStatusCode)httpStatus)), Is.EqualTo(expected));

    [Test]
    public async Task A_status_of_gRPC_counts_more_than_that_of_HTTP() => Assert.That(
        await FailureAsync(() =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.UnsupportedMediaType);
            response.Headers.TryAddWithoutValidation("grpc-status", "13");
            return response;
        }),
        Is.EqualTo(StatusCode.Internal));

    [TestCase("99")]
    [TestCase("-1")]
    [TestCase("zero")]
    [TestCase("")]
    public async Task A_status_that_is_none_is_unknown(string status) =>
        Assert.That(await FailureAsync(() => ScriptedTransport.Response([0, 0, 0, 0, 0], status)), Is.EqualTo(StatusCode.Unknown));

#if !FEED_FULL
    // The official client calls this CANCELLED.
    [Test]
    public async Task An_answer_without_trailers_is_unknown() =>
        Assert.That(await FailureAsync(() => ScriptedTransport.Response([0, 0, 0, 0, 0], status: null)), Is.EqualTo(StatusCode.Unknown));
#endif

    [Test]
    public async Task An_answer_that_announces_four_gibibytes_is_refused_unread() => Assert.That(
        await FailureAsync(() => ScriptedTransport.Response([0, 0xFF, 0xFF, 0xFF, 0xFF, 1])), Is.EqualTo(StatusCode.ResourceExhausted));

    [Test]
    public async Task A_status_of_OK_without_a_message_is_internal() =>
        Assert.That(await FailureAsync(() => ScriptedTransport.Response([])), Is.EqualTo(StatusCode.Internal));

    [Test]
    public async Task A_stream_is_not_completed_under_a_write()
    {
        using var wire = new HeldStream();
        using var call = Streaming(wire);
        var write = call.RequestStream.WriteAsync(new EchoRequest { Text = "under way" });
        await wire.Entered.Task.Soon();
        Assert.That(async () => await call.RequestStream.CompleteAsync(), Throws.InvalidOperationException);
        wire.Outcome.SetResult();
        await write;
        await call.RequestStream.CompleteAsync();
        await wire.Copied.Soon();
    }

    [Test]
    public async Task A_write_that_the_end_of_the_call_cuts_short_tells_the_status()
    {
        using var wire = new HeldStream();
        var answer = new TaskCompletionSource<HttpResponseMessage>();
        using var call = Streaming(wire, answer.Task);
        var write = call.RequestStream.WriteAsync(new EchoRequest { Text = "too late" });
        await wire.Entered.Task.Soon();
        answer.SetResult(ScriptedTransport.Response([], "9"));
        await Assert.ThrowsAsync<RpcException>(async () => await call);
        wire.Outcome.SetException(new ObjectDisposedException("the request's stream"));
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await write);
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
    }

    [Test]
    public async Task A_completed_stream_of_requests_is_not_sent_a_second_time_as_an_empty_one()
    {
        // HttpClient sends a request again on another connection when a server refuses the stream.
        using var call = ScriptedTransport.Client(async (request, cancellationToken) =>
        {
            await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
            await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
            return ScriptedTransport.Response([0, 0, 0, 0, 0]);
        }).Collect();
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "must not be lost" });
        await call.RequestStream.CompleteAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public void A_call_that_is_given_up_leaves_no_unobserved_exception()
    {
        var unobserved = new List<Exception>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs arguments)
        {
            if (arguments.Exception.InnerException is RpcException)
                unobserved.Add(arguments.Exception);
        }

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            GiveUpCalls();
            Collect();
            Assert.That(unobserved, Is.Empty);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }
    }

    [Test]
    public void A_call_that_is_cancelled_from_the_start_leaves_no_timer_until_its_deadline()
    {
        var headers = CallWithCancelledToken();
        Collect();
        Assert.That(headers.TryGetTarget(out _), Is.False);
    }

    private static async Task<StatusCode> FailureAsync(Func<HttpResponseMessage> answer)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(
            async () => await ScriptedTransport.Client(answer).EchoAsync(new EchoRequest()));
        return failure!.StatusCode;
    }

    private static AsyncClientStreamingCall<EchoRequest, EchoResponse> Streaming(
        HeldStream wire, Task<HttpResponseMessage>? answer = null) =>
        ScriptedTransport.Client(async (request, cancellationToken) =>
        {
            wire.Copied = request.Content!.CopyToAsync(wire, cancellationToken);
            return answer is null ? await NeverAsync(cancellationToken) : await answer;
        }).Collect();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void GiveUpCalls()
    {
        var client = ScriptedTransport.Client((_, cancellationToken) => NeverAsync(cancellationToken));
        client.EchoAsync(new EchoRequest()).Dispose();
        client.Collect().Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<Metadata> CallWithCancelledToken()
    {
        var headers = new Metadata { { "x-held", "by the call" } };
        var client = ScriptedTransport.Client((_, cancellationToken) => NeverAsync(cancellationToken));
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1);
        client.EchoAsync(new EchoRequest(), headers, deadline, new CancellationToken(canceled: true)).Dispose();
        return new WeakReference<Metadata>(headers);
    }

    private static async Task<HttpResponseMessage> NeverAsync(CancellationToken cancellationToken)
    {
        var never = new TaskCompletionSource<HttpResponseMessage>();
        return await never.Task.WaitAsync(cancellationToken);
    }

    private static void Collect()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>A request's stream whose writes end when and how the test says.</summary>
    private sealed class HeldStream : MemoryStream
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Copied { get; set; } = Task.CompletedTask;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Entered.TrySetResult();
            await Outcome.Task;
        }
    }
}
