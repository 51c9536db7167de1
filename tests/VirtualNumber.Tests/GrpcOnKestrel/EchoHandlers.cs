using Google.Protobuf;
using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Serves echo.proto; the server makes one for each call.</summary>
public sealed class EchoHandlers(EchoProbe probe) : EchoService.EchoServiceBase
{
    public override async Task<EchoResponse> Echo(EchoRequest request, ServerCallContext context)
    {
        await BeforeAsync(request, context);
        return new EchoResponse { Text = string.Concat(Enumerable.Repeat(request.Text, Math.Max(1, request.RepeatCount))) };
    }

    public override async Task<EchoResponse> Collect(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context)
    {
        probe.Requests = requestStream;
        var texts = new List<string>();
        await foreach (var request in requestStream.ReadAllAsync())
        {
            await BeforeAsync(request, context);
            texts.Add(request.Text);
        }

        return new EchoResponse { Text = string.Join(',', texts), Index = texts.Count };
    }

    public override async Task Repeat(EchoRequest request, IServerStreamWriter<EchoResponse> responseStream, ServerCallContext context)
    {
        probe.Responses = responseStream;
        using var cancelled = context.CancellationToken.Register(() => probe.Cancelled.TrySetResult());
        Exception? thrown = null;
        try
        {
            await BeforeAsync(request, context);
            for (var i = 0; i != request.RepeatCount; i++)
            {
                var write = responseStream.WriteAsync(new EchoResponse { Text = request.Text, Index = i });
                if (!write.IsCompleted && request.RepeatCount < 0 && !probe.Stalled.Task.IsCompleted)
                    NoteIfStalled(write);
                await write;
                probe.CountWritten();
            }
        }
        catch (Exception exception)
        {
            thrown = exception;
            throw;
        }
        finally
        {
            probe.Left.TrySetResult(thrown);
        }
    }

    public override async Task Chat(
        IAsyncStreamReader<EchoRequest> requestStream, IServerStreamWriter<EchoResponse> responseStream, ServerCallContext context)
    {
        var index = 0;
        await foreach (var request in requestStream.ReadAllAsync())
        {
            await BeforeAsync(request, context);
            await responseStream.WriteAsync(new EchoResponse { Text = request.Text, Index = index++ });
        }
    }

    /// <summary>A write that is still waiting after all other work of the process had thousands of turns waits for its client.</summary>
    private void NoteIfStalled(Task write) => _ = Task.Run(async () =>
    {
        for (var turn = 0; turn < 10_000 && !write.IsCompleted; turn++)
            await Task.Yield();
        if (!write.IsCompleted)
            probe.Stalled.TrySetResult();
    });

    private async Task BeforeAsync(EchoRequest request, ServerCallContext context)
    {
        probe.Deadline = context.Deadline;
        probe.RequestEncodings.Enqueue(context.GetHttpContext().Request.Headers["grpc-encoding"]);
        probe.Entered.TrySetResult();
        await probe.Before(context);
        if (request.ReturnMetadata)
            await ReturnMetadataAsync(context);
        if (request.Abort)
            context.GetHttpContext().Abort();
        if (request.ThrowUnexpected)
            throw new InvalidOperationException("a secret of the server");
        if (request.FailCode != 0)
            throw new RpcException(new Status((StatusCode)request.FailCode, request.FailDetail), Details(request));
        if (request.WaitForCancel || request.WaitForTest)
            await WaitAsync(request, context);
    }

    private async Task WaitAsync(EchoRequest request, ServerCallContext context)
    {
        using var registration = context.CancellationToken.Register(() => probe.Cancelled.TrySetResult());
        await (request.WaitForTest ? probe.LetGo.Task : probe.Cancelled.Task);
        context.CancellationToken.ThrowIfCancellationRequested();
    }

    private static async Task ReturnMetadataAsync(ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal)))
        {
            headers.Add(entry);
            context.ResponseTrailers.Add(entry);
        }

        await context.WriteResponseHeadersAsync(headers);
    }

    private static Metadata Details(EchoRequest request) =>
        new() { { "grpc-status-details-bin", request.ToByteArray() }, { "x-reason", "asked-for" } };
}
