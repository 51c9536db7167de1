using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using StackExchange.Redis;

namespace VirtualNumber.Redis;

internal sealed partial class RedisCalls
{
    private static readonly ResiliencePropertyKey<TimeSpan> s_left = new("left");
    private static readonly ResiliencePropertyKey<string> s_step = new("step");

    /// <summary>Repeats wait a moment, longer each time; all together, with the first call, they get the time of one call.</summary>
    private ResiliencePipeline BuildRepeats() => new ResiliencePipelineBuilder { TimeProvider = _time }
        .AddTimeout(new TimeoutStrategyOptions
        {
            TimeoutGenerator = static arguments => new(arguments.Context.Properties.GetValue(s_left, TimeSpan.Zero)),
        })
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static arguments => new(RedisFault.CauseOfRepeat(arguments.Outcome.Exception, repeated: true) is not null),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(10),
            MaxDelay = TimeSpan.FromMilliseconds(200),
            UseJitter = true,
            // What is missing is in the repeat itself; there is nothing to wait for.
            DelayGenerator = static arguments =>
                new(RedisFault.CauseOfRepeat(arguments.Outcome.Exception, repeated: true) == RedisFault.NoScript ? TimeSpan.Zero : null),
            OnRetry = static arguments =>
            {
                Telemetry.RedisRepeated(
                    arguments.Context.Properties.GetValue(s_step, ""), RedisFault.CauseOfRepeat(arguments.Outcome.Exception, repeated: true)!);
                return default;
            },
        })
        .Build();

    /// <summary>
    /// Opens when nearly no call is answered in time, so that callers need not find out one by one; every half second one of them may
    /// try. A connection that is away fails at once by itself, and an error is an answer.
    /// </summary>
    private ResiliencePipeline<bool> BuildBreaker() => new ResiliencePipelineBuilder<bool> { TimeProvider = _time }
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions<bool>
        {
            ShouldHandle = static arguments => new(IsSilence(arguments.Outcome.Exception)),
            FailureRatio = 0.9,
            MinimumThroughput = 20,
            SamplingDuration = TimeSpan.FromSeconds(10),
            BreakDuration = TimeSpan.FromMilliseconds(500),
            StateProvider = _circuit,
            OnOpened = static _ => Changed("open"),
            OnHalfOpened = static _ => Changed("half-open"),
            OnClosed = static _ => Changed("closed"),
        })
        .Build();

    private async ValueTask<Outcome<T>> RepeatAsync<TState, T>(
        string step,
        TState state,
        Func<IDatabase, TState, string?, Task<T>> call,
        Exception first,
        TimeSpan elapsed,
        CancellationToken cancellation)
    {
        var left = _options.CallTimeout - elapsed;
        if (left <= TimeSpan.Zero)
            return Outcome.FromException<T>(first);

        var context = ResilienceContextPool.Shared.Get(cancellation);
        context.Properties.Set(s_left, left);
        context.Properties.Set(s_step, step);
        var repeats = new Repeats<TState, T>(this, state, call, first);
        var outcome = await _repeats.ExecuteOutcomeAsync(
            static (context, repeats) => repeats.NextAsync(context.CancellationToken), context, repeats);
        ResilienceContextPool.Shared.Return(context);

        // Whoever gives up between a fault and its repeat is handed the fault, and yet has given up.
        if (cancellation.IsCancellationRequested && RedisFault.CauseOfRepeat(outcome.Exception, repeated: true) is not null)
            return Outcome.FromException<T>(new OperationCanceledException(cancellation));

        // What stood in the way tells more than that time is over.
        return outcome.Exception is TimeoutRejectedException && repeats.Last is { } fault ? Outcome.FromException<T>(fault) : outcome;
    }

    /// <summary>Sends as the one call that finds out whether Redis answers again, or is refused.</summary>
    private async ValueTask<Outcome<T>> ProbeAsync<TState, T>(
        TState state, Func<IDatabase, TState, string?, Task<T>> call, string? cause, CancellationToken cancellation)
    {
        var outcome = default(Outcome<T>?);
        var context = ResilienceContextPool.Shared.Get(cancellation);
        var refused = await _breaker.ExecuteOutcomeAsync(
            async (context, self) =>
            {
                var sent = await self.SendAsync(state, call, cause, context.CancellationToken);
                outcome = sent;
                return Silence(sent.Exception);
            },
            context,
            this);
        ResilienceContextPool.Shared.Return(context);
        // Not sent: refused, or given up on the way to the breaker.
        return outcome ?? Outcome.FromException<T>(refused.Exception!);
    }

    /// <summary>Tells the breaker how a call ended that it let pass. The breaker does not wait for it, which costs less than an await.</summary>
    private void Count(Exception? fault)
    {
        var context = ResilienceContextPool.Shared.Get();
        // The breaker may have opened meanwhile; then it does not want to know any more.
        var counted = _breaker.ExecuteOutcomeAsync(static (_, fault) => new ValueTask<Outcome<bool>>(Silence(fault)), context, fault);
        if (counted.IsCompleted)
            ResilienceContextPool.Shared.Return(context);
    }

    private static Outcome<bool> Silence(Exception? fault) =>
        IsSilence(fault) ? Outcome.FromException<bool>(fault!) : Outcome.FromResult(true);

    private static bool IsSilence(Exception? fault) => fault is TimeoutException or OperationCanceledException;

    private static ValueTask Changed(string state)
    {
        Telemetry.RedisBreaker(state);
        return default;
    }

    /// <summary>The repeats of one call: first the fault that it met is handed in, then it is sent again.</summary>
    private sealed class Repeats<TState, T>(RedisCalls calls, TState state, Func<IDatabase, TState, string?, Task<T>> call, Exception first)
    {
        /// <summary>The last fault that was a reason for another repeat; null until the first one was handed in.</summary>
        public Exception? Last { get; private set; }

        public async ValueTask<Outcome<T>> NextAsync(CancellationToken cancellation)
        {
            if (Last is null)
            {
                Last = first;
                return Outcome.FromException<T>(first);
            }

            var cause = RedisFault.CauseOfRepeat(Last, repeated: true);
            var outcome = await calls.TryAsync(state, call, cause, cancellation);
            if (RedisFault.CauseOfRepeat(outcome.Exception, repeated: true) is not null)
                Last = outcome.Exception;
            return outcome;
        }
    }
}
