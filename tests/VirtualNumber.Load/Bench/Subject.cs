using Grpc.Core;
using Grpc.Net.Client;

namespace VirtualNumber.Load.Bench;

/// <summary>What is measured.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Process">The server's process.</param>
/// <param name="PrepareAsync">Is run before each round, unmeasured, with the round's length.</param>
/// <param name="MeasureAsync">One round: so many calls at a time, for so long.</param>
internal sealed record Subject(
    string Name, ChildProcess Process, Func<TimeSpan, Task> PrepareAsync, Func<int, TimeSpan, Task<Round>> MeasureAsync)
{
    /// <summary>Calls from this process to a server.</summary>
    /// <param name="items">How many leases, say, one call is about: the figures are per item.</param>
    public static Subject OfCalls(string name, ChildProcess process, Func<Task> call, Func<TimeSpan, Task>? prepare = null, int items = 1) => new(
        name,
        process,
        prepare ?? (_ => Task.CompletedTask),
        (concurrency, duration) => Meter.MeasureAsync(() => process.ProcessorTime, call, concurrency, duration, items));
}

/// <summary>What one round of one subject came to.</summary>
/// <param name="CallsPerSecond">Calls answered per second.</param>
/// <param name="ServerMicroseconds">Processor time of the server's process per call, all its threads.</param>
/// <param name="P50">Half of the calls were answered within so many milliseconds.</param>
/// <param name="P99">99 % were.</param>
internal readonly record struct Round(double CallsPerSecond, double ServerMicroseconds, double P50, double P99);

/// <summary>What a bench is asked for.</summary>
/// <param name="Leases">Live leases that are looked among.</param>
/// <param name="Duration">How long each subject is measured, all rounds together.</param>
/// <param name="Rounds">In how many rounds, the subjects taking turns.</param>
/// <param name="Concurrency">Calls under way at a time.</param>
/// <param name="Redis">Where Redis is; empty: the embedded store.</param>
/// <param name="Only">Measures only subjects whose name holds this text.</param>
internal sealed record BenchPlan(int Leases, TimeSpan Duration, int Rounds, int Concurrency, string Redis, string Only);

/// <summary>A subject's rounds.</summary>
internal sealed record Measured(string Name, IReadOnlyList<Round> Rounds);

/// <summary>A way to a server that is measured: one channel, as one client process has it.</summary>
internal sealed class Channel(int port) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");

    public CallInvoker Invoker => _channel.CreateCallInvoker();

    public void Dispose() => _channel.Dispose();
}
