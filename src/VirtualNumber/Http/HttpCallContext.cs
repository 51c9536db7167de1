using Grpc.Core;
using VirtualNumber.Hosting;

namespace VirtualNumber.Http;

/// <summary>A call that came by HTTP/1.1, as the handlers of gRPC see it. Its deadline is that of the header <c>grpc-timeout</c>.</summary>
internal sealed class HttpCallContext : ServerCallContext, IDisposable
{
    private const string BinarySuffix = "-bin";

    private readonly HttpContext _http;
    private readonly string _method;
    private readonly CancellationTokenSource? _deadlineTimer;
    private readonly CancellationTokenSource _end;
    private Metadata? _requestHeaders;
    private Metadata? _trailers;

    public HttpCallContext(HttpContext http, string method, TimeProvider time)
    {
        (_http, _method) = (http, method);
        if (CallDeadline.TryRead(http.Request.Headers.GrpcTimeout, out var timeout))
        {
            DeadlineCore = time.GetUtcNow().UtcDateTime + timeout;
            _deadlineTimer = new(timeout, time);
        }

        _end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _deadlineTimer?.Token ?? default);
    }

    /// <summary>Whether the deadline has passed.</summary>
    public bool IsLate => _deadlineTimer?.IsCancellationRequested == true;

    protected override string MethodCore => _method;

    protected override string HostCore => _http.Request.Host.Value ?? "";

    protected override string PeerCore => $"{_http.Connection.RemoteIpAddress}:{_http.Connection.RemotePort}";

    protected override DateTime DeadlineCore { get; } = DateTime.MaxValue;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadHeaders();

    protected override CancellationToken CancellationTokenCore => _end.Token;

    protected override Metadata ResponseTrailersCore => _trailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    protected override IDictionary<object, object> UserStateCore => _http.Items!;

    /// <summary>The answer tells its headers once; what a handler adds goes with them.</summary>
    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        foreach (var entry in responseHeaders.Where(entry => !entry.IsBinary))
            _http.Response.Headers.Append(entry.Key, entry.Value);
        return Task.CompletedTask;
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Propagation tokens are not supported.");

    public void Dispose()
    {
        _end.Dispose();
        _deadlineTimer?.Dispose();
    }

    /// <summary>What cannot be metadata of gRPC is left out.</summary>
    private Metadata ReadHeaders()
    {
        var metadata = new Metadata();
        foreach (var (key, values) in _http.Request.Headers)
        {
            if (key.EndsWith(BinarySuffix, StringComparison.OrdinalIgnoreCase) || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                continue;
            foreach (var value in values.Where(value => value is not null && System.Text.Ascii.IsValid(value)))
                metadata.Add(key.ToLowerInvariant(), value!);
        }

        return metadata;
    }
}
