using System.Runtime.CompilerServices;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// The one place for calls to Redis: the caller's deadline on each (the client has none of its own, and a write that is given up is
/// executed all the same when Redis goes on, so every step is harmless when it lands late), a bound on the calls on their way,
/// retries where a repeat is harmless, a circuit breaker, and one kind of exception for whatever goes wrong.
/// </summary>
internal sealed class RedisCalls
{
    private const int MostRetries = 6;

    private readonly IDatabase _database;
    private readonly RedisOptions _options;
    private readonly ResiliencePipeline _pipeline;
    private int _inFlight;
    private volatile string? _barred;

    public RedisCalls(IConnectionMultiplexer connection, RedisOptions options, TimeProvider time)
    {
        _database = connection.GetDatabase();
        _options = options;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RedisException>(IsTransient),
                MaxRetryAttempts = MostRetries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(10),
                MaxDelay = TimeSpan.FromMilliseconds(200),
                UseJitter = true,
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RedisConnectionException>().Handle<TimeoutException>(),
                FailureRatio = 0.9,
                MinimumThroughput = 50,
                SamplingDuration = TimeSpan.FromSeconds(2),
                BreakDuration = TimeSpan.FromMilliseconds(500),
            })
            .Build();
    }

    /// <summary>
    /// Why this instance must not work on the store for now, its clock being off, say; null when it may. While it is barred every call
    /// fails with this as its message, Reclaim's and the registry's too.
    /// </summary>
    public string? Barred
    {
        get => _barred;
        set => _barred = value;
    }

    /// <summary>Runs a script. Its repeat must be harmless: it is sent again after a connection is lost, say.</summary>
    public async ValueTask<RedisResult> RunAsync(Script script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellation) =>
        await CallAsync(database => database.ScriptEvaluateAsync(script.Text, keys, values), cancellation, script.Name);

    /// <summary>Runs a command that may be repeated.</summary>
    public ValueTask<T> CallAsync<T>(Func<IDatabase, Task<T>> call, CancellationToken cancellation, [CallerMemberName] string what = "") =>
        Barred is { } reason ? throw new StoreUnavailableException(reason) : CheckAsync(call, cancellation, what);

    /// <summary>Runs a command also while this instance is barred: for what finds out whether it still has to be.</summary>
    public async ValueTask<T> CheckAsync<T>(
        Func<IDatabase, Task<T>> call, CancellationToken cancellation, [CallerMemberName] string what = "")
    {
        try
        {
            return await _pipeline.ExecuteAsync(
                static (state, token) => state.Self.OnceAsync(state.Call, token), (Self: this, Call: call), cancellation);
        }
        catch (RedisServerException exception) when (exception.Message.StartsWith("VNBROKEN", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(exception.Message, exception);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or BrokenCircuitException)
        {
            throw new StoreUnavailableException($"{what}: {exception.Message}", exception);
        }
    }

    private async ValueTask<T> OnceAsync<T>(Func<IDatabase, Task<T>> call, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _inFlight) > _options.CallsInFlight)
        {
            Interlocked.Decrement(ref _inFlight);
            throw new StoreUnavailableException("Too many calls are on their way.");
        }

        Task<T> answer;
        try
        {
            answer = call(_database);
        }
        catch
        {
            Interlocked.Decrement(ref _inFlight);
            throw;
        }

        if (answer.IsCompleted)
        {
            Interlocked.Decrement(ref _inFlight);
            return await answer;
        }

        // A call that is given up still counts until Redis answers it: that is what bounds the memory of a frozen Redis.
        _ = answer.ContinueWith(
            static (done, self) =>
            {
                _ = done.Exception;
                Interlocked.Decrement(ref ((RedisCalls)self!)._inFlight);
            },
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return await answer.WaitAsync(_options.CallTimeout, cancellation);
    }

    private static bool IsTransient(RedisException exception) => exception is RedisConnectionException
        || exception.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal)
        || exception.Message.StartsWith("READONLY", StringComparison.Ordinal)
        || exception.Message.StartsWith("TRYAGAIN", StringComparison.Ordinal)
        || exception.Message.StartsWith("CLUSTERDOWN", StringComparison.Ordinal)
        || exception.Message.StartsWith("LOADING", StringComparison.Ordinal);
}
