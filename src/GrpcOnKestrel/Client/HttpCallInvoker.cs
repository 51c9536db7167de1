using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Makes each call a request of the channel.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        call.StartWith(request);
        return new AsyncUnaryCall<TResponse>(
            call.StartReadingOnly(),
            static state => ((ClientCall)state).ResponseHeadersAsync,
            static state => ((ClientCall)state).GetStatus(),
            static state => ((ClientCall)state).GetTrailers(),
            static state => ((ClientCall)state).Dispose(),
            call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        call.StartWith(request);
        return new AsyncServerStreamingCall<TResponse>(
            call,
            static state => ((ClientCall)state).ResponseHeadersAsync,
            static state => ((ClientCall)state).GetStatus(),
            static state => ((ClientCall)state).GetTrailers(),
            static state => ((ClientCall)state).Dispose(),
            call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            call.StartStreaming(),
            call.StartReadingOnly(),
            static state => ((ClientCall)state).ResponseHeadersAsync,
            static state => ((ClientCall)state).GetStatus(),
            static state => ((ClientCall)state).GetTrailers(),
            static state => ((ClientCall)state).Dispose(),
            call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            call.StartStreaming(),
            call,
            static state => ((ClientCall)state).ResponseHeadersAsync,
            static state => ((ClientCall)state).GetStatus(),
            static state => ((ClientCall)state).GetTrailers(),
            static state => ((ClientCall)state).Dispose(),
            call);
    }
}
