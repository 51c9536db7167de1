using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using VirtualNumber.Api;

namespace VirtualNumber.Http;

/// <summary>Serves one way to call one method: reads the request, calls the handler, writes the answer, or answers, or the error.</summary>
internal sealed partial class Transcoder
{
    private readonly HttpBinding _binding;
    private readonly AnyMethod? _method;
    private readonly AnyStream? _stream;
    private readonly TimeProvider _time;
    private readonly ILogger<Transcoder> _logger;
    private readonly RequestReader _requests;

    public Transcoder(HttpBinding binding, MethodCollector methods, TimeProvider time, ILogger<Transcoder> logger)
    {
        (_binding, _time, _logger, _requests) = (binding, time, logger, new(binding));
        if (binding.IsStream)
            _stream = methods.Streams[binding.MethodPath];
        else
            _method = methods.Methods[binding.MethodPath];
    }

    public async Task HandleAsync(HttpContext http)
    {
        using var call = new HttpCallContext(http, _binding.MethodPath, _time);
        Task? handler = null;
        try
        {
            var request = await _requests.ReadAsync(http.Request, http.Features.GetRequiredFeature<HttpTarget>(), call.CancellationToken);
            if (_stream is not null)
            {
                // What it writes and what is written in its stead at the deadline must not meet, so it is waited for: it ends by its token.
                await _stream(request, new JsonLines(http.Response, call.CancellationToken), call);
                Tag(http, StatusCode.OK);
                return;
            }

            var answering = _method!(request, call);
            handler = answering;
            var answer = await answering.WaitAsync(call.CancellationToken);
            Tag(http, StatusCode.OK);
            await JsonAnswer.WriteAsync(http.Response, Encoding.UTF8.GetBytes(ProtoJson.Format(answer)));
        }
        catch (Exception exception)
        {
            var (error, httpStatus) = ErrorOf(exception, call, http);
            Tag(http, error.StatusCode);
            await RefuseAsync(http.Response, new(error, httpStatus), handler);
        }
    }

    /// <summary>
    /// Answers, at the deadline too; the call's place in the instance is held until what still runs has ended, and what it ends with has been
    /// looked at.
    /// </summary>
    private async Task RefuseAsync(HttpResponse response, HttpRefusal refusal, Task? handler)
    {
        try
        {
            if (response.HasStarted)
            {
                // Half a line of an answer that is no stream cannot be ended by another one.
                if (_stream is not null && !response.HttpContext.RequestAborted.IsCancellationRequested)
                    await JsonLines.FailAsync(response, refusal);
                return;
            }

            await refusal.WriteToAsync(response);
            if (handler is { IsCompleted: false })
                await response.CompleteAsync();
        }
        finally
        {
            if (handler is not null)
                await handler.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private (RpcException Error, int? HttpStatus) ErrorOf(Exception exception, HttpCallContext call, HttpContext http)
    {
        if (call.IsLate)
            return (StatusMap.DeadlinePassed(), null);
        switch (exception)
        {
            case RpcException error:
                return (error, null);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return ErrorOf(RequestReader.TooLarge(), call, http);
            case BodyRefusedException refused:
                return (refused.Error, refused.HttpStatus);
            case BadHttpRequestException:
                return (StatusMap.BodyMalformed(FieldNames.Body, "Broke off, or is not framed as HTTP wants it."), null);
            case not null when http.RequestAborted.IsCancellationRequested:
                return (StatusMap.CallCancelled(), null);
            default:
                Log.HandlerThrew(_logger, _binding.MethodPath, exception!);
                return (new RpcException(new Status(StatusCode.Unknown, "Exception was thrown by handler.")), null);
        }
    }

    /// <summary>The tags that the gRPC server gives the span of a call.</summary>
    private void Tag(HttpContext http, StatusCode code)
    {
        if (http.Features.Get<IHttpActivityFeature>()?.Activity is not { } span)
            return;
        span.SetTag("grpc.method", _binding.MethodPath);
        span.SetTag("grpc.status_code", ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Method}: the handler threw.")]
        public static partial void HandlerThrew(ILogger logger, string method, Exception exception);
    }
}
