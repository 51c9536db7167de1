using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>One call on the client: its request goes out, its messages come in.</summary>
internal sealed class ClientCall<TRequest, TResponse>(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    : ClientCall(options), IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private readonly bool _compress = options.Headers?.GetValue(Compression.RequestKey) == Compression.Gzip;
    private Task<FrameReader?> _response = null!;
    private volatile HttpResponseMessage? _http;
    private RequestStreamContent<TRequest>? _requests;
    private Task<TResponse>? _only;
    private TResponse? _current;

    public TResponse Current => _current ?? throw new InvalidOperationException("No message has been read.");

    public void StartWith(TRequest request) => _response = StartWithAsync(request);

    public IClientStreamWriter<TRequest> StartStreaming()
    {
        _requests = new RequestStreamContent<TRequest>(this, message => Serialize(message, _requests!.WriteOptions), CancellationToken);
        _response = SendAsync(_requests);
        return _requests;
    }

    /// <summary>The only response.</summary>
    public Task<TResponse> StartReadingOnly() => _only = ReadOnlyAsync();

    /// <summary>Who disposes of a call that has not ended does not want its response, nor to hear that there is none.</summary>
    public override void Dispose()
    {
        base.Dispose();
        if (_only is { IsCompletedSuccessfully: false })
        {
            _only.ContinueWith(
                static only => _ = only.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    private async Task<TResponse> ReadOnlyAsync()
    {
        var only = await ReadAsync().ConfigureAwait(false);
        if (only is not null && await ReadAsync().ConfigureAwait(false) is not null)
            throw EndWith(new RpcException(new Status(StatusCode.Internal, "Unexpected data after finished reading message.")));
        var status = GetStatus();
        if (status.StatusCode != StatusCode.OK)
            throw new RpcException(status, GetTrailers());
        return only ?? throw new RpcException(new Status(StatusCode.Internal, "Failed to deserialize response message."), GetTrailers());
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this);
        _current = await ReadAsync().ConfigureAwait(false);
        if (_current is not null)
            return true;
        return GetStatus().StatusCode == StatusCode.OK ? false : throw new RpcException(GetStatus(), GetTrailers());
    }

    protected override void OnEnd()
    {
        _requests?.Abandon();
        _http?.Dispose();
    }

    /// <summary>The next response; null when the call has ended.</summary>
    private async ValueTask<TResponse?> ReadAsync()
    {
        var reader = await _response.ConfigureAwait(false);
        if (reader is null || EndStatus is not null)
            return null;
        try
        {
            var message = await reader.ReadAsync(method.ResponseMarshaller.ContextualDeserializer, CancellationToken).ConfigureAwait(false);
            if (message is null)
                EndFrom(_http!.TrailingHeaders);
            return message;
        }
#pragma warning disable CA1031 // Whatever goes wrong ends the call with a status.
        catch (Exception exception)
        {
            EndWith(exception);
            return null;
        }
    }

    private async Task<FrameReader?> StartWithAsync(TRequest request)
    {
        ReadOnlyMemory<byte> frame;
        try
        {
            frame = Serialize(request, Options.WriteOptions);
        }
        catch (Exception exception)
        {
            EndWith(exception);
            return null;
        }

        return await SendAsync(new ReadOnlyMemoryContent(frame)).ConfigureAwait(false);
    }

    /// <summary>Sends the request and takes in the response's headers; null if the call has ended with them.</summary>
    private async Task<FrameReader?> SendAsync(HttpContent content)
    {
        try
        {
            CancellationToken.ThrowIfCancellationRequested();
            _http = await channel.SendAsync(NewRequest(content), CancellationToken).ConfigureAwait(false);
            if (EndStatus is not null)
            {
                // Given up just now: nobody else would tell the server.
                _http.Dispose();
                return null;
            }

            // A status of gRPC, even with a refusal of HTTP, tells more than any table.
            if (_http.Headers.Contains("grpc-status"))
            {
                SetResponseHeaders(ToMetadata(_http.Headers));
                EndFrom(_http.Headers);
                return null;
            }

            if (_http.StatusCode != System.Net.HttpStatusCode.OK)
                throw new RpcException(TransportStatus.Of(_http.StatusCode));
            var contentType = _http.Content.Headers.ContentType?.MediaType;
            if (contentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
                throw new RpcException(new Status(StatusCode.Unknown, "Bad gRPC response. The content-type is not gRPC."));
            SetResponseHeaders(ToMetadata(_http.Headers));
            var stream = await _http.Content.ReadAsStreamAsync(CancellationToken).ConfigureAwait(false);
            return new FrameReader(stream, channel.MaxReceiveLength, Header(_http.Headers, "grpc-encoding"));
        }
        catch (Exception exception)
        {
            EndWith(exception);
            return null;
        }
    }

    private HttpRequestMessage NewRequest(HttpContent content)
    {
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, channel.UriOf(method))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "grpc-csharp-on-kestrel/1.0");
        request.Headers.TryAddWithoutValidation("grpc-accept-encoding", Compression.Accepted);
        if (Options.Deadline is { } deadline && deadline != DateTime.MaxValue)
            request.Headers.TryAddWithoutValidation("grpc-timeout", Wire.Timeout.Format(TimeLeft(deadline)));
        if (_compress)
            request.Headers.TryAddWithoutValidation("grpc-encoding", Compression.Gzip);
        foreach (var entry in Options.Headers ?? Metadata.Empty)
        {
            if (entry.Key != Compression.RequestKey && !MetadataHeaders.IsProtocol(entry.Key))
                request.Headers.TryAddWithoutValidation(entry.Key, entry.ToWire());
        }

        return request;
    }

    private ReadOnlyMemory<byte> Serialize(TRequest message, WriteOptions? writeOptions)
    {
        // Not given back to the pool: the handler may send it a second time, on another connection.
        var plain = ArraySerializationContext.Serialize(message, method.RequestMarshaller.ContextualSerializer);
        if (plain.Message.Length > channel.MaxSendLength)
            throw new RpcException(Frame.SendingTooLarge);
        if (!_compress || plain.Message.IsEmpty || writeOptions?.Flags.HasFlag(WriteFlags.NoCompress) == true)
            return plain.Framed(compressed: false);
        return Compression.Compress(plain.Message, System.IO.Compression.CompressionLevel.Fastest).Framed(compressed: true);
    }

    private void EndFrom(HttpResponseHeaders headers)
    {
        if (Header(headers, "grpc-status") is not { } code)
            throw new RpcException(new Status(StatusCode.Unknown, "No grpc-status found on response."));
        var detail = StatusText.Decode(Header(headers, "grpc-message") ?? "");
        End(new Status(StatusText.ParseCode(code), detail), ToMetadata(headers));
    }

    private static string? Header(HttpResponseHeaders headers, string key) =>
        headers.NonValidated.TryGetValues(key, out var values) ? values.ToString() : null;

    private static Metadata ToMetadata(HttpResponseHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (key, values) in headers.NonValidated)
        {
            foreach (var value in values)
                MetadataHeaders.Add(metadata, key, value);
        }

        return metadata;
    }
}
