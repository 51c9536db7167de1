using System.Net.Sockets;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Grpc.AspNetCore.Server;

/// <summary>One call on the server: what the handler sees of it. Everything is made only when asked for.</summary>
#pragma warning disable CA1001 // The source has no timer and no link of its own, so there is nothing to dispose of.
internal sealed partial class ServerCall(HttpContext httpContext, MethodOptions options, ILogger logger) : ServerCallContext
{
    private static readonly AuthContext Unauthenticated = new(null, []);

    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Status _status;
    private bool _headersSent;
    private bool _compressResponse;

    public HttpContext HttpContext => httpContext;

    public MethodOptions Options => options;

    public ILogger Logger => logger;

    protected override string MethodCore => httpContext.Request.Path.Value!;

    protected override string HostCore => httpContext.Request.Host.Value!;

    protected override string PeerCore
    {
        get
        {
            var address = httpContext.Connection.RemoteIpAddress;
            var port = httpContext.Connection.RemotePort;
            return address?.AddressFamily switch
            {
                null => "unknown",
                AddressFamily.InterNetworkV6 => $"ipv6:[{address}]:{port}",
                _ => $"ipv4:{address}:{port}",
            };
        }
    }

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore
    {
        get
        {
            if (_requestHeaders is not null)
                return _requestHeaders;
            var metadata = new Metadata();
            foreach (var (key, values) in httpContext.Request.Headers)
            {
                foreach (var value in values)
                    MetadataHeaders.Add(metadata, key, value);
            }

            return _requestHeaders = metadata;
        }
    }

    protected override CancellationToken CancellationTokenCore => _cancellation?.Token ?? httpContext.RequestAborted;

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore
    {
        get => _status;
        set => _status = value;
    }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => Unauthenticated;

    protected override IDictionary<object, object> UserStateCore => httpContext.Items!;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotImplementedException("Propagation tokens are not supported.");

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        BeginWrite();
        try
        {
            if (_headersSent || httpContext.Response.HasStarted)
                throw new InvalidOperationException("Response headers can only be sent once per call.");
            foreach (var entry in responseHeaders)
            {
                if (entry.Key == Compression.RequestKey)
                    _compressResponse = entry.Value == Compression.Gzip;
                else if (!MetadataHeaders.IsProtocol(entry.Key))
                    Append(httpContext.Response.Headers, entry);
            }

            SendHeaders();
            await httpContext.Response.BodyWriter.FlushAsync();
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>What must be known before the handler runs.</summary>
    public void Start()
    {
        httpContext.Response.ContentType = GrpcProtocol.ContentType;
        _compressResponse = options.CompressResponses
            && Compression.Accepts(httpContext.Request.Headers.GrpcAcceptEncoding, Compression.Gzip);
        StartDeadline();
    }

    /// <summary>Answers with the status: in the headers if nothing went out yet, else in the trailers.</summary>
    private void SetStatus(Status status)
    {
        TagSpan(status.StatusCode);
        var headers = _headersSent || httpContext.Response.HasStarted
            ? httpContext.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : httpContext.Response.Headers;
        headers.GrpcStatus = StatusText.ToText(status.StatusCode);
        if (status.Detail.Length > 0)
            headers.GrpcMessage = StatusText.Encode(status.Detail);
        if (_responseTrailers is null)
            return;
        foreach (var entry in _responseTrailers)
        {
            if (!MetadataHeaders.IsProtocol(entry.Key))
                Append(headers, entry);
        }
    }

    /// <summary>The tags that the official server gives the span of a call.</summary>
    private void TagSpan(StatusCode code)
    {
        if (httpContext.Features.Get<IHttpActivityFeature>()?.Activity is not { } span)
            return;
        span.SetTag("grpc.method", Method);
        span.SetTag("grpc.status_code", StatusText.ToText(code));
    }

    /// <summary>ASP.NET's own Append would drop empty values, and an empty value is a value.</summary>
    private static void Append(IHeaderDictionary headers, Metadata.Entry entry) =>
        headers[entry.Key] = StringValues.Concat(headers[entry.Key], entry.ToWire());

    private void SendHeaders()
    {
        _headersSent = true;
        if (_compressResponse)
            httpContext.Response.Headers.GrpcEncoding = Compression.Gzip;
    }
}
