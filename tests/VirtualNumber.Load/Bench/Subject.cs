using Grpc.Core;
using Grpc.Net.Client;

namespace VirtualNumber.Load.Bench;

/// <summary>A call to be measured.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Process">The server's process.</param>
/// <param name="Call">Makes one call.</param>
/// <param name="PrepareAsync">Is run before each round, unmeasured, with the round's length.</param>
internal sealed record Subject(string Name, ChildProcess Process, Func<Task> Call, Func<TimeSpan, Task> PrepareAsync);

/// <summary>What one round of one subject came to.</summary>
/// <param name="CallsPerSecond">Calls answered per second.</param>
/// <param name="ServerMicroseconds">Processor time of the server's process per call, all its threads.</param>
/// <param name="P50">Half of the calls were answered within so many milliseconds.</param>
/// <param name="P99">99 % were.</param>
internal readonly record struct Round(double CallsPerSecond, double ServerMicroseconds, double P50, double P99);

/// <summary>A way to a server that is measured: one channel, as one client process has it.</summary>
internal sealed class Channel(int port) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");

    public CallInvoker Invoker => _channel.CreateCallInvoker();

    public void Dispose() => _channel.Dispose();
}
