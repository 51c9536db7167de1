using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Polly;
using Polly.CircuitBreaker;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// The one place for calls to Redis: the caller's deadline on each (the client has none of its own, and a write that is given up is
/// executed all the same when Redis goes on, so every step is harmless when it lands late), a bound on the calls on their way,
/// repeats, a circuit breaker for a Redis that does not answer, and one kind of exception for whatever goes wrong.
/// A call that goes well passes none of the machinery for those that do not.
/// </summary>
internal sealed partial class RedisCalls
{
    /// <summary>
    /// Every call goes to the server that takes the writes. By default the client would turn to a replica when that one is away, and a
    /// look-up would be answered from yesterday.
    /// </summary>
    public const CommandFlags Primary = CommandFlags.DemandMaster;

    private const int NotDiagnosed = -1;

    private static readonly TimeSpan s_refusalIsNews = TimeSpan.FromSeconds(2);

    private readonly IDatabase _database;
    private readonly RedisOptions _options;
    private readonly TimeProvider _time;
    private readonly ReplicatedWrites? _writes;
    private readonly CircuitBreakerStateProvider _circuit = new();
    private readonly ResiliencePipeline<bool> _breaker;
    private readonly ResiliencePipeline _repeats;
    private int _inFlight;
    private long _generation;
    private volatile string? _barred;
    private volatile string? _forgotten;
    private volatile int _diagnosed = NotDiagnosed;
    private volatile RefusedChangeAt? _refusedChange;

    /// <param name="connection">For all that waits for no replica.</param>
    /// <param name="options">Its bounds.</param>
    /// <param name="time">The clock of time-outs.</param>
    /// <param name="writes">The way of writes that wait for replicas: at the level Replicated, and at no other.</param>
    public RedisCalls(IConnectionMultiplexer connection, RedisOptions options, TimeProvider time, ReplicatedWrites? writes = null)
    {
        if (options.Durability == DurabilityLevel.Replicated != writes is not null)
            throw new ArgumentException("Writes wait for replicas at the level Replicated, and at no other.", nameof(writes));
        (_database, _options, _time, _writes) = (connection.GetDatabase(), options, time, writes);
        // From each of these on another server may answer, or the same one with other data.
        connection.ConnectionFailed += (_, _) => Renew();
        connection.ConnectionRestored += (_, _) => Renew();
        connection.ConfigurationChanged += (_, _) => Renew();
        connection.HashSlotMoved += (_, _) => Renew();
        _breaker = BuildBreaker();
        _repeats = BuildRepeats();
    }

    /// <summary>
    /// Why this instance must not work on the store for now, its clock being off, say; null when it may. While it is barred every call
    /// fails with this as its message, Reclaim's and the registry's too.
    /// </summary>
    public string? Barred
    {
        get => _forgotten ?? _barred;
        set => _barred = value;
    }

    /// <summary>Set when Redis has lost what this instance knows that it had: a bar that only a new start lifts.</summary>
    public string? Forgotten
    {
        get => _forgotten;
        set => _forgotten = value;
    }

    /// <summary>What was found out about a Redis to which there is no connection; null while there is one, or nothing was found.</summary>
    public StoreTrouble? Diagnosed
    {
        get => (StoreTrouble)_diagnosed is var trouble and >= 0 ? trouble : null;
        set => _diagnosed = (int?)value ?? NotDiagnosed;
    }

    /// <summary>Why Redis refused a change within the last seconds, be it on one shard only; null when it did not.</summary>
    public string? RefusedChange => _refusedChange is { } refusal && _time.GetElapsedTime(refusal.At) < s_refusalIsNews ? refusal.Reason : null;

    /// <summary>
    /// Counts whatever may have put another server, or other data, behind the keys: what was looked at before has to be looked at again.
    /// </summary>
    public long Generation => Interlocked.Read(ref _generation);

    /// <summary>By which it judges time-outs.</summary>
    public TimeProvider Time => _time;

    /// <summary>Calls that Redis has not answered yet, those that were given up included.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>
    /// Runs a script. Its repeat must be harmless: it is sent again after a connection is lost, say. It goes by its digest; only a
    /// server that does not know it gets its text.
    /// </summary>
    public ValueTask<RedisResult> RunAsync(Script script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellation) =>
        script.IsConfirmed && _writes is not null
            ? ConfirmAsync(
                script.Name,
                keys[0],
                (Script: script, Keys: keys, Values: values),
                static (line, call, cause) => cause == RedisFault.NoScript
                    ? line.ScriptEvaluateAsync(call.Script.Text, call.Keys, call.Values, MasterLine.Whole)
                    : line.ScriptEvaluateAsync(call.Script.Digest, call.Keys, call.Values, MasterLine.Here),
                cancellation)
            : CallAsync(
                script.Name,
                (Script: script, Keys: keys, Values: values),
                static (database, call, cause) => cause == RedisFault.NoScript
                    ? database.ScriptEvaluateAsync(call.Script.Text, call.Keys, call.Values, Primary)
                    : database.ScriptEvaluateAsync(call.Script.Digest, call.Keys, call.Values, Primary),
                cancellation,
                script.OutwaitsMoves);

    /// <summary>Whether writes wait for replicas.</summary>
    public bool Confirms => _writes is not null;

    /// <summary>
    /// Runs a command that may be repeated, and answers once the replicas have all that the answer rests on. Only where
    /// <see cref="Confirms"/>.
    /// </summary>
    public ValueTask<T> ConfirmAsync<TState, T>(
        string step, RedisKey key, TState state, Func<IDatabase, TState, string?, Task<T>> call, CancellationToken cancellation) =>
        CallAsync(
            step,
            new Confirmation<TState, T>(_writes!, key, state, call),
            static (_, confirmation, cause) => confirmation.Writes.RunAsync(
                confirmation.Key,
                (Confirmation: confirmation, Cause: cause),
                static (line, asked) => asked.Confirmation.Call(line, asked.Confirmation.State, asked.Cause)),
            cancellation);

    /// <summary>Runs a command that may be repeated.</summary>
    public ValueTask<T> CallAsync<T>(
        Func<IDatabase, Task<T>> call, CancellationToken cancellation, [CallerMemberName] string step = "") =>
        CallAsync(step, call, static (database, call, _) => call(database), cancellation);

    /// <summary>Runs a command also while this instance is barred: for what finds out whether it still has to be.</summary>
    public ValueTask<T> CheckAsync<T>(
        Func<IDatabase, Task<T>> call, CancellationToken cancellation, [CallerMemberName] string step = "") =>
        RunAsync(step, call, static (database, call, _) => call(database), cancellation);

    /// <summary>
    /// Runs a command that may be repeated; nothing need be captured. The call is told why it is repeated, null the first time.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Whatever goes wrong; it may have been done.</exception>
    /// <exception cref="OperationCanceledException">The caller's deadline has passed; it may have been done.</exception>
    public ValueTask<T> CallAsync<TState, T>(
        string step,
        TState state,
        Func<IDatabase, TState, string?, Task<T>> call,
        CancellationToken cancellation,
        bool outwaitsMoves = true) => Barred is { } reason
        ? throw new StoreUnavailableException(reason) { Trouble = StoreTrouble.Barred }
        : RunAsync(step, state, call, cancellation, outwaitsMoves);

    private async ValueTask<T> RunAsync<TState, T>(
        string step,
        TState state,
        Func<IDatabase, TState, string?, Task<T>> call,
        CancellationToken cancellation,
        bool outwaitsMoves = true)
    {
        cancellation.ThrowIfCancellationRequested();
        using var span = Telemetry.StartRedisCall(step);
        var startedAt = _time.GetTimestamp();
        var outcome = await TryAsync(state, call, cause: null, cancellation);
        if (RedisFault.CauseOfRepeat(outcome.Exception, repeated: false) is { } cause && (outwaitsMoves || cause != RedisFault.TryAgain))
            outcome = await RepeatAsync(step, state, call, outcome.Exception!, _time.GetElapsedTime(startedAt), cancellation);

        Telemetry.RedisCalled(span, step, RedisFault.NameOf(outcome.Exception), _time, startedAt);
        if (outcome.Exception is not { } fault)
            return outcome.Result!;
        if (RedisFault.ReasonOfRefusedChange(fault) is { } reason)
            _refusedChange = new(reason, _time.GetTimestamp());
        var exception = RedisFault.ToException(step, fault, Diagnosed, cancellation);
        if (ReferenceEquals(exception, fault))
            ExceptionDispatchInfo.Throw(fault);
        throw exception;
    }

    /// <summary>Sends once, unless Redis has not answered for a while.</summary>
    private async ValueTask<Outcome<T>> TryAsync<TState, T>(
        TState state, Func<IDatabase, TState, string?, Task<T>> call, string? cause, CancellationToken cancellation)
    {
        // What waits for replicas tells nothing of the master when it is late: late replicas must not cut off the look-ups.
        var judges = state is not IConfirmation;
        if (_circuit.CircuitState != CircuitState.Closed)
            return judges ? await ProbeAsync(state, call, cause, cancellation) : Outcome.FromException<T>(new BrokenCircuitException());
        var outcome = await SendAsync(state, call, cause, cancellation);
        if (judges)
            Count(outcome.Exception);
        return outcome;
    }

    private async ValueTask<Outcome<T>> SendAsync<TState, T>(
        TState state, Func<IDatabase, TState, string?, Task<T>> call, string? cause, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _inFlight) > _options.CallsInFlight)
        {
            Interlocked.Decrement(ref _inFlight);
            return Outcome.FromException<T>(new StoreUnavailableException("Too many calls to Redis are on their way."));
        }

        Telemetry.RedisInFlight(1);
        Task<T>? answer = null;
        try
        {
            answer = call(_database, state, cause);
            return Outcome.FromResult(await answer.WaitAsync(_options.CallTimeout, _time, cancellation));
        }
        catch (Exception fault)
        {
            return Outcome.FromException<T>(fault);
        }
        finally
        {
            // A call that is given up still counts until Redis answers it: that is what bounds the memory that a frozen Redis costs.
            if (answer is null || answer.IsCompleted)
                Answered(answer);
            else
                _ = answer.ContinueWith(
                    static (late, self) => ((RedisCalls)self!).Answered(late),
                    this,
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
        }
    }

    private void Renew() => Interlocked.Increment(ref _generation);

    private void Answered(Task? answer)
    {
        // Looked at, so that nobody misses it.
        _ = answer?.Exception;
        Interlocked.Decrement(ref _inFlight);
        Telemetry.RedisInFlight(-1);
    }

    /// <summary>What tells a call that waits for replicas from others.</summary>
    private interface IConfirmation;

    private readonly record struct Confirmation<TState, T>(
        ReplicatedWrites Writes, RedisKey Key, TState State, Func<IDatabase, TState, string?, Task<T>> Call) : IConfirmation;

    private sealed record RefusedChangeAt(string Reason, long At);
}
