using System.Globalization;
using System.Text;
using Google.Rpc;
using Grpc.Core;
using VirtualNumber.Hosting;
using RpcStatus = Google.Rpc.Status;

namespace VirtualNumber.Http;

/// <summary>An error as HTTP tells it: a <c>google.rpc.Status</c> in JSON, the status of HTTP that belongs to its code, and when to try again.</summary>
internal sealed class HttpRefusal
{
    private readonly byte[] _body;
    private readonly int _httpStatus;
    private readonly string? _retryAfter;

    /// <param name="error">The error as gRPC tells it.</param>
    /// <param name="httpStatus">The status of HTTP where it is not that of the code.</param>
    public HttpRefusal(RpcException error, int? httpStatus = null)
    {
        var status = error.Trailers.GetValueBytes(TransportRefusal.Details) is { } details
            ? RpcStatus.Parser.ParseFrom(details)
            : new RpcStatus { Code = (int)error.StatusCode, Message = error.Status.Detail };
        _body = Encoding.UTF8.GetBytes(ProtoJson.Format(status));
        _httpStatus = httpStatus ?? HttpStatus.Of(error.StatusCode);
        // Whole seconds, and not before it is time.
        if (status.Details.FirstOrDefault(detail => detail.Is(RetryInfo.Descriptor))?.Unpack<RetryInfo>() is { } retry)
            _retryAfter = Math.Ceiling(retry.RetryDelay.ToTimeSpan().TotalSeconds).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The status, in JSON.</summary>
    public ReadOnlyMemory<byte> Body => _body;

    public Task WriteToAsync(HttpResponse response)
    {
        response.StatusCode = _httpStatus;
        if (_retryAfter is not null)
            response.Headers.RetryAfter = _retryAfter;
        return JsonAnswer.WriteAsync(response, _body);
    }
}
