using System.Collections.Concurrent;
using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>What a test and the echo service on its server share: events to wait for, so that no test sleeps.</summary>
public sealed class EchoProbe
{
    private int _written;

    /// <summary>The handler runs.</summary>
    public TaskCompletionSource Entered { get; } = NewSignal();

    /// <summary>The handler's token was cancelled.</summary>
    public TaskCompletionSource Cancelled { get; } = NewSignal();

    /// <summary>Set by the test: the handler may return.</summary>
    public TaskCompletionSource LetGo { get; } = NewSignal();

    /// <summary>The handler is done; with what it threw, or null.</summary>
    public TaskCompletionSource<Exception?> Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A write of Repeat did not finish at once: the client does not read.</summary>
    public TaskCompletionSource Stalled { get; } = NewSignal();

    /// <summary>How many writes of Repeat are done.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>What interceptors did, in order.</summary>
    public List<string> Steps { get; } = [];

    /// <summary>The deadline that the handler saw.</summary>
    public DateTime Deadline { get; set; }

    /// <summary>The grpc-encoding of each request; null for requests without.</summary>
    public ConcurrentQueue<string?> RequestEncodings { get; } = [];

    /// <summary>Set by the test: what a handler does first, with each request.</summary>
    public Func<ServerCallContext, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>The requests of the last Collect, as a handler that forgets to let go of them would keep them.</summary>
    public IAsyncStreamReader<EchoRequest>? Requests { get; set; }

    /// <summary>The responses of the last Repeat, likewise.</summary>
    public IServerStreamWriter<EchoResponse>? Responses { get; set; }

    public void CountWritten() => Interlocked.Increment(ref _written);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
