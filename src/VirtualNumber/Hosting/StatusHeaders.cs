using Grpc.Core;

namespace VirtualNumber.Hosting;

/// <summary>A status as headers, for an answer that no gRPC server writes: it is refused before one has it, or explained afterwards.</summary>
internal sealed class StatusHeaders
{
    private readonly string _code;
    private readonly string _message;
    private readonly string _details;

    /// <param name="status">An error of the service's own: its message is printable ASCII without a percent sign, as headers want it.</param>
    public StatusHeaders(RpcException status)
    {
        _code = ((int)status.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _message = status.Status.Detail;
        _details = Convert.ToBase64String(status.Trailers.GetValueBytes(TransportRefusal.Details)!);
    }

    public void WriteTo(IHeaderDictionary headers)
    {
        headers.GrpcStatus = _code;
        headers.GrpcMessage = _message;
        headers[TransportRefusal.Details] = _details;
    }
}
