using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>What one test server and its echo service share: events that tests wait for instead of sleeping.</summary>
public sealed class EchoProbe
{
    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource LetGo { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<Exception?> Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Written;

    public int MessagesBeforeStall;

    public List<string> Steps { get; } = [];

    public DateTime Deadline { get; set; }

    public string? RequestEncoding { get; set; }
}

/// <summary>The echo service; made for each call by the server.</summary>
public sealed class EchoService(EchoProbe probe) : Tests.GrpcOnKestrel.EchoServiceGrpc.EchoServiceBase
{
}
