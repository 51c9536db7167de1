using Grpc.Core;
using Grpc.Core.Interceptors;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

/// <summary>
/// The one place that turns faults into statuses: a store in trouble into UNAVAILABLE, a sealed number that does not open into
/// DATA_LOSS, a call that ran out of time into DEADLINE_EXCEEDED. Expected results never come this way.
/// </summary>
internal sealed partial class FaultInterceptor(TimeProvider time, ILogger<FaultInterceptor> logger) : Interceptor
{
    /// <summary>While the store is away every call fails for it; a line for each would fill the log when it is needed most.</summary>
    private static readonly TimeSpan s_tellEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private DateTimeOffset? _toldAt;
    private int _untold;

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (StoreUnavailableException exception)
        {
            Telemetry.StoreFault();
            Tell(context.Method, exception);
            throw StatusMap.StoreUnavailable();
        }
        catch (NumberUnreadableException exception)
        {
            Telemetry.Unreadable(exception.Fault);
            Log.NumberUnreadable(logger, exception.LeaseId, exception.Fault);
            throw StatusMap.NumberUnreadable(exception.LeaseId);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw context.Deadline <= time.GetUtcNow().UtcDateTime
                ? new RpcException(new Status(StatusCode.DeadlineExceeded, "The deadline passed; this may have happened, retry with the same request_id."))
                : new RpcException(new Status(StatusCode.Cancelled, "The caller cancelled the call."));
        }
    }

    private void Tell(string method, StoreUnavailableException fault)
    {
        int untold;
        var now = time.GetUtcNow();
        lock (_gate)
        {
            // Also where the clock was put back meanwhile.
            if (_toldAt is { } toldAt && (now - toldAt).Duration() < s_tellEvery)
            {
                _untold++;
                return;
            }

            (_toldAt, untold, _untold) = (now, _untold, 0);
        }

        Log.StoreUnavailable(logger, method, untold, fault);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Method}: the store is in trouble. Since this was last told it was so for {Untold} other calls.")]
        public static partial void StoreUnavailable(ILogger logger, string method, int untold, Exception exception);

        [LoggerMessage(2, LogLevel.Error, "The sealed number of lease {LeaseId} does not open: {Fault}.")]
        public static partial void NumberUnreadable(ILogger logger, string leaseId, Sealing.SealFault fault);
    }
}
