using Google.Protobuf;
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
    /// <summary>In a call's user state when a handler threw what is no status: a fault of the service, not of the caller's bytes.</summary>
    public static readonly object Unexpected = new();

    /// <summary>While the store is away every call fails for it.</summary>
    private readonly Seldom _told = new(time);

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (StoreUnavailableException exception)
        {
            Telemetry.StoreFault(exception.Trouble);
            Tell(context.Method, exception);
            throw StatusMap.StoreUnavailable(exception.Trouble);
        }
        catch (NumberUnreadableException exception)
        {
            Telemetry.Unreadable(exception.Fault);
            Log.NumberUnreadable(logger, exception.LeaseId, exception.Fault);
            throw StatusMap.NumberUnreadable(exception.LeaseId);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw context.Deadline <= time.GetUtcNow().UtcDateTime ? StatusMap.DeadlinePassed() : StatusMap.CallCancelled();
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            context.UserState[Unexpected] = true;
            throw;
        }
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        StreamAsync(context, continuation(request, responseStream, context));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        StreamAsync(context, continuation(requestStream, responseStream, context));

    /// <summary>The messages of a stream are read within its handler, so bytes that are no message come out of it too.</summary>
    private async Task StreamAsync(ServerCallContext context, Task handler)
    {
        try
        {
            await handler;
        }
        catch (StoreUnavailableException exception)
        {
            Telemetry.StoreFault(exception.Trouble);
            Tell(context.Method, exception);
            throw StatusMap.StoreUnavailable(exception.Trouble);
        }
        catch (Exception exception) when (exception is OperationCanceledException or InvalidOperationException && IsOver(context))
        {
            throw new RpcException(Status.DefaultCancelled);
        }
        catch (Exception exception) when (exception is not (RpcException or InvalidProtocolBufferException))
        {
            context.UserState[Unexpected] = true;
            throw;
        }
    }

    /// <summary>
    /// Whether the call has ended under its handler. The deadline answers the client before the token is cancelled: a stream that is just
    /// writing hears that it cannot.
    /// </summary>
    private bool IsOver(ServerCallContext context) =>
        context.CancellationToken.IsCancellationRequested || context.Deadline <= time.GetUtcNow().UtcDateTime;

    private void Tell(string method, StoreUnavailableException fault)
    {
        if (_told.MayTell(out var untold))
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
